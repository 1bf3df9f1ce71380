// Package seal encrypts what a fleet leaves on its server: jobs and outcomes, in the
// server's database and in its user interface. It knows payloads and keys, and nothing
// of what is in them.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

const (
	encoding = "binary/encrypted"
	keyID    = "encryption-key-id"
)

// Keys are the keys of a codec: the first encrypts, all decrypt, so that a key can be
// replaced while plays go on.
type Keys struct{ all []key }

type key struct {
	id   string
	aead cipher.AEAD
}

// ReadKeys reads a file of keys: on each line an id, and 64 hexadecimal digits. Only
// its owner may be able to read the file.
func ReadKeys(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("the codec's keys cannot be read: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read the codec's keys in %s: chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the codec's keys cannot be read: %w", err)
	}
	return ParseKeys(string(text), path)
}

// ParseKeys reads keys as ReadKeys does. Errors say the line, and nothing of a key.
func ParseKeys(text, name string) (*Keys, error) {
	k := &Keys{}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%s:%d: a line has an id and a key: 2026-11 and 64 hexadecimal digits", name, i+1)
		}
		secret, err := hex.DecodeString(fields[1])
		if err != nil || len(secret) != 32 {
			return nil, fmt.Errorf("%s:%d: the key %q is not 64 hexadecimal digits: openssl rand -hex 32 makes one", name, i+1, fields[0])
		}
		if k.find(fields[0]) != nil {
			return nil, fmt.Errorf("%s:%d: the key %q is there twice", name, i+1, fields[0])
		}
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		k.all = append(k.all, key{fields[0], aead})
	}
	if len(k.all) == 0 {
		return nil, fmt.Errorf("%s holds no key: a line has an id and 64 hexadecimal digits", name)
	}
	return k, nil
}

func (k *Keys) find(id string) *key {
	for i := range k.all {
		if k.all[i].id == id {
			return &k.all[i]
		}
	}
	return nil
}

// Converters returns what a client of the server is made with: payloads and the texts
// of failures are sealed.
func (k *Keys) Converters() (converter.DataConverter, converter.FailureConverter) {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), k)
	return data, temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: data, EncodeCommonAttributes: true})
}

// Encode seals payloads with the first key.
func (k *Keys) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	first := k.all[0]
	sealed := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, err
		}
		nonce := make([]byte, first.aead.NonceSize())
		if _, err := rand.Read(nonce); err != nil {
			return nil, err
		}
		sealed[i] = &commonpb.Payload{
			Metadata: map[string][]byte{"encoding": []byte(encoding), keyID: []byte(first.id)},
			Data:     first.aead.Seal(nonce, nonce, plain, []byte(first.id)),
		}
	}
	return sealed, nil
}

// Decode opens payloads; those that nobody sealed are left alone.
func (k *Keys) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	opened := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		var err error
		if opened[i], err = k.open(p); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

func (k *Keys) open(p *commonpb.Payload) (*commonpb.Payload, error) {
	if string(p.GetMetadata()["encoding"]) != encoding {
		return p, nil
	}
	id := string(p.GetMetadata()[keyID])
	with := k.find(id)
	if with == nil {
		return nil, fmt.Errorf("it was encrypted with the key %q, which is not among the codec's keys", id)
	}
	if n := with.aead.NonceSize(); len(p.GetData()) > n {
		plain, err := with.aead.Open(nil, p.GetData()[:n], p.GetData()[n:], []byte(id))
		if err == nil {
			opened := &commonpb.Payload{}
			return opened, proto.Unmarshal(plain, opened)
		}
	}
	return nil, errors.New("it was encrypted with another key than that which is called " + id + " here, or was changed since")
}
