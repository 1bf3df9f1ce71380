// Package seal encrypts what a fleet leaves on its server: jobs and outcomes, in the
// server's database and in its user interface. It knows payloads and keys, and nothing
// of what is in them.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"runner/fleet/secret"
)

const (
	encoding = "binary/encrypted"
	keyID    = "encryption-key-id"
)

// Keys are the keys of a codec: the first encrypts, all decrypt, so that a key can be
// replaced while plays go on.
type Keys struct {
	file string
	all  []key
}

type key struct {
	id   string
	line int
	aead cipher.AEAD // which writes a random nonce before the text, and the tag behind it
}

// ReadKeys reads a file of keys: on each line an id, and 64 hexadecimal digits; what
// follows # is a comment. Only its owner may be able to read the file. The error has all
// mistakes, a line each, and nothing of a key.
func ReadKeys(path string) (*Keys, error) {
	text, err := secret.Read(path)
	if err != nil {
		return nil, fmt.Errorf("the codec's keys: %w", err)
	}
	k := &Keys{file: path}
	var mistakes []error
	for i, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if err := k.add(fields, i+1); err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s:%d: %w", path, i+1, err))
		}
	}
	if len(k.all) == 0 && len(mistakes) == 0 {
		return nil, fmt.Errorf("%s holds no key: a line has an id and 64 hexadecimal digits", path)
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return k, nil
}

// add adds the key of a line. Its error may not have a word of the line: an id that is in
// the place of the key is one.
func (k *Keys) add(fields []string, line int) error {
	if len(fields) != 2 || readKey(fields[0]) != nil {
		return errors.New("a line has an id and a key: 2026-11 and 64 hexadecimal digits")
	}
	bits := readKey(fields[1])
	if bits == nil {
		return errors.New("the key is not 64 hexadecimal digits: openssl rand -hex 32 makes one")
	}
	if same := k.find(fields[0]); same != nil {
		return fmt.Errorf("line %d has a key of the same id: give each an id of its own", same.line)
	}
	block, err := aes.NewCipher(bits)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	k.all = append(k.all, key{fields[0], line, aead})
	return err
}

// readKey returns the bytes of a key, or nil.
func readKey(word string) []byte {
	if bits, err := hex.DecodeString(word); err == nil && len(bits) == 32 {
		return bits
	}
	return nil
}

// KeyID returns the id of the key that sealed a payload; "" of one that nobody sealed.
func KeyID(p *commonpb.Payload) string { return string(p.GetMetadata()[keyID]) }

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
		sealed[i] = &commonpb.Payload{
			Metadata: map[string][]byte{"encoding": []byte(encoding), keyID: []byte(first.id)},
			Data:     first.aead.Seal(nil, nil, plain, []byte(first.id)),
		}
	}
	return sealed, nil
}

// Decode opens payloads; those that nobody sealed are left alone, so that what was started
// before there were keys goes on. The error is of the first that does not open: its key is
// missing or another one, or somebody changed it.
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
	id := KeyID(p)
	with := k.find(id)
	if with == nil {
		return nil, fmt.Errorf("it was encrypted with the key %q, which is not in %s: add its line from a machine that has it", id, k.file)
	}
	plain, err := with.aead.Open(nil, nil, p.GetData(), []byte(id))
	if err == nil {
		opened := &commonpb.Payload{}
		return opened, proto.Unmarshal(plain, opened)
	}
	return nil, fmt.Errorf("it was encrypted with another key than %s has as %q, or was changed since: compare the line with other machines'", k.file, id)
}
