package engine

import (
	"reflect"

	"runner/engine/expr"
	"runner/engine/expr/syntax"
)

// What a step reads is found by reflection: every field of Step and of Loop that can
// hold templates is read, unless its tag says otherwise.
//
//	reads:"shown"  it is shown: an undefined name in it is no mistake
//	reads:"after"  it is read after each try, and sees what the step registers
//	reads:"named"  it is read where its name is mentioned, and not before
//	reads:"args"   its parameters say how they are read
//	reads:"again"  it holds what another field holds too
const readsTag = "reads"

// stepRefs returns every name that a step mentions. What stands in its name is soft:
// an undefined name there is shown, not refused. So is what an Expression names.
func stepRefs(s *Step) []syntax.Ref {
	var refs []syntax.Ref
	readFields(reflect.ValueOf(s).Elem(), func(field *reflect.StructField, found []syntax.Ref) {
		if field.Name == "Args" {
			found = argRefs(s)
		}
		for _, r := range found {
			r.Soft = r.Soft || field.Tag.Get(readsTag) == "shown"
			refs = append(refs, r)
		}
	})
	return refs
}

// readFields calls f with the names that each field of a struct mentions.
func readFields(v reflect.Value, f func(field *reflect.StructField, found []syntax.Ref)) {
	fields := readFieldsOf[v.Type()]
	for i := range fields {
		field, value := &fields[i].field, v.Field(fields[i].index)
		if value.IsZero() {
			continue
		}
		switch x := value.Interface().(type) {
		case *Loop:
			readFields(reflect.ValueOf(x).Elem(), f)
		case *expr.Node:
			f(field, x.Refs())
		case []*expr.Node:
			for _, n := range x {
				f(field, n.Refs())
			}
		case []*Condition:
			for _, c := range x {
				f(field, c.Expr.Refs())
			}
		}
	}
}

// A readField is a field that is read.
type readField struct {
	index int
	field reflect.StructField
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
		if tag := field.Tag.Get(readsTag); tag == "named" || tag == "again" {
			continue
		}
		switch reflect.Zero(field.Type).Interface().(type) {
		case *Loop, *expr.Node, []*expr.Node, []*Condition:
			all = append(all, readField{i, field})
		}
	}
	return all
}

// argRefs returns the names that the parameters of a step mention.
func argRefs(s *Step) []syntax.Ref {
	if s.Args == nil {
		return nil
	}
	var refs []syntax.Ref
	params := s.Kind.Params()
	for _, e := range s.Args.Entries {
		p, _ := find(params, e.Key.Text)
		for _, r := range append(e.Key.Refs(), e.Value.Refs()...) {
			r.Soft = r.Soft || p.Type == ExpressionParam
			refs = append(refs, r)
		}
	}
	return refs
}
