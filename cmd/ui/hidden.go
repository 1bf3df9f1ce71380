package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"runner/cmd/exit"
)

// Terminal returns the terminal of the user, which standard input need not be,
// and what closes it. Without one the error is [ErrNoTerminal].
func (s *Streams) Terminal() (tty *os.File, done func(), err error) {
	if IsTerminal(s.In) {
		return s.In.(*os.File), func() {}, nil
	}
	if IsTerminal(s.Err) {
		if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
			return tty, func() { _ = tty.Close() }, nil
		}
	}
	return nil, nil, ErrNoTerminal
}

// Hidden reads a line that is not shown: not even what is typed before the
// question is there. The terminal is as before afterwards, even if a signal ends
// the waiting; an interrupt is an [exit.Error].
func (s *Streams) Hidden(ctx context.Context, tty *os.File, question string) ([]byte, error) {
	defer s.pause()()
	before, err := term.MakeRaw(int(tty.Fd()))
	if err != nil {
		return nil, err
	}
	defer func() { _ = term.Restore(int(tty.Fd()), before) }()
	screen := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{tty, s.Err}, "")
	var line string
	read := make(chan error, 1)
	go func() {
		var err error
		line, err = screen.ReadPassword(question)
		read <- err
	}()
	interrupted := &exit.Error{Code: exit.Interrupted, Err: errors.New("interrupted; nothing was done")}
	select {
	case err := <-read:
		if errors.Is(err, io.EOF) { // control-C, or control-D
			fmt.Fprint(s.Err, "\r\n")
			return nil, interrupted
		}
		return []byte(line), err
	case <-ctx.Done():
		return nil, interrupted
	}
}
