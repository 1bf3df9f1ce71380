package reading

import (
	"errors"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/playbooks/vault"
)

// A Vault opens what is vaulted: whole files, and values tagged !vault. The nil
// Vault opens nothing.
type Vault struct {
	Keys *vault.Keyring
	// Secrets learns what was opened: each value tagged !vault, and the values of
	// files of variables. It may be nil.
	Secrets *engine.Secrets
	// Sealed lets values stay closed while there is no password at all: checking
	// the rest needs none. A closed value is the text of asterisks.
	Sealed bool
}

// decrypt opens one vaulted text.
func (v *Vault) decrypt(text string) ([]byte, error) {
	var keys *vault.Keyring
	if v != nil {
		keys = v.Keys
	}
	plain, _, err := keys.Decrypt([]byte(text))
	if err != nil && v != nil && v.Sealed && errors.Is(err, vault.ErrNoSecrets) {
		return nil, errSealed
	}
	return plain, err
}

var errSealed = errors.New("this stays closed")

// Note makes the scalars below a node secrets: their values are marked, and looked for.
func (v *Vault) Note(n *expr.Node) {
	markAll(n)
	if v != nil && v.Secrets != nil {
		v.lookFor(n)
	}
}

func (v *Vault) lookFor(n *expr.Node) {
	for _, item := range n.Items {
		v.lookFor(item)
	}
	for _, e := range n.Entries {
		v.lookFor(e.Value)
	}
	if _, isBool := n.Value.(bool); n.Shape == expr.Scalar && !isBool {
		v.Secrets.Add(n.Text)
	}
}

// noteMarked has what is written under names that say secret looked for: a message may
// show the line.
func (v *Vault) noteMarked(n *expr.Node) {
	if v == nil || v.Secrets == nil {
		return
	}
	for _, item := range n.Items {
		v.noteMarked(item)
	}
	for _, e := range n.Entries {
		v.noteMarked(e.Value)
	}
	if n.Secret && !syntax.HasTemplate(n.Text) {
		v.Secrets.AddMarked(value.Mark(n.Value), value.Mark(n.Text))
	}
}

// openFile returns what a vaulted file holds.
func (v *Vault) openFile(name string, text string) ([]byte, *diagnostic.Problem) {
	plain, err := v.decrypt(text)
	if errors.Is(err, errSealed) {
		err = vault.ErrNoSecrets
	}
	if err != nil {
		src := &diagnostic.Source{Name: name, Text: text}
		return nil, closed(err, diagnostic.Place{Source: src}, func(line int) diagnostic.Place {
			return diagnostic.Place{Source: src, Line: line, Col: 1}
		})
	}
	return plain, nil
}

// closed tells why something stays closed; inside says where a line of it stands.
func closed(err error, at diagnostic.Place, inside func(line int) diagnostic.Place) *diagnostic.Problem {
	p := &diagnostic.Problem{Place: at, Msg: err.Error(), Err: err}
	if errors.Is(err, vault.ErrNoSecrets) {
		return p.WithHint("give --vault-password-file, --vault-id or --ask-vault-pass")
	}
	if e, ok := errors.AsType[*vault.DamagedError](err); ok && e.Line > 0 {
		p.Place, p.Msg = inside(e.Line), "the vault is damaged: "+e.Msg
	}
	return p
}
