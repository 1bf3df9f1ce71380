package engine

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"runner/engine/expr/value"
)

// A Param is one parameter of a kind, read from the tags of a struct field:
//
//	Region string `arg:"region" alias:"zone" default:"par" doc:"Where it runs."`
//
// arg names it; alias has other names, separated by commas; required:"true"
// demands it; excludes names those it cannot go with; written:"true" takes the scalars in
// a Value as text, as they were written; choices lists what it may be; secret:"true" keeps its value from
// being shown; marks:"kept" leaves the marks of secrets in a Value, for what is only
// registered and reported; plain:"true" lets a text stand in the place of all arguments,
// which is then this one; doc says what it is; default says what holds without it (the task
// itself fills it in). The type of the field is the type of the parameter:
// string (the scalar as written), bool, int, float64, []string (or text with
// commas), map[string]string, Value (anything), Expression, Conditions, a struct
// or a pointer to one (parameters inside parameters), or a slice of structs (a list
// of such; nil where it is left out). A *expr.Map named AnyName takes all that is no other parameter; its keys may be templates.
type Param struct {
	Name     string
	Aliases  []string
	Doc      string
	Default  string
	Type     ParamType
	Required bool
	Secret   bool
	Written  bool // of AnyParam: its scalars are texts, as they were written
	// Marked: a Value in which secrets keep their marks; else they are handed over in clear.
	Marked   bool
	Plain    bool
	Planned  bool // it takes, in a check, the id of what is not there yet: value.Unknown.Made
	Excludes []string
	Choices  []string
	Params   []Param // of type Nested or NestedList

	field int
}

// Facts returns what the parameter takes, in few words: its type, whether it is required,
// what it is if left out.
func (p Param) Facts() []string {
	facts := []string{string(p.Type)}
	if p.Required {
		facts = append(facts, "required")
	}
	if p.Secret {
		facts = append(facts, "secret")
	}
	if p.Default != "" {
		facts = append(facts, "default: "+p.Default)
	}
	for _, list := range []struct {
		what  string
		words []string
	}{{"one of ", p.Choices}, {"also ", p.Aliases}, {"not with ", p.Excludes}} {
		if len(list.words) > 0 {
			facts = append(facts, list.what+strings.Join(list.words, ", "))
		}
	}
	return facts
}

// A ParamType is what a parameter takes.
type ParamType string

// The types of parameters, as users read them.
const (
	TextParam       ParamType = "text"
	BoolParam       ParamType = "bool"
	IntParam        ParamType = "int"
	FloatParam      ParamType = "float"
	ListParam       ParamType = "list of text"
	TextMapParam    ParamType = "map of text"
	AnyParam        ParamType = "anything"
	ExpressionParam ParamType = "expression"
	ConditionsParam ParamType = "condition, or list of conditions"
	FreeParam       ParamType = "names with values"
	NestedParam     ParamType = "map"
	NestedListParam ParamType = "list of maps"
)

// holdsText reports whether scalars below the parameter are texts.
func (p Param) holdsText() bool {
	return p.Type == ListParam || p.Type == TextMapParam || p.Written
}

// AnyName is the name of the parameter that stands for all names that are no
// other parameter's.
const AnyName = "*"

// An Expression is a parameter that names a value rather than being one: debug's
// var. What it mentions may be undefined; then Err says so.
type Expression struct {
	Text  string
	Value Value
	Err   error
}

// Conditions is a parameter of conditions that the task itself tests, one by one:
// assert's that.
type Conditions []Tested

// A Tested is a condition that can be tested.
type Tested struct {
	Text string // as written
	// Test returns a bool, or an *expr.Unknown.
	Test func() (Value, error)
}

// paramsOf remembers what a type's tags say; types do not change.
var paramsOf sync.Map // reflect.Type → []Param

// structParams returns the parameters that a struct stands for, in the order of its fields.
func structParams(t reflect.Type) []Param {
	if known, ok := paramsOf.Load(t); ok {
		return known.([]Param)
	}
	var params []Param
	for i := range t.NumField() {
		f := t.Field(i)
		name, ok := f.Tag.Lookup("arg")
		if !ok {
			continue
		}
		p := Param{
			Name: name, Doc: f.Tag.Get("doc"), Default: f.Tag.Get("default"),
			Required: f.Tag.Get("required") == "true", Secret: f.Tag.Get("secret") == "true", Plain: f.Tag.Get("plain") == "true",
			Written: f.Tag.Get("written") == "true", Marked: f.Tag.Get("marks") == "kept", Planned: f.Tag.Get("planned") == "true",
			Aliases: words(f.Tag.Get("alias")), Excludes: words(f.Tag.Get("excludes")), Choices: words(f.Tag.Get("choices")), field: i,
		}
		p.Type, p.Params = typeOf(f.Type)
		params = append(params, p)
	}
	paramsOf.Store(t, params)
	return params
}

func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func typeOf(t reflect.Type) (ParamType, []Param) {
	switch t {
	case reflect.TypeFor[Expression]():
		return ExpressionParam, nil
	case reflect.TypeFor[Conditions]():
		return ConditionsParam, nil
	case reflect.TypeFor[*value.Map]():
		return FreeParam, nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return TextParam, nil
	case reflect.Bool:
		return BoolParam, nil
	case reflect.Int:
		return IntParam, nil
	case reflect.Float64:
		return FloatParam, nil
	case reflect.Slice:
		if item := t.Elem(); item.Kind() == reflect.Struct {
			return NestedListParam, structParams(item)
		}
		return ListParam, nil
	case reflect.Map:
		return TextMapParam, nil
	case reflect.Struct:
		return NestedParam, structParams(t)
	default:
		return AnyParam, nil
	}
}

// find returns the parameter of a name or an alias, else the one that takes any name.
func find(params []Param, name string) (Param, bool) {
	for _, p := range params {
		if p.Name == name || slices.Contains(p.Aliases, name) {
			return p, true
		}
	}
	if i := slices.IndexFunc(params, func(p Param) bool { return p.Name == AnyName }); i >= 0 {
		return params[i], true
	}
	return Param{}, false
}

// names lists what may be written, aliases too.
func names(params []Param) []string {
	var all []string
	for _, p := range params {
		if p.Name != AnyName {
			all = append(append(all, p.Name), p.Aliases...)
		}
	}
	return all
}

// identifies reports whether tasks know things by the argument of that name.
func identifies(argument string) bool {
	switch argument {
	case "name", "addon", "dest", "organisation", "provider":
		return true
	}
	return false
}
