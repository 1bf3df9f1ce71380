//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
)

// TestAServerThatDoesNotStart: dev ends with what the server said, without the SQL that it
// was at, and with why the server could say nothing where the disk is full.
func TestAServerThatDoesNotStart(t *testing.T) {
	w := newWorld(t)
	for said, want := range map[string]string{
		`error: the state cannot be made: error executing statement "CREATE TABLE \"a\" (\n b\n);": database or disk is full (13)`: "the state cannot be made: database or disk is full (13)",
		"error: another program listens at 127.0.0.1:1 already":                                                                    "another program listens at 127.0.0.1:1 already",
		"": "exit status 3",
	} {
		server := w.write(t, "server", "#!/bin/sh\ncat <<'END' >&2\n"+said+"\nEND\nexit 3\n")
		if err := os.Chmod(server, 0o700); err != nil { //nolint:gosec // it is a program
			t.Fatal(err)
		}
		code, out, stderr := w.run("dev", "--file", "FLEET", "--server", server)
		if code != 1 || out != "" || stderr != "error: the server ended: "+want+"\n" {
			t.Errorf("exit %d\n%s%s", code, out, stderr)
		}
	}
	w.write(t, "state/x", "")
	if err := os.Symlink("/dev/full", w.dir+"/state/full.log"); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := w.run("dev", "--file", "FLEET", "--server", w.dir+"/server", "--state", w.dir+"/state/full")
	if code != 1 || out != "" || !strings.Contains(stderr, "state/full.log: no space left on device") {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
}
