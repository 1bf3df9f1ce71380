package engine

import "runner/engine/expr"

// What single kinds add to Task stands here, each as an interface of its own. Whoever
// has one says so in the file of the kind:
//
//	var _ engine.Guard = (*Assert)(nil)
//
// As asks for it, of a task as New returns it: its parameters are not filled in yet.

// As returns a task of the kind as one of the optional interfaces, and whether it has that.
func As[T Task](k *Kind) (T, bool) {
	var none T
	if k == nil || k.New == nil {
		return none, false
	}
	t, ok := k.New().(T)
	return t, ok
}

// has reports whether the tasks of a kind have an optional interface.
func has[T Task](k *Kind) bool { _, ok := As[T](k); return ok }

// A Guard is a Task that may stop the play on purpose: all that stands before it ends
// first, and nothing that stands after it starts sooner.
type Guard interface {
	Task
	Guard()
}

// A Definer is a Task that defines variables beside what it registers. Steps of such a
// kind are looped one item after the other.
type Definer interface {
	Task
	// Defines returns the variables that a task with these arguments, nil where it has
	// none, defines; more is true if it may define others.
	Defines(args *expr.Node) (names []string, more bool)
}

// Defines returns the variables that a task of the kind defines; see Definer.
func (k *Kind) Defines(args *expr.Node) (names []string, more bool) {
	if d, ok := As[Definer](k); ok {
		return d.Defines(args)
	}
	return nil, false
}

// changes reports whether tasks of the kind may change anything outside.
func (k *Kind) changes() bool { return !k.Shows && !has[Guard](k) && !has[Definer](k) }
