package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	horse  = Secret{DefaultLabel, []byte("correct horse")}
	staple = Secret{"prod", []byte("battery staple")}
)

// samples were made by ansible-vault.
var samples = []struct {
	file string
	with Secret
	want string
}{
	{"v1.1.vault", horse, "plain.txt"},
	{"v1.2.vault", staple, "plain.txt"},
	{"empty.vault", horse, ""},
	{"blocks.vault", horse, "blocks.txt"},
}

func sample(t testing.TB, file string) []byte {
	t.Helper()
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFilesOfAnsibleVault(t *testing.T) {
	for _, s := range samples {
		t.Run(s.file, func(t *testing.T) {
			sealed := sample(t, s.file)
			plain, with, err := NewKeyring(horse, staple).Decrypt(sealed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(sample(t, s.want)), string(plain)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(s.with, with); diff != "" {
				t.Error(diff)
			}
			e, err := parse(sealed)
			if err != nil {
				t.Fatal(err)
			}
			again, err := encrypt(plain, with, e.salt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(sealed), string(again)); diff != "" {
				t.Errorf("sealed with the same salt it differs: %s", diff)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 39, 40, 41, 4096, 1 << 20} {
		plain := bytes.Repeat([]byte{0, '\n', 0xff, 'x'}, n/4+1)[:n]
		for _, with := range []Secret{horse, staple} {
			sealed, err := Encrypt(plain, with)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Encrypt(plain, with)
			if err != nil || bytes.Equal(sealed, again) {
				t.Errorf("%d bytes: sealed twice they are the same (%v)", n, err)
			}
			got, _, err := NewKeyring(with).Decrypt(sealed)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes: %v", n, err)
			}
			for i, line := range strings.Split(strings.TrimSuffix(string(sealed), "\n"), "\n") {
				if i > 0 && (len(line) > 80 || line == "") {
					t.Errorf("line %d has %d digits", i+1, len(line))
				}
			}
		}
	}
}

func TestCarriageReturnsAndBlanksDoNotMatter(t *testing.T) {
	sealed := string(sample(t, "v1.2.vault"))
	for name, text := range map[string]string{
		"carriage returns": strings.ReplaceAll(sealed, "\n", "\r\n"),
		"no last newline":  strings.TrimSpace(sealed),
		"blank lines":      sealed + "\n \n",
		"indented":         strings.ReplaceAll(sealed, "\n", "\n    "),
		"narrow":           narrow(sealed, 7),
		"capitals":         sealed[:30] + strings.ToUpper(sealed[30:]),
	} {
		if _, _, err := NewKeyring(staple).Decrypt([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// narrow breaks a vault into lines of n digits, of an odd number too.
func narrow(sealed string, n int) string {
	header, rest, _ := strings.Cut(sealed, "\n")
	digits := strings.ReplaceAll(rest, "\n", "")
	var b strings.Builder
	b.WriteString(header)
	for i := 0; i < len(digits); i += n {
		b.WriteString("\n" + digits[i:min(i+n, len(digits))])
	}
	return b.String()
}

func TestWrongPasswords(t *testing.T) {
	sealed := sample(t, "v1.2.vault")
	_, _, err := NewKeyring(horse, Secret{"dev", []byte("hunter2-hunter2")}).Decrypt(sealed)
	want := `no password that was given opens this (tried: default, dev; the vault's own label is "prod")`
	if e, ok := errors.AsType[*WrongPasswordError](err); !ok || e.Error() != want {
		t.Errorf("reported %v, want %s", err, want)
	}
	_, _, err = NewKeyring(Secret{DefaultLabel, []byte("x")}, Secret{DefaultLabel, []byte("y")}).Decrypt(sample(t, "v1.1.vault"))
	if want := "no password that was given opens this (tried: default)"; err == nil || err.Error() != want {
		t.Errorf("reported %v, want %s", err, want)
	}
	for _, k := range []*Keyring{nil, NewKeyring()} {
		if _, _, err := k.Decrypt(sealed); !errors.Is(err, ErrNoSecrets) {
			t.Errorf("no passwords: %v", err)
		}
	}
}

func TestLabelsAreHints(t *testing.T) {
	other := Secret{"other", staple.Password}
	sealed := sample(t, "v1.2.vault")
	for _, test := range []struct {
		ring []Secret
		want string
	}{
		{[]Secret{horse, other}, "other"},
		{[]Secret{other, horse, staple}, "prod"},
		{[]Secret{other, {"prod", []byte("an old one")}}, "other"},
		{[]Secret{{"prod", []byte("an old one")}, staple}, "prod"},
	} {
		_, with, err := NewKeyring(test.ring...).Decrypt(sealed)
		if err != nil || with.Label != test.want || string(with.Password) != string(staple.Password) {
			t.Errorf("%v: opened by %v, want %s (%v)", test.ring, with, test.want, err)
		}
	}
}

func TestDamage(t *testing.T) {
	whole := string(sample(t, "v1.1.vault"))
	lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
	tests := map[string]struct{ text, want string }{
		"empty":             {"", "in line 1: it does not start with $ANSIBLE_VAULT;"},
		"other text":        {"a: b\n", "in line 1: it does not start with $ANSIBLE_VAULT;"},
		"half a header":     {"$ANSIBLE_VAULT;1.1\n3030\n", "in line 1: its header is not $ANSIBLE_VAULT;1.1;AES256 or $ANSIBLE_VAULT;1.2;AES256;LABEL"},
		"an old format":     {"$ANSIBLE_VAULT;1.0;AES\n3030\n", `in line 1: format "1.0" is unknown; there is 1.1 and 1.2`},
		"another cipher":    {"$ANSIBLE_VAULT;1.1;AES\n3030\n", `in line 1: cipher "AES" is unknown; there is AES256`},
		"only a header":     {lines[0], "in line 1: it ends too soon"},
		"one line":          {lines[0] + lines[1], "in line 2: it ends too soon"},
		"a digit less":      {strings.TrimSuffix(whole, "\n")[:len(whole)-2], fmt.Sprintf("in line %d: a digit is missing", len(lines))},
		"another character": {strings.Replace(whole, lines[2], "x"+lines[2][1:], 1), "in line 3: it holds something else than hexadecimal digits"},
		"letters for hex":   {strings.Replace(whole, lines[3], "7a7a"+lines[3][4:], 1), "in line 4: it was cut short, or something in it was changed"},
		"the last line":     {strings.Join(lines[:len(lines)-1], ""), ""},
		"a merge conflict":  {lines[0] + "<<<<<<< HEAD\n" + strings.Join(lines[1:], ""), "in line 2: it holds something else than hexadecimal digits"},
		"no salt":           {body1("\n" + strings.Repeat("00", 32) + "\n" + strings.Repeat("00", 16)), "in line 2: the salt is missing"},
		"a short checksum":  {body1("00\n00\n" + strings.Repeat("00", 16)), "in line 2: the checksum is not of the length that it should have"},
		"no blocks":         {body1("00\n" + strings.Repeat("00", 32) + "\n"), "in line 2: it was cut short"},
		"half a block":      {body1("00\n" + strings.Repeat("00", 32) + "\n" + strings.Repeat("00", 15)), "in line 2: it was cut short"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plain, _, err := NewKeyring(horse).Decrypt([]byte(test.text))
			if test.want == "" { // only the checksum can tell
				if err == nil {
					t.Errorf("opened: %q", plain)
				}
				return
			}
			want := "the vault is damaged " + test.want
			if e, ok := errors.AsType[*DamagedError](err); !ok || e.Error() != want {
				t.Errorf("reported %v, want %s", err, want)
			}
		})
	}
}

// body1 is a vault whose three parts are in one line.
func body1(parts string) string {
	return fmt.Sprintf("$ANSIBLE_VAULT;1.1;AES256\n%x\n", parts)
}

// TestEveryByteCounts: no byte below the header can change without notice.
func TestEveryByteCounts(t *testing.T) {
	whole := sample(t, "empty.vault")
	start := bytes.IndexByte(whole, '\n') + 1
	ring := NewKeyring(horse)
	for i := start; i < len(whole); i += 3 {
		if whole[i] == '\n' {
			continue
		}
		changed := bytes.Clone(whole)
		changed[i] = '0' + (changed[i]-'0'+1)%10
		if _, _, err := ring.Decrypt(changed); err == nil && !bytes.Equal(changed, whole) {
			t.Errorf("byte %d changed unnoticed", i)
		}
	}
}

func TestBadPadding(t *testing.T) {
	salt := bytes.Repeat([]byte("s"), 32)
	k, err := derive(horse.Password, salt)
	if err != nil {
		t.Fatal(err)
	}
	for _, last := range []byte{0, 17, 2} {
		plain := append(bytes.Repeat([]byte("x"), 15), last)
		k, err = derive(horse.Password, salt)
		if err != nil {
			t.Fatal(err)
		}
		k.stream.XORKeyStream(plain, plain)
		e := envelope{salt: salt, sum: k.sum(plain), sealed: plain}
		if _, _, err := NewKeyring(horse).Decrypt(e.text()); err == nil {
			t.Errorf("a text that ends with %d opens", last)
		} else if _, ok := errors.AsType[*DamagedError](err); !ok {
			t.Errorf("a text that ends with %d: %v", last, err)
		}
	}
}

func TestWhatCannotSeal(t *testing.T) {
	for _, with := range []Secret{{DefaultLabel, nil}, {"", []byte("x")}, {"a;b", []byte("x")}, {" a", []byte("x")}, {"a\nb", []byte("x")}} {
		if sealed, err := Encrypt([]byte("x"), with); err == nil {
			t.Errorf("%q: %s", with.Label, sealed)
		}
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	ring := NewKeyring(horse, staple)
	for _, format := range []string{"%v", "%+v", "%s", "%#v"} {
		for _, v := range []any{horse, ring.Secrets(), &horse, ring, *ring} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, "horse") {
				t.Errorf("%s prints %s", format, text)
			}
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	for _, s := range samples {
		f.Add(sample(f, s.file))
	}
	f.Add([]byte("$ANSIBLE_VAULT;1.2;AES256;\n"))
	f.Add([]byte("$ANSIBLE_VAULT;1.1;AES256\n3\n0\n"))
	f.Add([]byte(body1("00\n" + strings.Repeat("00", 32) + "\n" + strings.Repeat("00", 16))))
	ring := NewKeyring(horse)
	f.Fuzz(func(t *testing.T, text []byte) {
		plain, with, err := ring.Decrypt(text)
		if err != nil {
			if plain != nil || err.Error() == "" {
				t.Errorf("%q comes with %v", plain, err)
			}
			return
		}
		sealed, err := Encrypt(plain, with)
		if err != nil {
			t.Fatal(err)
		}
		if again, _, err := ring.Decrypt(sealed); err != nil || !bytes.Equal(plain, again) {
			t.Errorf("%q became %q (%v)", plain, again, err)
		}
	})
}
