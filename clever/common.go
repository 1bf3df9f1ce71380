package clever

import (
	"encoding/json"
	"sync"
	"sync/atomic"
)

// UnmarshalJSON decodes an add-on. Most of its text is its provider and its plan,
// which many add-ons of a list have in common: like texts are decoded once, and
// their slices are shared. Nobody may write to them.
func (a *Addon) UnmarshalJSON(text []byte) error {
	type plain Addon // has no UnmarshalJSON
	parts := struct {
		*plain
		Provider json.RawMessage `json:"provider"`
		Plan     json.RawMessage `json:"plan"`
	}{plain: (*plain)(a)}
	err := json.Unmarshal(text, &parts)
	if err == nil {
		err = providersDecoded.decode(parts.Provider, &a.Provider)
	}
	if err == nil {
		err = plansDecoded.decode(parts.Plan, &a.Plan)
	}
	return err
}

var (
	providersDecoded decodedTexts[Provider]
	plansDecoded     decodedTexts[Plan]
)

// mostDecoded bounds the texts that are kept: a platform has some hundred plans.
const mostDecoded = 4096

// decodedTexts keeps what JSON texts mean.
type decodedTexts[V any] struct {
	values sync.Map // string to V
	kept   atomic.Int64
}

// decode decodes a text, unless it was before. An empty text leaves the value alone.
func (d *decodedTexts[V]) decode(text []byte, into *V) error {
	if len(text) == 0 {
		return nil
	}
	if v, ok := d.values.Load(string(text)); ok {
		*into = v.(V)
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return err
	}
	if d.kept.Add(1) <= mostDecoded {
		d.values.Store(string(text), *into)
	}
	return nil
}
