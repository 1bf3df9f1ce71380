package syntax

import (
	"slices"

	"runner/engine/expr/value"
)

// takesUndefined are the filters that take arguments which are not defined.
var takesUndefined = [...]string{"default", "d", "ternary"}

func (w *refWalker) filtering(x *Filter) {
	if x.Of != nil {
		w.operand(x.Of, x.Name == "default" || x.Name == "d")
	}
	if slices.Contains(takesUndefined[:], LastName(x.Name)) {
		w.perhaps(func() { w.arguments(x.Args) })
		return
	}
	w.arguments(x.Args)
}

// call walks a call: of a method its receiver, of lookup('vars', …) the names.
func (w *refWalker) call(x *Call) {
	switch fn := x.Fn.(type) {
	case *Attribute:
		w.operand(fn.Of, false)
	case *Name:
		if !w.bound[fn.Name] && slices.Contains([]string{"lookup", "query", "q"}, fn.Name) && w.varsLookup(x) {
			return
		}
		if !w.bound[fn.Name] && slices.Contains([]string{"lookup", "query", "q"}, fn.Name) && readsFiles(x) {
			w.files(x)
		}
		w.path(fn, false)
	default:
		w.expression(fn)
	}
	w.arguments(x.Args)
}

// fileTests are the tests that look at files.
var fileTests = [...]string{"exists", "file", "directory", "link", "link_exists", "mount", "same_file",
	"is_file", "is_dir", "is_link", "is_mount", "is_same_file"}

// pureLookups are the lookups that read neither files nor the world.
var pureLookups = [...]string{"env", "vars", "varnames", "dict", "items", "list", "nested", "together", "sequence",
	"subelements", "indexed_items", "random_choice", "inventory_hostnames", "config"}

// PureLookup reports whether a lookup of this name reads neither files nor the world.
func PureLookup(name string) bool { return slices.Contains(pureLookups[:], LastName(name)) }

// readsFiles reports whether a lookup may read files: its name is not known, or says so.
func readsFiles(x *Call) bool {
	if len(x.Args) == 0 {
		return true
	}
	k, ok := x.Args[0].Value.(*Constant)
	return !ok || !PureLookup(value.Text(k.Value))
}

// files notes that the template may read files.
func (w *refWalker) files(x Expression) {
	w.refs = append(w.refs, Ref{Place: w.t.Place(x.At()), Files: true})
}

// varsLookup finds the variables that lookup('vars', …) names.
func (w *refWalker) varsLookup(x *Call) bool {
	if len(x.Args) == 0 {
		return false
	}
	if k, ok := x.Args[0].Value.(*Constant); !ok || LastName(value.Text(k.Value)) != "vars" {
		return false
	}
	soft := false
	for _, a := range x.Args[1:] {
		soft = soft || a.Name == "default"
	}
	for _, a := range x.Args[1:] {
		switch k, ok := a.Value.(*Constant); {
		case a.Name != "":
			w.expression(a.Value)
		case ok && a.Spread == 0:
			w.refs = append(w.refs, Ref{Name: value.Text(k.Value), Place: w.t.Place(a.Value.At()), Soft: soft, Maybe: w.maybe})
		default:
			w.expression(a.Value)
			w.refs = append(w.refs, Ref{Place: w.t.Place(a.Value.At()), Any: true, Soft: soft})
		}
	}
	return true
}
