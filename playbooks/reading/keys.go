package reading

import (
	"math/big"
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// keys are those of one map so far.
type keys struct {
	few  []knownKey
	many map[value.Value]*expr.Node // takes over from the ninth on
}

type knownKey struct {
	id   value.Value
	node *expr.Node
}

// add notes a key, and gives the one of the same value that is there already.
func (k *keys) add(key *expr.Node) *expr.Node {
	id := identity(key.Value)
	if k.many != nil {
		if first := k.many[id]; first != nil {
			return first
		}
		k.many[id] = key
		return nil
	}
	for _, other := range k.few {
		if other.id == id {
			return other.node
		}
	}
	k.few = append(k.few, knownKey{id, key})
	if len(k.few) > 8 {
		k.many = map[value.Value]*expr.Node{}
		for _, other := range k.few {
			k.many[other.id] = other.node
		}
	}
	return nil
}

// identity makes keys comparable that are one key to the language: 1, 1.0 and true.
func identity(v value.Value) value.Value {
	switch x := v.(type) {
	case bool:
		if x {
			return 1
		}
		return 0
	case float64:
		if i := int(x); float64(i) == x {
			return i
		}
	case *big.Int:
		return [1]string{x.String()}
	}
	return v
}

// merge returns the entries that << brings in: those of a map, or of a list of
// maps of which the first wins.
func (b *builder) merge(key, value *expr.Node) []expr.Entry {
	if value.Shape == expr.Mapping {
		return value.Entries
	}
	var all []expr.Entry
	for _, from := range slices.Backward(value.Items) {
		if from.Shape != expr.Mapping {
			b.problem(from.Place, "only maps can be merged by <<")
			continue
		}
		all = overlay(all, from.Entries)
	}
	if value.Shape == expr.Scalar && !b.stopped {
		b.problem(key.Place, "only a map, or a list of maps, can be merged by <<")
	}
	return all
}

// overlay returns the entries of base, replaced by those of top that have the same
// key; what only top has comes last.
func overlay(base, top []expr.Entry) []expr.Entry {
	all := slices.Clone(base)
	at := make(map[value.Value]int, len(all))
	for i, e := range all {
		at[identity(e.Key.Value)] = i
	}
	for _, e := range top {
		id := identity(e.Key.Value)
		if i, ok := at[id]; ok {
			all[i] = e
			continue
		}
		at[id] = len(all)
		all = append(all, e)
	}
	return all
}
