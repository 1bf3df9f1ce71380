package reading

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
)

func isVaultTag(tag string) bool { return tag == "!vault" || tag == "!vault-encrypted" }

// vaulted returns a scalar the text that its vault holds. One password that does
// not fit is reported once for each file, not at each of its values.
func (b *builder) vaulted(n *expr.Node, y *yaml.Node) {
	plain, err := b.doc.vault.decrypt(strings.TrimSpace(y.Value))
	switch {
	case errors.Is(err, errSealed):
		n.Text, n.Value = engine.Masked, engine.Masked
	case err != nil:
		p := closed(err, n.Place, func(line int) diagnostic.Place {
			at := n.Place
			if y.Style&yaml.LiteralStyle != 0 {
				at = b.doc.place(at.Line+line, 1)
			}
			return at
		})
		if p.Place != n.Place || !slices.ContainsFunc(b.problems, func(q *diagnostic.Problem) bool { return q.Msg == p.Msg }) {
			b.problems = append(b.problems, p)
		}
	case !utf8.Valid(plain):
		b.problem(n.Place, "the vault opens, but what it holds is not text in UTF-8")
	default:
		n.Text, n.Value, n.Secret = string(plain), string(plain), true
		if b.doc.vault.Secrets != nil {
			b.doc.vault.Secrets.Add(n.Text)
		}
	}
}
