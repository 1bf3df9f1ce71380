// Runner-fleet plays many playbooks, on schedules and on many machines: `runner fleet`
// hands over to it. It knows the packages of the fleet, and nothing of what they know.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the time zones of cron, whatever the machine has

	"runner/cmd/ui"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // writing reports that the reader has gone
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{Streams: ui.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}}
	code := p.run(ctx, os.Args)
	stop()
	os.Exit(code)
}
