// Package signals turns the signals that a process gets into the end of a
// context. It is for a program's main function: handlers are process-wide. It
// knows nothing of what the program does.
package signals

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"runner/cmd/exit"
)

// A Handler receives the signals that end the program. The nil Handler receives
// none.
type Handler struct {
	signals chan os.Signal
	ending  []os.Signal // those that end the program here
}

// Handle returns a context that ends with the first interrupt, SIGTERM or SIGHUP.
// The second one ends the process at once; before, a line is written for each
// change that underWay returns. A signal that whoever started the process had set
// to be ignored (nohup, a shell's background job) stays ignored. SIGPIPE is
// ignored: the write that fails reports that the reader has gone.
func Handle(ctx context.Context, stderr io.Writer, underWay func() []string) (*Handler, context.Context, func()) {
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(ctx)
	h := &Handler{signals: make(chan os.Signal, 2)}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			h.ending = append(h.ending, s)
		}
	}
	h.listen()
	go func() {
		if _, ok := <-h.signals; !ok {
			return
		}
		fmt.Fprintln(stderr, "interrupted: what is under way is finished, nothing more is started; a second interrupt stops at once")
		cancel()
		if _, ok := <-h.signals; ok {
			fmt.Fprintln(stderr, "interrupted twice: stopped at once")
			for _, change := range underWay() {
				fmt.Fprintf(stderr, "it may have been done or not: %s\n", change)
			}
			os.Exit(exit.Interrupted)
		}
	}()
	return h, ctx, func() {
		signal.Stop(h.signals)
		close(h.signals)
		cancel()
	}
}

// listen lets the signals come to the handler. Notify without signals would mean
// all of them.
func (h *Handler) listen() {
	if len(h.ending) > 0 {
		signal.Notify(h.signals, h.ending...)
	}
}

// Take lets signals come to the caller, instead of ending the program, until
// release is called.
func (h *Handler) Take() (signals <-chan os.Signal, release func()) {
	own := make(chan os.Signal, 4)
	signal.Notify(own, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	if h != nil {
		signal.Stop(h.signals)
	}
	return own, func() {
		if h != nil {
			h.listen()
		}
		signal.Stop(own)
	}
}
