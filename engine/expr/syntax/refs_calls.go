package syntax

import (
	"slices"

	"runner/engine/expr/value"
)

// takesUndefined are the filters that take arguments which are not defined.
var takesUndefined = [...]string{"default", "d", "ternary"}

// filtering walks a filter; soft: it may come to nothing, which mandatory alone refuses.
func (w *refWalker) filtering(x *Filter, soft bool) {
	if LastName(x.Name) == "fileglob" {
		w.files(x)
	}
	soft = soft && LastName(x.Name) != "mandatory"
	if x.Of != nil {
		w.operand(x.Of, soft || LastName(x.Name) == "default" || x.Name == "d")
	}
	if slices.Contains(takesUndefined[:], LastName(x.Name)) {
		w.perhaps(func() { w.arguments(x.Args, soft) })
		return
	}
	w.arguments(x.Args, soft)
}

// testing walks a test; soft: it may come to nothing.
func (w *refWalker) testing(x *Test, soft bool) {
	if slices.Contains(fileTests[:], LastName(x.Name)) {
		w.files(x)
	}
	w.operand(x.Of, soft || x.Name == "defined" || x.Name == "undefined")
	w.arguments(x.Args, soft)
}

// call walks a call: of a method its receiver, of lookup('vars', …) the names.
func (w *refWalker) call(x *Call, soft bool) {
	switch fn := x.Fn.(type) {
	case *Attribute:
		w.operand(fn.Of, soft)
	case *Name:
		if !w.bound[fn.Name] && slices.Contains([]string{"lookup", "query", "q"}, fn.Name) && w.varsLookup(x, soft) {
			return
		}
		if !w.bound[fn.Name] && slices.Contains([]string{"lookup", "query", "q"}, fn.Name) && readsFiles(x) {
			w.files(x)
		}
		w.path(fn, soft)
	default:
		w.expression(fn)
	}
	w.arguments(x.Args, soft)
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
func (w *refWalker) varsLookup(x *Call, soft bool) bool {
	if len(x.Args) == 0 {
		return false
	}
	if k, ok := x.Args[0].Value.(*Constant); !ok || LastName(value.Text(k.Value)) != "vars" {
		return false
	}
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
