package engine

import (
	"fmt"
	"math/big"
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// A Return is one part of what tasks of a kind register, beside changed and failed.
type Return struct {
	Name string
	Doc  string
	Type ParamType
	// Null: it may be null: it is not known, or there is none.
	Null bool
	// Secret: its values are never shown unless a debug names them.
	Secret bool
	// Costs: it takes a request to read it, so it is read when it is used.
	Costs bool
	// Maybe: it is there in some results only.
	Maybe bool
	// Fields are the parts of a map, or of each map of a list; none where they differ.
	Fields []Return
	// Open: there may be other fields.
	Open bool
}

// A Resulter is a Task whose arguments say more about its result than its kind does.
type Resulter interface {
	Task
	// Result returns what a task with these arguments registers, by the Returns of its kind.
	Result(returns []Return, args *expr.Node) []Return
}

// Result returns what a task of the kind with these arguments registers.
func (k *Kind) Result(args *expr.Node) []Return {
	if r, ok := As[Resulter](k); ok {
		return r.Result(k.Returns, args)
	}
	return k.Returns
}

// SecretPaths returns the paths of what is secret in results of the kind: "addons.env".
func (k *Kind) SecretPaths() []string { return secretPaths("", k.Returns) }

func secretPaths(path string, fields []Return) []string {
	var all []string
	for _, f := range fields {
		if f.Secret {
			all = append(all, path+f.Name)
		} else {
			all = append(all, secretPaths(path+f.Name+".", f.Fields)...)
		}
	}
	return all
}

// A MissingPart says that a path leads to nothing in a result.
type MissingPart struct {
	At   int      // which name of the path there is not
	Near []string // the parts that there are in its place
	// Open: it may be there all the same.
	Open bool
}

// FindPart returns what of a path there is not in a result; nil where all of it may be.
func FindPart(fields []Return, path []string) *MissingPart {
	open := false
	for i, name := range path {
		n := slices.IndexFunc(fields, func(f Return) bool { return f.Name == name })
		if n < 0 && slices.ContainsFunc(fields, func(f Return) bool { return f.Name == AnyName }) {
			return nil
		}
		if n < 0 {
			missing := &MissingPart{At: i, Open: open}
			for _, f := range fields {
				missing.Near = append(missing.Near, f.Name)
			}
			return missing
		}
		open = fields[n].Open
		if fields[n].Type != NestedParam && fields[n].Type != TextMapParam || len(fields[n].Fields) == 0 {
			return nil // what is below may be anything, or is no map
		}
		fields = fields[n].Fields
	}
	return nil
}

// CheckResult returns what of a result is not as its kind says. An Unknown counts as
// anything, and so does a Later, where the kind says that the part costs a request.
func CheckResult(returns []Return, m *value.Map) []string {
	closed := !slices.ContainsFunc(returns, func(f Return) bool { return f.Name == AnyName })
	return checkFields("", returns, closed, m)
}

// everyResult are the parts that the engine gives every result.
var everyResult = []string{"changed", "failed", "attempts"}

func checkFields(path string, fields []Return, closed bool, m *value.Map) []string {
	var wrong []string
	stored := map[string]Value{}
	for key, v := range m.Stored() {
		name := value.Text(key)
		stored[name] = v
		known := slices.ContainsFunc(fields, func(f Return) bool { return f.Name == name })
		if closed && !known && (path != "" || !slices.Contains(everyResult, name)) {
			wrong = append(wrong, path+name+" is no part of it")
		}
	}
	for _, f := range fields {
		v, there := stored[f.Name]
		if f.Name == AnyName {
			continue
		}
		switch _, costs := v.(*value.Later); {
		case !there && !f.Maybe:
			wrong = append(wrong, path+f.Name+" is missing")
		case costs && !f.Costs:
			wrong = append(wrong, path+f.Name+" costs a request, and its kind does not say so")
		case there && !costs:
			wrong = append(wrong, f.check(path+f.Name, v)...)
		}
	}
	return wrong
}

// check returns what of a value is not as the part says.
func (f Return) check(path string, v Value) []string {
	v = value.Open(v)
	if _, unknown := v.(*value.Unknown); unknown || v == nil && f.Null {
		return nil
	}
	switch v := v.(type) {
	case *value.Map:
		if f.Type == NestedParam || f.Type == TextMapParam && len(f.Fields) > 0 {
			return checkFields(path+".", f.Fields, len(f.Fields) > 0 && !f.Open, v)
		}
	case []Value:
		if f.Type == NestedListParam {
			return f.checkItems(path, v)
		}
	}
	if !f.Type.holds(v) {
		return []string{fmt.Sprintf("%s is %s, and its kind says %s", path, value.TypeName(v), f.Type)}
	}
	return nil
}

func (f Return) checkItems(path string, items []Value) []string {
	var wrong []string
	for i, item := range items {
		one := Return{Type: NestedParam, Fields: f.Fields, Open: f.Open}
		wrong = append(wrong, one.check(fmt.Sprintf("%s[%d]", path, i), item)...)
	}
	return wrong
}

// holds reports whether a value is of a type.
func (t ParamType) holds(v Value) bool {
	switch v := v.(type) {
	case string:
		return t == TextParam || t == AnyParam
	case bool:
		return t == BoolParam || t == AnyParam
	case int, *big.Int:
		return t == IntParam || t == FloatParam || t == AnyParam
	case float64:
		return t == FloatParam || t == AnyParam
	case []Value:
		texts := !slices.ContainsFunc(v, func(item Value) bool { return !TextParam.holds(item) })
		return t == AnyParam || t == ListParam && texts
	case *value.Map:
		if t == TextMapParam {
			for _, item := range v.All() {
				if !TextParam.holds(item) {
					return false
				}
			}
		}
		return t == AnyParam || t == TextMapParam || t == FreeParam
	case *value.Unknown:
		return true
	}
	return t == AnyParam
}

// ResultSchema returns the JSON Schema of what tasks of the kind register.
func (k *Kind) ResultSchema() *value.Map {
	s := fieldsSchema(k.Returns, true)
	s.Set("description", "what "+k.Name+" registers")
	return s
}

func fieldsSchema(fields []Return, open bool) *value.Map {
	properties, required := &value.Map{}, []value.Value{}
	for _, f := range fields {
		s := f.schema()
		s.Set("description", f.Doc)
		if f.Secret {
			s.Set("writeOnly", true) // the vocabulary's word for what must not be shown
		}
		properties.Set(f.Name, s)
		if !f.Maybe {
			required = append(required, f.Name)
		}
	}
	s := value.MapOf("type", "object", "properties", properties)
	if len(required) > 0 && !open {
		s.Set("required", required)
	}
	if !open {
		s.Set("additionalProperties", false)
	}
	return s
}

// schema returns the JSON Schema of a part.
func (f Return) schema() *value.Map {
	of := func(name string) *value.Map {
		if f.Null {
			return value.MapOf("type", []value.Value{name, "null"})
		}
		return value.MapOf("type", name)
	}
	switch f.Type {
	case TextParam:
		return of("string")
	case BoolParam:
		return of("boolean")
	case IntParam:
		return of("integer")
	case FloatParam:
		return of("number")
	case ListParam:
		s := of("array")
		s.Set("items", value.MapOf("type", "string"))
		return s
	case TextMapParam:
		s := of("object")
		s.Set("additionalProperties", value.MapOf("type", "string"))
		return s
	case NestedListParam:
		s := of("array")
		s.Set("items", fieldsSchema(f.Fields, f.Open || len(f.Fields) == 0))
		return s
	case NestedParam:
		s := fieldsSchema(f.Fields, f.Open || len(f.Fields) == 0)
		if f.Null {
			s.Set("type", []value.Value{"object", "null"})
		}
		return s
	case FreeParam:
		return of("object")
	}
	return &value.Map{}
}
