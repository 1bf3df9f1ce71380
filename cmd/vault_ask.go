package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// hidden reads a line that is not shown. The terminal is as before afterwards,
// even if an interrupt ends the waiting.
func (p *Program) hidden(ctx context.Context, tty *os.File, question string) ([]byte, error) {
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return nil, err
	}
	fmt.Fprint(p.Err, question)
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(int(tty.Fd()))
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		fmt.Fprintln(p.Err)
		if l.err != nil {
			return nil, fmt.Errorf("no vault password was typed: %w", l.err)
		}
		return l.text, nil
	case <-ctx.Done():
		_ = term.Restore(int(tty.Fd()), before)
		return nil, &exit{code: exitInterrupted}
	}
}
