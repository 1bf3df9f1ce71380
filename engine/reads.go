package engine

import (
	"reflect"
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/syntax"
)

// What a step reads is found by reflection: every field of Step and of Loop that can
// hold templates is read, unless its tag says otherwise.
//
//	reads:"shown"  it is shown: an undefined name in it is no mistake
//	reads:"after"  it is read after each try, and sees what the step registers
//	reads:"maybe"  it is read in some cases only: after a failure, after a change
//	reads:"named"  it is read where its name is mentioned, and not before
//	reads:"again"  it holds what another field holds too
const readsTag = "reads"

// A Read is something that a step evaluates: a value or a condition.
type Read struct {
	Field      string // of Step or of Loop: "When"
	When       string // as the field's tag says, "" where it has none
	Node       *expr.Node
	Condition  *Condition
	Parameters []Param // of the kind, where the value is the step's arguments
}

// Refs returns the names that it mentions. What stands in a step's name is soft: an
// undefined name there is shown, not refused. So is what an Expression names.
func (r Read) Refs() []syntax.Ref {
	var refs []syntax.Ref
	switch {
	case r.Condition != nil:
		return r.Condition.Expr.Refs()
	case r.Parameters != nil:
		for _, e := range r.Node.Entries {
			for _, ref := range append(e.Key.Refs(), e.Value.Refs()...) {
				ref.Soft = ref.Soft || IsExpression(r.Parameters, e.Key.Text)
				refs = append(refs, ref)
			}
			if e.Value.Tmpl != nil && IsExpression(r.Parameters, e.Key.Text) && syntax.HasTemplate(e.Value.Text) {
				refs = append(refs, syntax.Ref{Any: true}) // the expression shows only when the task runs
			}
		}
	default:
		refs = slices.Clone(r.Node.Refs())
	}
	for i := range refs {
		refs[i].Soft = refs[i].Soft || r.When == "shown"
	}
	return refs
}

// IsExpression reports whether a parameter is an expression, which may name what is
// not defined.
func IsExpression(params []Param, name string) bool {
	p, _ := find(params, name)
	return p.Type == ExpressionParam
}

// Reads returns everything that a step evaluates, its loop's list included, in the
// order of the fields.
func Reads(s *Step) []Read {
	var all []Read
	readFields(reflect.ValueOf(s).Elem(), func(r Read) {
		if r.Field == "Args" {
			r.Parameters = s.Kind.Params()
		}
		all = append(all, r)
	})
	return all
}

// stepRefs returns every name that a step mentions.
func stepRefs(s *Step) []syntax.Ref {
	var refs []syntax.Ref
	for _, r := range Reads(s) {
		refs = append(refs, r.Refs()...)
	}
	return refs
}

// readFields calls f with what each field of a struct holds.
func readFields(v reflect.Value, f func(Read)) {
	for _, field := range readFieldsOf[v.Type()] {
		value := v.Field(field.index)
		if value.IsZero() {
			continue
		}
		r := Read{Field: field.name, When: field.when}
		switch x := value.Interface().(type) {
		case *Loop:
			readFields(reflect.ValueOf(x).Elem(), f)
		case *expr.Node:
			r.Node = x
			f(r)
		case []*expr.Node:
			for _, r.Node = range x {
				f(r)
			}
		case []*Condition:
			for _, r.Condition = range x {
				f(r)
			}
		}
	}
}

// A readField is a field that is read.
type readField struct {
	index      int
	name, when string
}

// readFieldsOf lists the fields of Step and of Loop that are read.
var readFieldsOf = map[reflect.Type][]readField{
	reflect.TypeFor[Step](): fieldsRead(reflect.TypeFor[Step]()),
	reflect.TypeFor[Loop](): fieldsRead(reflect.TypeFor[Loop]()),
}

func fieldsRead(t reflect.Type) []readField {
	var all []readField
	for i := range t.NumField() {
		field := t.Field(i)
		when := field.Tag.Get(readsTag)
		if when == "named" || when == "again" {
			continue
		}
		switch reflect.Zero(field.Type).Interface().(type) {
		case *Loop, *expr.Node, []*expr.Node, []*Condition:
			all = append(all, readField{i, field.Name, when})
		}
	}
	return all
}

// Own returns the names that a step sees in itself: those of its loop, its own
// result, and, after a try, what it defines.
func (s *Step) Own(after bool) []string {
	var list []string
	if s.Loop != nil {
		list = []string{s.Loop.variable(), "ansible_loop", "ansible_loop_var", "ansible_index_var", s.Register, s.Loop.Index}
	}
	if after {
		list = append(list, s.Register)
		defined, _ := s.Kind.Defines(s.Args)
		list = append(list, defined...)
	}
	return slices.DeleteFunc(list, func(name string) bool { return name == "" })
}
