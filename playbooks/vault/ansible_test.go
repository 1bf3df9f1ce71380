package vault

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestBesideAnsibleVault has ansible-vault open what we seal, and the other way round.
func TestBesideAnsibleVault(t *testing.T) {
	program, err := exec.LookPath("ansible-vault")
	if err != nil {
		t.Skip("ansible-vault is not installed (Debian has it in ansible-core):", err)
	}
	texts := map[string][]byte{
		"nothing": {},
		"text":    []byte("password: grüße\n"),
		"blocks":  bytes.Repeat([]byte("0123456789abcdef"), 5),
		"bytes":   {0, 0xff, '\r', '\n', 0x1b, 16},
		"long":    bytes.Repeat([]byte("0123456789\n"), 20_000),
	}
	for _, label := range []string{DefaultLabel, "prod"} {
		t.Run(label, func(t *testing.T) {
			dir := t.TempDir()
			password := filepath.Join(dir, "password")
			write(t, password, horse.Password)
			run := func(command string) {
				args := []string{command, "--vault-id", label + "@" + password}
				for name := range texts {
					args = append(args, filepath.Join(dir, name))
				}
				c := exec.CommandContext(t.Context(), program, args...)
				c.Env = append(os.Environ(), "HOME="+dir)
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("ansible-vault %s: %v\n%s", command, err, out)
				}
			}
			with := Secret{label, horse.Password}
			for name, plain := range texts {
				sealed, err := Encrypt(plain, with)
				if err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(dir, name), sealed)
			}
			run("decrypt")
			for name, plain := range texts {
				if got := read(t, filepath.Join(dir, name)); !bytes.Equal(got, plain) {
					t.Errorf("%s: ansible-vault opened %q", name, got)
				}
			}
			run("encrypt")
			for name, plain := range texts {
				sealed := read(t, filepath.Join(dir, name))
				got, by, err := NewKeyring(with).Decrypt(sealed)
				if err != nil || !bytes.Equal(got, plain) || by.Label != label {
					t.Errorf("%s: opened %q by %v, %v", name, got, by, err)
				}
				if label == DefaultLabel == bytes.HasPrefix(sealed, []byte(magic+"1.2;AES256;prod\n")) {
					t.Errorf("%s: the header is %.40s", name, sealed)
				}
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
