package platform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/ui"
)

// TestDotenvOfOthers: whatever others keep in a .env file, what is needed of it is read.
func TestDotenvOfOthers(t *testing.T) {
	const both = "CLEVER_TOKEN=a-token\nCLEVER_SECRET='a secret'\n"
	for name, text := range map[string]string{
		"nothing else":        both,
		"a name with a dash":  "MY-VAR=1\n" + both,
		"a bare word":         "word\n" + both,
		"an export":           "export PATH\nexport CLEVER_TOKEN=a-token\nexport CLEVER_SECRET=\"a secret\"\n",
		"a BOM":               "\ufeff" + both,
		"a section":           "[default]\n" + both,
		"a key in many lines": "KEY=-----BEGIN-----\nMIIE/+==\n-----END-----\n" + both,
		"a key in quotes":     "KEY=\"-----BEGIN-----\nCLEVER_TOKEN=another\n-----END-----\"\n" + both,
		"a quote that stays":  "SAYING=\"it never ends\n" + strings.ReplaceAll(both, "'", ""),
		"Windows' line ends":  strings.ReplaceAll(both, "\n", "\r\n"),
		"YAML's form":         "CLEVER_TOKEN: a-token\nCLEVER_SECRET: a secret\n",
		"bytes that are none": "\xff\xfe=\x00\n" + both,
		"a template":          "URL={{ url }}\n" + both,
	} {
		c, err := ofLines([]byte(text), ".env")
		if err != nil || c.Token != "a-token" || c.Secret != "a secret" || c.Source != ".env" {
			t.Errorf("%s: %q, %q of %q, %v", name, c.Token, c.Secret, c.Source, err)
		}
	}
}

// TestOddLinesThatAreNeeded: they are named by their line, and the search goes on.
func TestOddLinesThatAreNeeded(t *testing.T) {
	_, err := ofLines([]byte("A=1\nCLEVER_TOKEN\nCLEVER_SECRET=x-secret\n"), ".env")
	if err == nil || !strings.Contains(err.Error(), ".env:2: CLEVER_TOKEN cannot be read") || strings.Contains(err.Error(), "x-secret") {
		t.Errorf("%v", err)
	}
	if _, missing := errors.AsType[*clever.Missing](err); !missing {
		t.Errorf("%T ends the search", err)
	}
	c, err := clever.First(
		func() (clever.Credentials, error) { return clever.Credentials{}, err },
		func() (clever.Credentials, error) { return clever.Credentials{Token: "t", Secret: "s"}, nil },
	)
	if err != nil || c.Token != "t" || !strings.Contains(c.Warning, ".env:2: ") {
		t.Errorf("%q, warning %q, %v", c.Token, c.Warning, err)
	}
}

// TestAPipeWithoutAWriter: waiting for it ends with the context.
func TestAPipeWithoutAWriter(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, ".env")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	p, err := New(&ui.Streams{Getenv: func(string) string { return "" }, Err: os.Stderr}, Default(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = p.Dotenv(ctx)
	if exit.Code(err) != exit.Interrupted {
		t.Errorf("%v", err)
	}
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // so that the reader goes, too
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestCredentialsAreMasked: wherever they come from, what is printed afterwards shows none
// of their secrets.
func TestCredentialsAreMasked(t *testing.T) {
	dir := t.TempDir()
	lines := "CLEVER_TOKEN=a-token-of-somebody\nCLEVER_SECRET=a-secret-of-somebody\nOAUTH_CONSUMER_KEY=a-key\nOAUTH_CONSUMER_SECRET=a-secret-of-the-consumer\n"
	file := filepath.Join(dir, "shop.env")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"file:" + file, "command:cat " + file, "env:ONE,TWO"} {
		env := map[string]string{"PATH": os.Getenv("PATH"), "ONE": "a-token-of-somebody", "TWO": "a-secret-of-somebody",
			"OAUTH_CONSUMER_KEY": "a-key", "OAUTH_CONSUMER_SECRET": "a-secret-of-the-consumer"}
		streams := &ui.Streams{Getenv: func(name string) string { return env[name] }, Err: os.Stderr}
		spec := Default()
		spec.Credentials = from
		p, err := New(streams, spec, dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := p.Credentials(t.Context()); err != nil || c.Token != "a-token-of-somebody" {
			t.Fatalf("%s: %v, %v", from, c, err)
		}
		if text := streams.Secrets.Mask(lines); strings.Contains(text, "somebody") || strings.Contains(text, "of-the-consumer") {
			t.Errorf("%s: %s", from, text)
		}
	}
}
