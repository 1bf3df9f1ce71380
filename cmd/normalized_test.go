package cmd_test

import (
	"regexp"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"runner/clever/emulator"
)

// running holds the emulator of each script.
var running sync.Map // *testscript.TestScript → *emulator.Emulator

func current(ts *testscript.TestScript) *emulator.Emulator {
	e, ok := running.Load(ts)
	if !ok {
		ts.Fatalf("there is no emulator: say emulator first")
	}
	return e.(*emulator.Emulator)
}

// What differs from run to run, and what stands for it.
var changing = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`\bb[a-z0-9]{19}\b`), "DATABASE"},
	{regexp.MustCompile(`\bu[a-z0-9]{19}\b`), "USER"},
	{regexp.MustCompile(`:[A-Za-z0-9]{20}@`), ":PASSWORD@"},
	{regexp.MustCompile(`clever-cloud\.com:[0-9]+`), "clever-cloud.com:PORT"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d:\d\d`), "DATE TIME"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]+`), "127.0.0.1:PORT"},
}

// normalized replaces what differs from run to run.
func normalized(text string) string {
	for _, c := range changing {
		text = c.what.ReplaceAllString(text, c.with)
	}
	return text
}
