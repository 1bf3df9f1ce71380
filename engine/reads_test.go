package engine

import (
	"reflect"
	"slices"
	"testing"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
)

// plainTypes are those of fields that no template can stand in.
var plainTypes = []reflect.Type{reflect.TypeFor[bool](),
	reflect.TypeFor[string](), reflect.TypeFor[[]string](), reflect.TypeFor[diagnostic.Place](), reflect.TypeFor[*Kind](),
	reflect.TypeFor[LoopKind](), reflect.TypeFor[*Role](), reflect.TypeFor[any](),
}

// mentioning returns a value of a field's type that mentions a name; false where the
// type is one of which nobody knows how it mentions anything.
func mentioning(t *testing.T, typ reflect.Type, name string) (reflect.Value, bool) {
	t.Helper()
	tmpl, err := expr.Parse(builtin.Table(), "{{ "+name+" }}", func(int) diagnostic.Place { return diagnostic.Place{} })
	if err != nil {
		t.Fatal(err)
	}
	n := &expr.Node{Tmpl: tmpl}
	for _, v := range []any{n, []*expr.Node{n}, []*Condition{{Expr: tmpl}}, []Var{{Name: "v", Value: n}}} {
		if reflect.TypeOf(v) == typ {
			return reflect.ValueOf(v), true
		}
	}
	return reflect.Value{}, false
}

// Whatever a field of a step or of its loop mentions, the step reads, unless the
// field's tag says why not.
func TestStepsReadEveryField(t *testing.T) {
	kind := &Kind{Name: "k", New: func() Task { return &struct{ Task }{} }}
	for _, typ := range []reflect.Type{reflect.TypeFor[Step](), reflect.TypeFor[Loop]()} {
		for i := range typ.NumField() {
			field := typ.Field(i)
			if slices.Contains(plainTypes, field.Type) || field.Type == reflect.TypeFor[*Loop]() {
				continue
			}
			v, ok := mentioning(t, field.Type, "mentioned")
			if !ok {
				t.Errorf("%s.%s is a %s: say in reads.go how it is read, or here that it holds no template", typ.Name(), field.Name, field.Type)
				continue
			}
			s := &Step{Kind: kind, Loop: &Loop{}}
			holder := reflect.ValueOf(s).Elem()
			if typ == reflect.TypeFor[Loop]() {
				holder = reflect.ValueOf(s.Loop).Elem()
			}
			if field.Name == "Args" {
				v.Interface().(*expr.Node).Place = diagnostic.Place{}
				v = reflect.ValueOf(&expr.Node{Shape: expr.Mapping, Entries: []expr.Entry{{Key: &expr.Node{Text: "a"}, Value: v.Interface().(*expr.Node)}}})
			}
			holder.Field(i).Set(v)
			read := slices.ContainsFunc(stepRefs(s), func(r syntax.Ref) bool { return r.Name == "mentioned" })
			tag := field.Tag.Get(readsTag)
			if read == (tag == "named" || tag == "again") {
				t.Errorf("%s.%s is tagged %q, and read: %v", typ.Name(), field.Name, tag, read)
			}
		}
	}
}

func TestTagsOfFieldsAreKnown(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[Step](), reflect.TypeFor[Loop]()} {
		for i := range typ.NumField() {
			if tag := typ.Field(i).Tag.Get(readsTag); !slices.Contains([]string{"", "shown", "after", "maybe", "named", "again"}, tag) {
				t.Errorf("%s.%s: unknown tag %q", typ.Name(), typ.Field(i).Name, tag)
			}
		}
	}
}
