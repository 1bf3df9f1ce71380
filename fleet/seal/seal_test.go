package seal_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"runner/fleet/seal"
)

// digits returns a key of one digit.
func digits(digit string) string { return strings.Repeat(digit, 64) }

// keyFile writes lines to a file of keys.
func keyFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codec.keys")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readKeys(t *testing.T, path string) *seal.Keys {
	t.Helper()
	k, err := seal.ReadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// randomBytes returns up to n bytes, often none.
func randomBytes(r *rand.Rand, n int) []byte {
	all := make([]byte, max(0, r.IntN(n+2)-1))
	for i := range all {
		all[i] = byte(r.Uint32())
	}
	return all
}

// randomPayloads returns some payloads of all sizes, with metadata.
func randomPayloads(r *rand.Rand) []*commonpb.Payload {
	all := make([]*commonpb.Payload, r.IntN(4))
	for i := range all {
		p := &commonpb.Payload{Data: randomBytes(r, 1<<r.IntN(17))}
		for range r.IntN(4) {
			if p.Metadata == nil {
				p.Metadata = map[string][]byte{}
			}
			p.Metadata[[]string{"encoding", "messageType", "encryption-key-id", "ä"}[r.IntN(4)]] = randomBytes(r, 30)
		}
		all[i] = p
	}
	return all
}

func same(a, b []*commonpb.Payload) bool {
	for i := range a {
		if !proto.Equal(a[i], b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// TestWhatIsSealedOpensAgain: any payloads, with the keys that sealed them, and with others
// before those, as after a rotation; sealed once more, they are sealed otherwise.
func TestWhatIsSealedOpensAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	old := readKeys(t, keyFile(t, "2025 "+digits("1")))
	both := readKeys(t, keyFile(t, "# the new one first", "", "2026\t"+digits("A")+" # of May\r", "2025 "+digits("1")))
	for range 300 {
		plain := randomPayloads(r)
		sealed, err := old.Encode(plain)
		if err != nil {
			t.Fatal(err)
		}
		again, err := old.Encode(plain)
		if err != nil {
			t.Fatal(err)
		}
		for i := range sealed {
			if bytes.Equal(sealed[i].Data, again[i].Data) || bytes.Equal(sealed[i].Data[:12], again[i].Data[:12]) {
				t.Fatalf("%v is sealed twice with the same nonce", plain[i])
			}
		}
		for _, keys := range []*seal.Keys{old, both} {
			if opened, err := keys.Decode(sealed); err != nil || !same(opened, plain) {
				t.Fatalf("%v opens as %v, %v", plain, opened, err)
			}
		}
		sealed, err = both.Encode(plain)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := both.Decode(sealed); err != nil || !same(opened, plain) {
			t.Fatalf("%v opens as %v, %v", plain, opened, err)
		}
		if _, err := old.Decode(sealed); len(plain) > 0 && err == nil {
			t.Fatal("the first key does not seal")
		}
	}
}

// TestNothingInClear: what is sealed has no word of what was in the payload.
func TestNothingInClear(t *testing.T) {
	k := readKeys(t, keyFile(t, "k1 "+digits("1")))
	sealed, err := k.Encode([]*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain"), "name": []byte("a word")}, Data: []byte(`"a word"`)}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := proto.Marshal(sealed[0])
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("word")) || bytes.Contains(text, []byte("json")) {
		t.Errorf("%q", text)
	}
}

// TestEachChangedByteIsRefused: of the nonce, the text, the tag and the id of the key,
// and any that is missing.
func TestEachChangedByteIsRefused(t *testing.T) {
	k := readKeys(t, keyFile(t, "k1 "+digits("1"), "k2 "+digits("1"))) // the id counts, whatever the key is
	sealed, err := k.Encode([]*commonpb.Payload{{Data: []byte("a text")}})
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, at int, change func(p *commonpb.Payload)) {
		t.Helper()
		p := proto.Clone(sealed[0]).(*commonpb.Payload) //nolint:forcetypeassert // a clone is of the same type
		change(p)
		if opened, err := k.Decode([]*commonpb.Payload{p}); err == nil {
			t.Errorf("%s %d: opens as %v", what, at, opened)
		}
	}
	for at := range sealed[0].Data {
		for bit := range 8 {
			refused("bit", 8*at+bit, func(p *commonpb.Payload) { p.Data[at] ^= 1 << bit })
		}
		refused("without what follows byte", at, func(p *commonpb.Payload) { p.Data = p.Data[:at] })
		refused("without what is before byte", at+1, func(p *commonpb.Payload) { p.Data = p.Data[at+1:] })
	}
	for bit := range 16 {
		refused("the id's bit", bit, func(p *commonpb.Payload) { p.Metadata["encryption-key-id"][bit/8] ^= 1 << (bit % 8) })
	}
	refused("the other id", 0, func(p *commonpb.Payload) { p.Metadata["encryption-key-id"] = []byte("k2") })
	refused("no id", 0, func(p *commonpb.Payload) { delete(p.Metadata, "encryption-key-id") })
}

// TestTheWrongKeys: the message names the key, the file, and what to do.
func TestTheWrongKeys(t *testing.T) {
	sealed, err := readKeys(t, keyFile(t, "2026-11 "+digits("1"))).Encode([]*commonpb.Payload{{Data: []byte("a text")}})
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"2026-12 " + digits("1"): `it was encrypted with the key "2026-11", which is not in FILE: add its line from a machine that has it`,
		"2026-11 " + digits("2"): `it was encrypted with another key than FILE has as "2026-11", or was changed since: compare the line with other machines'`,
	} {
		path := keyFile(t, line)
		if opened, err := readKeys(t, path).Decode(sealed); err == nil || strings.ReplaceAll(err.Error(), path, "FILE") != want {
			t.Errorf("%s: %v, %v", line, opened, err)
		}
	}
}

