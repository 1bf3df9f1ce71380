package vaults

import (
	"bytes"
	"context"
	"errors"

	"runner/cmd/ui"
	"runner/diagnostic"
)

// askPassword has the user type a password, a new one twice.
func askPassword(ctx context.Context, p *ui.Streams, s source, isNew bool) ([]byte, error) {
	tty, done, err := p.Terminal()
	if err != nil {
		return nil, noPassword("there is no terminal to ask for a vault password on")
	}
	defer done()
	questions := []string{"Vault password"}
	if isNew {
		questions = []string{"New vault password", "Confirm new vault password"}
	}
	var typed [][]byte
	for _, q := range questions {
		if !s.unnamed {
			q += " (" + s.label + ")"
		}
		answer, err := p.Hidden(ctx, tty, q+": ")
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

func noPassword(msg string) error {
	return (&diagnostic.Problem{Msg: msg}).
		WithHint("give --%s FILE, or --%s LABEL@FILE, or the password in $RUNNER_VAULT_PASSWORD", "vault-password-file", "vault-id")
}
