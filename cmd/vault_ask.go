package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"runner/engine"
)

// askPassword has a person type a password, a new one twice.
func (p *Program) askPassword(ctx context.Context, s vaultSource, isNew bool) ([]byte, error) {
	tty, done, err := p.terminal()
	if err != nil {
		return nil, err
	}
	defer done()
	questions := []string{"Vault password"}
	if isNew {
		questions = []string{"New vault password", "Confirm new vault password"}
	}
	var typed [][]byte
	for _, q := range questions {
		if !s.plain {
			q += " (" + s.label + ")"
		}
		answer, err := p.hidden(ctx, tty, q+": ")
		if err != nil {
			return nil, err
		}
		if answer = bytes.TrimSpace(answer); len(answer) == 0 {
			return nil, errors.New("the vault password must not be empty")
		}
		typed = append(typed, answer)
	}
	if !bytes.Equal(typed[0], typed[len(typed)-1]) {
		return nil, errors.New("the two passwords differ; nothing was done")
	}
	return typed[0], nil
}

// terminal gives the terminal of the person who runs the program, which standard
// input need not be.
func (p *Program) terminal() (tty *os.File, done func(), err error) {
	if terminal(p.In) {
		return p.In.(*os.File), func() {}, nil
	}
	if terminal(p.Err) {
		if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
			return tty, func() { _ = tty.Close() }, nil
		}
	}
	return nil, nil, noPassword("there is no terminal to ask for a vault password on")
}

func noPassword(msg string) error {
	return (&engine.Problem{Msg: msg}).
		WithHint("give --%s FILE, or --%s LABEL@FILE, or the password in $RUNNER_VAULT_PASSWORD", vaultFileFlag, vaultIDFlag)
}

// hidden reads a line that is not shown: not even what is typed before the question
// is there. The terminal is as before afterwards, even if a signal ends the waiting.
func (p *Program) hidden(ctx context.Context, tty *os.File, question string) ([]byte, error) {
	before, err := term.MakeRaw(int(tty.Fd()))
	if err != nil {
		return nil, err
	}
	defer func() { _ = term.Restore(int(tty.Fd()), before) }()
	screen := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{tty, p.Err}, "")
	var line string
	read := make(chan error, 1)
	go func() {
		var err error
		line, err = screen.ReadPassword(question)
		read <- err
	}()
	interrupted := &exit{exitInterrupted, errors.New("interrupted; nothing was done")}
	select {
	case err := <-read:
		if errors.Is(err, io.EOF) { // control-C, or control-D
			fmt.Fprint(p.Err, "\r\n")
			return nil, interrupted
		}
		return []byte(line), err
	case <-ctx.Done():
		return nil, interrupted
	}
}
