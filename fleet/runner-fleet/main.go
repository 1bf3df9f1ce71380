// Runner-fleet plays many playbooks, on schedules and on many machines: `runner fleet`
// hands over to it. It knows the packages of the fleet, and nothing of what they know.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"runner/cmd/exit"
	"runner/cmd/ui"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // writing reports that the reader has gone
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{Streams: ui.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}}
	go endAtOnce()
	code := p.run(ctx, os.Args)
	stop()
	os.Exit(code)
}

// endAtOnce ends the process at the second interrupt. A SIGTERM beside the first one is no
// second: runner sends it on, and a terminal interrupts both programs.
func endAtOnce() {
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt)
	<-interrupts
	<-interrupts
	os.Exit(exit.Interrupted)
}
