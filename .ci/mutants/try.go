package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// checkTests runs the tests that the mutants name on the module as it is: they
// have to exist, and to pass. It returns what is wrong with those of a mutant.
func (s suite) checkTests(all []mutant) map[testsOf]string {
	wrong := map[testsOf]string{}
	for _, m := range all {
		wrong[testsOf{m.pkg, m.tests}] = ""
	}
	binaries := map[string]string{}
	for of := range wrong {
		binary, ok := binaries[of.pkg]
		if !ok {
			var err error
			if binary, err = s.build(of.pkg, filepath.Join(s.temp, "asis"), ""); err != nil {
				wrong[of] = err.Error()
				continue
			}
			binaries[of.pkg] = binary
		}
		wrong[of] = s.checkOne(binary, of)
	}
	return wrong
}

func (s suite) checkOne(binary string, of testsOf) string {
	out, err := s.test(binary, of.pkg, of.pattern)
	switch {
	case err != nil:
		return fmt.Sprintf("without any mutant, %s of %s fails: %v\n%s", of.pattern, of.pkg, err, tail(out))
	case !bytes.Contains(out, []byte("--- PASS:")):
		return fmt.Sprintf("no test of %s passes that %s names: it may have been renamed, or skipped", of.pkg, of.pattern)
	}
	return ""
}

// A testsOf names tests of a package.
type testsOf struct{ pkg, pattern string }

// try makes one mistake, and reports whether the tests find it, else why not.
func (s suite) try(i int, m mutant) (found bool, why string) {
	file, text, err := m.apply(s.root)
	if err != nil {
		return false, err.Error()
	}
	dir := filepath.Join(s.temp, fmt.Sprint(i))
	overlay, err := writeOverlay(dir, file, text)
	if err != nil {
		return false, err.Error()
	}
	defer os.RemoveAll(dir)
	binary, err := s.build(m.pkg, dir, overlay)
	if err != nil {
		return false, err.Error()
	}
	out, err := s.test(binary, m.pkg, m.tests)
	var failed *exec.ExitError
	switch {
	case err == nil:
		return false, fmt.Sprintf("%s of %s passes", m.tests, m.pkg)
	case errors.As(err, &failed), errors.Is(err, context.DeadlineExceeded):
		return true, ""
	}
	return false, err.Error() + "\n" + tail(out)
}

// writeOverlay writes what `go build -overlay` wants: for the path of a file, that
// of the text to read instead.
func writeOverlay(dir, file, text string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}

// build builds the tests of a package, and returns the path of the program.
func (s suite) build(pkg, dir, overlay string) (string, error) {
	binary := filepath.Join(dir, strings.NewReplacer("/", "_", ".", "").Replace(pkg)+".test")
	args := []string{"test", "-c", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = s.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s does not build: %w\n%s", pkg, err, tail(out))
	}
	return binary, nil
}

// test runs tests in their package's folder, and returns what they print.
func (s suite) test(binary, pkg, pattern string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.run", pattern, "-test.v", "-test.failfast", "-test.count=1")
	cmd.Dir = filepath.Join(s.root, filepath.FromSlash(pkg))
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	return out, err
}

// tail returns the last lines of an output.
func tail(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
