package expr

import (
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// A loopVar is `loop` in the body of a for.
type loopVar struct {
	items   []value.Value
	i       int
	changed []value.Value // what loop.changed saw last; nil: nothing yet
	again   func(value.Value) (value.Value, error)
	depth   int
}

func (*loopVar) TypeName() string { return "LoopContext" }

func (st *state) execLoop(s *syntax.For, out *output) error {
	over, err := st.eval(s.Over)
	if err != nil {
		return err
	}
	return st.runLoop(s, out, over, 0)
}

func (st *state) runLoop(s *syntax.For, out *output, over value.Value, depth int) error {
	switch v := over.(type) {
	case *value.Unknown:
		return &value.UnknownError{Unknown: v}
	case *value.Undefined:
		return st.failAt(syntax.Pos(s.Over.At()), v.Err())
	}
	items, err := st.c.Elements(over)
	if err != nil {
		return st.failAt(syntax.Pos(s.Over.At()), err)
	}
	if s.Test != nil {
		if items, err = st.chosen(s, items); err != nil {
			return err
		}
	}
	if len(items) == 0 {
		return st.block(s.Otherwise, out)
	}
	lv := &loopVar{items: items, depth: depth}
	if s.Recursive {
		lv.again = func(v value.Value) (value.Value, error) { return st.recurse(s, v, depth+1) }
	}
	for lv.i = range items {
		if err := st.once(s, out, lv); err != nil {
			return err
		}
	}
	return nil
}

// recurse is what loop(items) does in a recursive loop.
func (st *state) recurse(s *syntax.For, over value.Value, depth int) (value.Value, error) {
	if depth > maxCalls {
		return nil, value.Errorf(value.LimitError, "the loop calls itself more than %d deep", maxCalls)
	}
	out := &output{}
	if err := st.runLoop(s, out, over, depth); err != nil {
		return nil, err
	}
	out.parts = append(out.parts, "", "")
	return st.gather(out)
}

func (st *state) once(s *syntax.For, out *output, lv *loopVar) error {
	if err := st.step(); err != nil {
		return st.failAt(s.Pos, err)
	}
	return st.inFrame(func() error {
		if err := st.assign(s.Target, lv.items[lv.i]); err != nil {
			return err
		}
		st.local.set("loop", lv)
		return st.block(s.Body, out)
	})
}

// chosen returns the items for which the loop's `if` holds.
func (st *state) chosen(s *syntax.For, items []value.Value) ([]value.Value, error) {
	var kept []value.Value
	for _, item := range items {
		err := st.inFrame(func() error {
			if err := st.assign(s.Target, item); err != nil {
				return err
			}
			t, u, err := st.truth(s.Test)
			if u != nil {
				return &value.UnknownError{Unknown: u}
			}
			if t {
				kept = append(kept, item)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// attr returns an attribute of `loop`.
func (l *loopVar) attr(name string) (value.Value, bool) {
	n := len(l.items)
	switch name {
	case "index":
		return l.i + 1, true
	case "index0":
		return l.i, true
	case "revindex":
		return n - l.i, true
	case "revindex0":
		return n - l.i - 1, true
	case "first":
		return l.i == 0, true
	case "last":
		return l.i == n-1, true
	case "length":
		return n, true
	case "depth":
		return l.depth + 1, true
	case "depth0":
		return l.depth, true
	case "previtem":
		return l.item(l.i - 1)
	case "nextitem":
		return l.item(l.i + 1)
	}
	return nil, false
}

func (l *loopVar) item(i int) (value.Value, bool) {
	if i < 0 || i >= len(l.items) {
		return nil, false
	}
	return l.items[i], true
}

// loopMethods are the methods of `loop`.
func loopMethods() []Operation {
	return []Operation{
		{Names: "cycle", Params: "*args", How: Raw | Keeps, Do: func(u *Call) (value.Value, error) {
			if len(u.Rest) == 0 {
				return nil, value.Errorf(value.TypeError, "'cycle' needs values to go through")
			}
			return u.Rest[u.In.(*loopVar).i%len(u.Rest)], nil
		}},
		{Names: "changed", Params: "*args", Do: func(u *Call) (value.Value, error) {
			l := u.In.(*loopVar)
			same := l.changed != nil && u.Context.EqualLists(l.changed, u.Rest)
			l.changed = append([]value.Value{}, u.Rest...)
			return !same, nil
		}},
	}
}
