package reading

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
	"runner/playbooks/vault"
)

var secret = vault.Secret{Label: vault.DefaultLabel, Password: []byte("correct horse")}

// sealed returns a vault of a text, each line after an indentation.
func sealed(t testing.TB, plain, indent string) string {
	t.Helper()
	text, err := vault.Encrypt([]byte(plain), secret)
	if err != nil {
		t.Fatal(err)
	}
	return indent + strings.ReplaceAll(strings.TrimSuffix(string(text), "\n"), "\n", "\n"+indent) + "\n"
}

func TestVaultedValues(t *testing.T) {
	text := "number: !vault |\n" + sealed(t, "0644", "  ") +
		"template: !vault |\n" + sealed(t, "{{ number }}!", "  ") +
		"lines: !vault |\n" + sealed(t, "one line\nanother", "          ") +
		"folded: !vault >\n" + strings.ReplaceAll(sealed(t, "thin air", "  "), "\n", "\n\n") +
		"plain: text\n"
	secrets := &engine.Secrets{}
	n, problems := ParseYAML("vars.yml", []byte(text), &Vault{Keys: vault.NewKeyring(secret), Secrets: secrets})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, e := range n.Entries {
		got = append(got, fmt.Sprintf("%s: %q %v %v", e.Key.Text, e.Value.Text, e.Value.Value, e.Value.Tmpl != nil))
	}
	want := []string{
		`number: "0644" 0644 false`, `template: "{{ number }}!" {{ number }}! false`,
		"lines: \"one line\\nanother\" one line\nanother false", `folded: "thin air" thin air false`, `plain: "text" text false`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if masked := secrets.Mask("one line, another, thin air, plain text"); masked != "********, ********, ********, plain text" {
		t.Errorf("masked: %s", masked)
	}
}

func TestVaultedFilesAreSecret(t *testing.T) {
	text := sealed(t, "user: somebody\npassword: hunter2-hunter2\nlist: [{key: aaaaa}, true, 5432, 1234567]\n", "")
	secrets := &engine.Secrets{}
	n, problems := ParseYAML("vars.yml", []byte(text), &Vault{Keys: vault.NewKeyring(secret), Secrets: secrets})
	if len(problems) > 0 || n.Get("user").Text != "somebody" {
		t.Fatal(n, problems)
	}
	if masked := secrets.Mask("somebody hunter2-hunter2 aaaaa true 5432 1234567"); masked != "******** ******** ******** true 5432 ********" {
		t.Errorf("masked: %s", masked)
	}
	_, problems = ParseYAML("vars.yml", []byte(sealed(t, "a: b\na: hunter2-hunter2\n", "")), &Vault{Keys: vault.NewKeyring(secret)})
	if len(problems) != 1 || problems[0].Place.String() != "vars.yml:2:1" || problems[0].Excerpt() != "" {
		t.Errorf("reported %v with\n%s", problems, problems[0].Excerpt())
	}
}

func TestVaultsThatStayClosed(t *testing.T) {
	value := "a:\n  b: !vault |\n" + sealed(t, "x", "    ") + "c: !vault |\n" + sealed(t, "y", "  ")
	file := sealed(t, "a: b\n", "")
	missing := "this is vaulted, and no password was given; give --vault-password-file, --vault-id or --ask-vault-pass"
	wrong := "no password that was given opens this (tried: dev)"
	other := &Vault{Keys: vault.NewKeyring(vault.Secret{Label: "dev", Password: []byte("other")})}
	tests := map[string]struct {
		text string
		v    *Vault
		want []string
	}{
		"no vault":             {value, nil, []string{"vars.yml:2:13: " + missing}},
		"no password":          {value, &Vault{}, []string{"vars.yml:2:13: " + missing}},
		"a wrong one":          {value, other, []string{"vars.yml:2:13: " + wrong}},
		"sealed":               {value, &Vault{Sealed: true}, nil},
		"sealed, a wrong one":  {value, &Vault{Sealed: true, Keys: other.Keys}, []string{"vars.yml:2:13: " + wrong}},
		"a file, no vault":     {file, nil, []string{"vars.yml: " + missing}},
		"a file, a wrong one":  {file, other, []string{"vars.yml: " + wrong}},
		"a file, sealed":       {file, &Vault{Sealed: true}, []string{"vars.yml: " + missing}},
		"not text":             {"a: !vault |\n" + sealed(t, "\xff", "  "), &Vault{Keys: vault.NewKeyring(secret)}, []string{"vars.yml:1:11: the vault opens, but what it holds is not text in UTF-8"}},
		"a file, not text":     {sealed(t, "a: \xff", ""), &Vault{Keys: vault.NewKeyring(secret)}, []string{"vars.yml:1:4: the byte 0xff is not UTF-8 text; save the file as UTF-8"}},
		"damaged":              {"a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  30\n  3x\n", other, []string{"vars.yml:4:1: the vault is damaged: it holds something else than hexadecimal digits"}},
		"damaged, in one line": {"a: !vault $ANSIBLE_VAULT;1.1;AES256 30\n", other, []string{`vars.yml:1:11: the vault is damaged: cipher "AES256 30" is unknown; there is AES256`}},
		"damaged, though sealed": {"a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3x\n", &Vault{Sealed: true},
			[]string{"vars.yml:3:1: the vault is damaged: it holds something else than hexadecimal digits"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n, problems := ParseYAML("vars.yml", []byte(test.text), test.v)
			var got []string
			for _, p := range problems {
				got = append(got, p.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" || (n == nil) != (len(problems) > 0) {
				t.Error(n, diff)
			}
		})
	}
}
