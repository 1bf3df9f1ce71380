package playbooks

import (
	"runner/engine"
	"runner/engine/expr"
)

// Schema gives the JSON Schema (draft 2020-12) of playbooks, for editors: what a
// reader of playbooks accepts, as far as a schema can say it.
func Schema(kinds []engine.Kind) *expr.Map {
	defs := engine.SchemaTypes()
	for name, def := range valueSchemas().All() {
		defs.Set(name, def)
	}
	for i := range kinds {
		defs.Set(kindDef(kinds[i].Name), kinds[i].Schema())
	}
	keywords := Keywords()
	defs.Set("playLike", expr.MapOf("type", "object", "anyOf", playLike(keywords)))
	defs.Set("play", playSchema(keywords))
	defs.Set("plainTask", taskSchema(keywords, kinds))
	defs.Set("block", blockSchema(keywords))
	defs.Set("task", expr.MapOf(
		"if", expr.MapOf("anyOf", anyRequired("block", "rescue", "always")),
		"then", ref("block"), "else", ref("plainTask")))
	return expr.MapOf(
		"$schema", "https://json-schema.org/draft/2020-12/schema",
		"title", "A playbook of runner",
		"description", "A list of plays, or a list of tasks, which is one play on localhost.",
		"type", "array", "minItems", 1,
		"if", expr.MapOf("contains", ref("playLike")),
		"then", expr.MapOf("items", ref("play")),
		"else", expr.MapOf("items", ref("task")),
		"$defs", defs,
	)
}

func ref(name string) *expr.Map { return expr.MapOf("$ref", "#/$defs/"+name) }

func items(list ...expr.Value) []expr.Value { return list }

func anyRequired(names ...string) []expr.Value {
	var all []expr.Value
	for _, name := range names {
		all = append(all, expr.MapOf("required", items(name)))
	}
	return all
}

// playLike tells a play from a task, as looksLikePlay does.
func playLike(keywords []Keyword) []expr.Value {
	var names []string
	for _, k := range keywords {
		if onlyInPlays(k.Name) {
			names = append(names, k.Name)
		}
	}
	return anyRequired(names...)
}

func playSchema(keywords []Keyword) *expr.Map {
	properties := &expr.Map{}
	for _, k := range keywords {
		if k.Play && k.Works() {
			properties.Set(k.Name, k.schema())
		}
	}
	return expr.MapOf("type", "object", "properties", properties, "additionalProperties", false)
}

func (k Keyword) schema() *expr.Map {
	s := &expr.Map{}
	if takes := meanings[k.Name].takes; takes != "" {
		s = ref(takes)
	}
	s.Set("description", k.Doc)
	return s
}

// taskSchema gives the schema of a task that is no block: its keywords and
// exactly one kind, under any of its names.
func taskSchema(keywords []Keyword, kinds []engine.Kind) *expr.Map {
	properties := &expr.Map{}
	for _, k := range keywords {
		if k.Task && k.Works() {
			properties.Set(k.Name, k.schema())
		}
	}
	var names []string
	for i := range kinds {
		for _, name := range spellings(&kinds[i]) {
			properties.Set(name, argsSchema(&kinds[i]))
			names = append(names, name)
		}
	}
	return expr.MapOf("type", "object", "properties", properties, "additionalProperties", false, "oneOf", anyRequired(names...))
}

func blockSchema(keywords []Keyword) *expr.Map {
	properties := &expr.Map{}
	for _, k := range keywords {
		if k.Block && k.Works() {
			properties.Set(k.Name, k.schema())
		}
	}
	return expr.MapOf("type", "object", "properties", properties, "additionalProperties", false, "required", items("block"))
}

func kindDef(name string) string { return "kind-" + name }

// argsSchema gives the schema of what stands below a kind.
func argsSchema(k *engine.Kind) *expr.Map {
	if k.Name != "debug" {
		return ref(kindDef(k.Name))
	}
	return expr.MapOf("anyOf", items(ref(kindDef(k.Name)), expr.MapOf("type", "string", "pattern", "=")))
}

// valueSchemas are what keywords take.
func valueSchemas() *expr.Map {
	condition := expr.MapOf("type", items("string", "boolean", "null"), "pattern", `\S`)
	tag := expr.MapOf("type", "string", "not", ref("template"))
	local := expr.MapOf("enum", items("localhost", "127.0.0.1"))
	variables := expr.MapOf("type", "object", "additionalProperties", ref("text"))
	null := expr.MapOf("type", "null")
	return expr.MapOf(
		"name", expr.MapOf("type", "string", "pattern", identifier.String()),
		"tasks", expr.MapOf("type", items("array", "null"), "items", ref("task")),
		"hosts", expr.MapOf("anyOf", items(local, expr.MapOf("type", "array", "items", local, "minItems", 1, "maxItems", 1))),
		"connection", expr.MapOf("const", "local"),
		"vars", expr.MapOf("type", items("object", "null"), "propertyNames", expr.MapOf("pattern", identifier.String())),
		"tags", expr.MapOf("anyOf", items(tag, expr.MapOf("type", "array", "items", tag), null)),
		"conditions", oneOrMore(condition),
		"risks", oneOrMore(expr.MapOf("type", items("string", "null"),
			"pattern", `^\s*(delete|replace|migrate)(\s*,\s*(delete|replace|migrate))*\s*$`)),
		"loop", &expr.Map{},
		"loopControl", loopControl(),
		"environment", expr.MapOf("anyOf", items(variables, expr.MapOf("type", "array", "items", expr.MapOf("anyOf", items(variables, ref("template")))), ref("template"), null)),
		"moduleDefaults", expr.MapOf("type", items("object", "null"), "additionalProperties", expr.MapOf("type", items("object", "null"))),
		"varsFiles", oneOrMore(oneOrMore(ref("text"))),
		"varsPrompt", expr.MapOf("type", items("array", "null"), "items", promptSchema()),
	)
}

func oneOrMore(s *expr.Map) *expr.Map {
	return expr.MapOf("anyOf", items(s, expr.MapOf("type", "array", "items", s)))
}

func loopControl() *expr.Map {
	return expr.MapOf("type", "object", "additionalProperties", false, "properties", expr.MapOf(
		"loop_var", described("name", "the variable that holds an item; item if left out"),
		"index_var", described("name", "a variable that counts from 0"),
		"label", described("text", "what reports show of an item"),
		"pause", described("float", "seconds to wait between items"),
		"extended", described("bool", "whether ansible_loop is there"),
		"break_when", described("conditions", "stop after an item for which these hold"),
	))
}

func promptSchema() *expr.Map {
	return expr.MapOf("type", "object", "additionalProperties", false, "required", items("name"), "properties", expr.MapOf(
		"name", described("name", "the variable"),
		"prompt", described("text", "the question"),
		"default", described("text", "what an empty answer means"),
		"private", described("bool", "whether the answer is not shown; true if left out"),
		"confirm", described("bool", "whether it is asked twice"),
		"unsafe", described("bool", "whether the answer may look like a template"),
	))
}

func described(takes, doc string) *expr.Map {
	s := ref(takes)
	s.Set("description", doc)
	return s
}

// spellings gives the names under which playbooks can use a kind.
func spellings(k *engine.Kind) []string {
	names := []string{k.Name}
	if k.Full == "" {
		return names
	}
	names = append(names, k.Full)
	if short := bare(k.Full); short != k.Full {
		names = append(names, legacy+short)
	}
	return names
}
