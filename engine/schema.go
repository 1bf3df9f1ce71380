package engine

import (
	"slices"

	"runner/engine/expr/value"
)

// Schema returns the JSON Schema (draft 2020-12) of a kind's arguments: what
// CheckArgs accepts, as far as a schema can say it. It refers to SchemaTypes as
// "#/$defs/NAME".
func (k *Kind) Schema() *value.Map {
	params := k.Params()
	s := schemaOf(params)
	s.Set("description", k.Doc)
	if !slices.ContainsFunc(params, func(p Param) bool { return p.Required }) {
		return value.MapOf("description", k.Doc, "anyOf", list(s, value.MapOf("type", "null")))
	}
	return s
}

// SchemaTypes are the definitions that schemas of kinds refer to. A template can
// stand wherever a value is evaluated.
func SchemaTypes() *value.Map {
	template := ref("template")
	condition := value.MapOf("type", list("string", "boolean", "null"), "pattern", `\S`)
	return value.MapOf(
		"template", value.MapOf("type", "string", "pattern", `\{[{%#]|^\{.*\}$`, "description", "a template: {{ … }}"),
		"text", value.MapOf("type", list("string", "number", "boolean", "null")),
		"bool", value.MapOf("anyOf", list(
			value.MapOf("type", list("boolean", "null")),
			value.MapOf("enum", list(0, 1)),
			value.MapOf("type", "string", "pattern", `^\s*([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[yY][eE][sS]|[nN][oO]|[oO][nN]|[oO][fF][fF]|[yYnNtTfF01])\s*$`),
			template)),
		"int", number("integer", `^\s*[+-]?[0-9_]+\s*$`),
		"float", number("number", `^\s*[+-]?[0-9_]*\.?[0-9]+([eE][+-]?[0-9]+)?\s*$`),
		"written", value.MapOf("type", list("string", "number", "boolean")),
		"texts", value.MapOf("anyOf", list(ref("text"), value.MapOf("type", "array", "items", ref("written")))),
		"conditions", value.MapOf("anyOf", list(condition, value.MapOf("type", "array", "items", condition))),
		"textMap", value.MapOf("anyOf", list(
			value.MapOf("type", "object", "additionalProperties", ref("written")),
			value.MapOf("type", "null"),
			template)),
	)
}

func number(typ, pattern string) *value.Map {
	return value.MapOf("anyOf", list(
		value.MapOf("type", list(typ, "null")),
		value.MapOf("type", "string", "pattern", pattern),
		ref("template")))
}

func list(items ...value.Value) []value.Value { return items }

func ref(name string) *value.Map { return value.MapOf("$ref", "#/$defs/"+name) }

// schemaOf returns the schema of a map of parameters.
func schemaOf(params []Param) *value.Map {
	properties := &value.Map{}
	s := value.MapOf("type", "object", "properties", properties, "additionalProperties", false)
	var required, rules []value.Value
	for _, p := range params {
		if p.Name == AnyName {
			s.Set("additionalProperties", true)
			continue
		}
		spellings := append([]string{p.Name}, p.Aliases...)
		for _, name := range spellings {
			properties.Set(name, p.schema(name))
		}
		switch {
		case !p.Required:
		case len(spellings) == 1:
			required = append(required, p.Name)
		default:
			rules = append(rules, value.MapOf("anyOf", demands(spellings)))
		}
		rules = append(rules, p.clashes(params, spellings)...)
	}
	if len(required) > 0 {
		s.Set("required", required)
	}
	if len(rules) > 0 {
		s.Set("allOf", rules)
	}
	return s
}

// demands returns for each name the schema that demands it.
func demands(names []string) []value.Value {
	var all []value.Value
	for _, name := range names {
		all = append(all, value.MapOf("required", list(name)))
	}
	return all
}

// clashes forbids to give a parameter by two names, or together with one that it
// excludes.
func (p Param) clashes(params []Param, spellings []string) []value.Value {
	var all []value.Value
	forbid := func(a, b string) {
		all = append(all, value.MapOf("not", value.MapOf("required", list(a, b))))
	}
	for i, name := range spellings {
		for _, other := range spellings[i+1:] {
			forbid(name, other)
		}
		for _, excluded := range p.Excludes {
			if other, ok := find(params, excluded); ok && p.Name < other.Name {
				forbid(name, other.Name)
			}
		}
	}
	return all
}

// schema returns the schema of one parameter under one of its names.
func (p Param) schema(name string) *value.Map {
	s := p.typeSchema()
	doc := p.Doc
	if name != p.Name {
		doc = "the same as " + p.Name
	}
	if doc != "" {
		s.Set("description", doc)
	}
	if p.Default != "" {
		s.Set("default", p.Default)
	}
	return s
}

func (p Param) typeSchema() *value.Map {
	if len(p.Choices) > 0 {
		var choices []value.Value
		for _, c := range p.Choices {
			choices = append(choices, c)
		}
		return value.MapOf("anyOf", list(value.MapOf("enum", choices), ref("template"), value.MapOf("type", "null")))
	}
	switch p.Type {
	case TextParam:
		return ref("text")
	case BoolParam:
		return ref("bool")
	case IntParam:
		return ref("int")
	case FloatParam:
		return ref("float")
	case ListParam:
		return ref("texts")
	case TextMapParam:
		return ref("textMap")
	case ConditionsParam:
		return ref("conditions")
	case ExpressionParam:
		return value.MapOf("type", list("string", "number", "boolean", "null"))
	case NestedListParam:
		one := value.MapOf("anyOf", list(schemaOf(p.Params), ref("template")))
		return value.MapOf("anyOf", list(value.MapOf("type", "array", "items", one), ref("template"), value.MapOf("type", "null")))
	case NestedParam:
		return value.MapOf("anyOf", list(schemaOf(p.Params), ref("template"), value.MapOf("type", "null")))
	}
	return &value.Map{} // anything
}