// TestWhatNobodySealedIsLeftAlone, also among what is sealed; a client without keys does
// not take what is sealed for a value.
func TestWhatNobodySealedIsLeftAlone(t *testing.T) {
	data, _ := readKeys(t, keyFile(t, "k1 "+digits("1"))).Converters()
	clear, err := converter.GetDefaultDataConverter().ToPayloads("in clear")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := data.ToPayloads("sealed")
	if err != nil {
		t.Fatal(err)
	}
	clear.Payloads = append(clear.Payloads, sealed.Payloads...)
	var first, second string
	if err := data.FromPayloads(clear, &first, &second); err != nil || first != "in clear" || second != "sealed" {
		t.Errorf("%q, %q, %v", first, second, err)
	}
	if err := converter.GetDefaultDataConverter().FromPayloads(sealed, &first); err == nil {
		t.Errorf("without keys it is %q", first)
	}
}

// TestFailuresAreSealed: their texts, their traces and their details, and those of their causes.
func TestFailuresAreSealed(t *testing.T) {
	_, failures := readKeys(t, keyFile(t, "k1 "+digits("1"))).Converters()
	failed := temporal.NewApplicationErrorWithCause("the outer word", "play", errors.New("the inner word"), map[string]string{"detail": "word"})
	sealed := failures.ErrorToFailure(failed)
	for f := sealed; f != nil; f = f.Cause {
		f.Source = "" // GoSDK, in each
		if f.EncodedAttributes == nil || f.StackTrace != "" {
			t.Errorf("not sealed: %v", f)
		}
	}
	text, err := proto.Marshal(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("word")) {
		t.Errorf("%q", text)
	}
	var opened *temporal.ApplicationError
	var detail map[string]string
	if err := failures.FailureToError(sealed); !errors.As(err, &opened) || opened.Message() != "the outer word" || !strings.Contains(errors.Unwrap(opened).Error(), "the inner word") ||
		opened.Details(&detail) != nil || detail["detail"] != "word" {
		t.Errorf("opens as %v, %v", err, detail)
	}
}

// TestATraceIsSealed: that of a panic in a workflow has names and values of the code.
func TestATraceIsSealed(t *testing.T) {
	data, failures := readKeys(t, keyFile(t, "k1 "+digits("1"))).Converters()
	trace := &failure.Failure{Message: "a word", StackTrace: "at word.go:1", FailureInfo: &failure.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failure.ApplicationFailureInfo{Type: "x"}}}
	if err := converter.EncodeCommonFailureAttributes(data, trace); err != nil {
		t.Fatal(err)
	}
	text, err := proto.Marshal(trace)
	if err != nil || bytes.Contains(text, []byte("word")) {
		t.Errorf("%q, %v", text, err)
	}
	if err := failures.FailureToError(trace); !strings.Contains(err.Error(), "a word") {
		t.Error(err)
	}
}

// TestWrongKeyFiles: all mistakes at their lines, and nothing of a key.
func TestWrongKeyFiles(t *testing.T) {
	form := "a line has an id and a key: 2026-11 and 64 hexadecimal digits"
	bad := "the key is not 64 hexadecimal digits: openssl rand -hex 32 makes one"
	for _, c := range []struct{ text, want string }{
		{"", "FILE holds no key: a line has an id and 64 hexadecimal digits"},
		{"# none\n\n", "FILE holds no key: a line has an id and 64 hexadecimal digits"},
		{digits("e"), "FILE:1: " + form},
		{"\nk1 = " + digits("e"), "FILE:2: " + form},
		{digits("e") + " k1", "FILE:1: " + form},
		{"k1 " + digits("e")[:62], "FILE:1: " + bad},
		{"k1 " + digits("e") + "ee", "FILE:1: " + bad},
		{"k1 " + digits("e")[:63] + "g", "FILE:1: " + bad},
		{"k1 " + digits("e")[:40] + "#" + digits("e")[:23], "FILE:1: " + bad},
		{"k1 " + digits("1") + "\nk2 " + digits("2") + "\nk1 " + digits("3"), "FILE:3: line 1 has a key of the same id: give each an id of its own"},
		{"k1 eeee\n# k2\nk1 " + digits("1") + "\neeee\nk1 " + digits("2"), "FILE:1: " + bad + "\nFILE:4: " + form + "\nFILE:5: line 3 has a key of the same id: give each an id of its own"},
	} {
		path := keyFile(t, c.text)
		k, err := seal.ReadKeys(path)
		if err == nil || strings.ReplaceAll(err.Error(), path, "FILE") != c.want || k != nil {
			t.Errorf("%q: %v, %v\nwant %s", c.text, k, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "eeee") {
			t.Errorf("%q: the message has a part of the key: %v", c.text, err)
		}
	}
	open := keyFile(t, "k1 "+digits("1"))
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{open: "chmod 600 " + open, open + "x": open + "x is missing"} {
		if _, err := seal.ReadKeys(path); err == nil || !strings.HasPrefix(err.Error(), "the codec's keys: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
