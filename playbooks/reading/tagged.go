package reading

import (
	"encoding/base64"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

func (b *builder) scalar(n *expr.Node, y *yaml.Node) {
	n.Text = y.Value
	quoted := y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	switch {
	case b.unsafe:
		n.Value = y.Value
		b.doc.isData(n)
	case y.Style&yaml.TaggedStyle != 0 && isVaultTag(y.ShortTag()):
		b.vaulted(n, y)
		b.doc.isData(n)
	case y.Style&yaml.TaggedStyle != 0:
		v, ok := tagged(y.ShortTag(), y.Value)
		if !ok {
			b.problem(n.Place, "%q is not what its tag %s says", y.Value, y.ShortTag())
		}
		n.Value = v
	case quoted:
		n.Value = y.Value
	default:
		n.Value = plain(y.Value)
	}
}

// tagged returns the value of a scalar by its tag; false if it is not of that type.
func tagged(tag, text string) (v value.Value, ok bool) {
	switch tag {
	case "!!str", "!!merge":
		return text, true
	case "!!null":
		return nil, true
	case "!!timestamp":
		return date(text), true
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		return string(data), err == nil && utf8.Valid(data)
	}
	v = plain(text)
	if f, err := strconv.ParseFloat(text, 64); err == nil && tag == "!!float" {
		return f, true // 1e3 is text without the tag
	}
	switch x := v.(type) {
	case bool:
		return v, tag == "!!bool"
	case int:
		if tag == "!!float" {
			return float64(x), true
		}
		return v, tag == "!!int"
	case *big.Int:
		f, _ := new(big.Float).SetInt(x).Float64()
		if tag == "!!float" {
			return f, true
		}
		return v, tag == "!!int"
	case float64:
		return v, tag == "!!float"
	}
	return nil, false
}

// isData keeps a scalar from being read as a template.
func (d *Document) isData(n *expr.Node) {
	if d.unsafe == nil {
		d.unsafe = map[*expr.Node]bool{}
	}
	d.unsafe[n] = true
}
