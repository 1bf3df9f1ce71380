package cmd

import (
	"bytes"
	"context"
	"io"
	"log"
	"os"

	"runner/cmd/signals"
	"runner/cmd/ui"
)

// Main runs the program of this process, with its streams, arguments and signals,
// and returns the exit code.
func Main() int {
	paceCollector()
	log.SetOutput(discreet{os.Stderr})
	p := &Program{Streams: ui.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Environ: os.Environ}, Args: os.Args}
	handler, ctx, stop := signals.Handle(context.Background(), os.Stderr, p.changes)
	defer stop()
	p.signals = handler
	return p.Run(ctx)
}

// A discreet writer drops what net/http writes to the standard logger about
// responses that nobody asked for: it may hold a secret.
type discreet struct{ io.Writer }

func (d discreet) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("Unsolicited response received on idle HTTP channel")) {
		return len(line), nil
	}
	return d.Writer.Write(line)
}

// changes returns the changes under way as text.
func (p *Program) changes() []string {
	var all []string
	for _, c := range p.underWay.All() {
		all = append(all, c.String())
	}
	return all
}
