package playbooks

import (
	"strings"

	"runner/engine"
	"runner/engine/expr/value"
)

// Schema gives the JSON Schema (draft 2020-12) of playbooks, for editors: what a
// reader of playbooks accepts, as far as a schema can say it.
func Schema(kinds []engine.Kind) *value.Map {
	defs := engine.SchemaTypes()
	for name, def := range valueSchemas().All() {
		defs.Set(name, def)
	}
	for i := range kinds {
		defs.Set(kindDef(kinds[i].Name), kinds[i].Schema())
	}
	keywords := Keywords()
	defs.Set("playLike", value.MapOf("type", "object", "anyOf", playLike(keywords)))
	defs.Set("play", choice(everySpelling("import_playbook"), "playbookImport", ref("plainPlay")))
	defs.Set("plainPlay", strict(chosen(keywords, func(k Keyword) bool { return k.Play && k.Name != "import_playbook" })))
	defs.Set("playbookImport", importSchema("import_playbook", playbookKeywords[1:]))
	defs.Set("task", choice([]string{"block", "rescue", "always"}, "block",
		choice(everySpelling(importTasks), "tasksImport", ref("plainTask"))))
	defs.Set("block", blockSchema(keywords))
	defs.Set("tasksImport", importSchema(importTasks, importKeywords[:]))
	defs.Set("plainTask", taskSchema(keywords, kinds))
	return value.MapOf(
		"$schema", "https://json-schema.org/draft/2020-12/schema",
		"title", "A playbook of runner",
		"description", "A list of plays, or a list of tasks, which is one play on localhost.",
		"type", "array", "minItems", 1,
		"if", value.MapOf("contains", ref("playLike")),
		"then", value.MapOf("items", ref("play")),
		"else", value.MapOf("items", ref("task")),
		"$defs", defs,
	)
}

func ref(name string) *value.Map { return value.MapOf("$ref", "#/$defs/"+name) }

func items(list ...value.Value) []value.Value { return list }

func anyRequired(names ...string) []value.Value {
	var all []value.Value
	for _, name := range names {
		all = append(all, value.MapOf("required", items(name)))
	}
	return all
}

// playLike tells a play from a task, as looksLikePlay does.
func playLike(keywords []Keyword) []value.Value {
	var names []string
	for _, k := range keywords {
		if onlyInPlays(k.Name) {
			names = append(names, k.Name)
		}
	}
	return anyRequired(names...)
}

// choice is one schema for maps that have one of some keys, and another for the rest.
func choice(keys []string, then string, otherwise *value.Map) *value.Map {
	return value.MapOf("if", value.MapOf("anyOf", anyRequired(keys...)), "then", ref(then), "else", otherwise)
}

// strict is the schema of a map that has no other keys than those.
func strict(properties *value.Map) *value.Map {
	return value.MapOf("type", "object", "properties", properties, "additionalProperties", false)
}

// chosen gives the schemas of those keywords that work and are wanted.
func chosen(keywords []Keyword, wanted func(Keyword) bool) *value.Map {
	properties := &value.Map{}
	for _, k := range keywords {
		if k.Works() && wanted(k) {
			properties.Set(k.Name, k.schema())
		}
	}
	return properties
}

// importSchema gives the schema of what brings in a file, with the keywords that
// can stand beside it.
func importSchema(kind string, beside []string) *value.Map {
	properties := &value.Map{}
	for _, name := range everySpelling(kind) {
		properties.Set(name, value.MapOf("anyOf", items(
			value.MapOf("type", "string", "not", ref("template")),
			value.MapOf("type", "object"))))
	}
	for _, name := range beside {
		properties.Set(name, Keyword{Name: name, Doc: meanings[name].doc}.schema())
	}
	return strict(properties)
}

func (k Keyword) schema() *value.Map {
	s := &value.Map{}
	if takes := meanings[k.Name].takes; takes != "" {
		s = ref(takes)
	}
	s.Set("description", k.Doc)
	return s
}

// taskSchema gives the schema of a task that is no block: its keywords and
// exactly one kind, under any of its names.
func taskSchema(keywords []Keyword, kinds []engine.Kind) *value.Map {
	properties := chosen(keywords, func(k Keyword) bool { return k.Task })
	names := []string{"action", "local_action"}
	for i := range kinds {
		for _, name := range spellings(&kinds[i]) {
			properties.Set(name, argsSchema(&kinds[i]))
			names = append(names, name)
		}
	}
	s := strict(properties)
	s.Set("oneOf", anyRequired(names...))
	return s
}

func blockSchema(keywords []Keyword) *value.Map {
	s := strict(chosen(keywords, func(k Keyword) bool { return k.Block }))
	s.Set("required", items("block"))
	return s
}

func kindDef(name string) string { return "kind-" + name }

// argsSchema gives the schema of what stands below a kind.
func argsSchema(k *engine.Kind) *value.Map {
	args := ref(kindDef(k.Name))
	for _, form := range plainForms {
		if form.kind == k.Name {
			return value.MapOf("anyOf", items(args, value.MapOf("type", "string")))
		}
	}
	if !strings.HasPrefix(k.Full, builtin) {
		return args
	}
	return value.MapOf("anyOf", items(args, value.MapOf("type", "string", "pattern", "=")))
}

// valueSchemas are what keywords take.
func valueSchemas() *value.Map {
	tag := value.MapOf("type", "string", "not", ref("template"))
	local := value.MapOf("enum", items("localhost", "127.0.0.1"))
	variables := value.MapOf("type", "object", "additionalProperties", ref("text"))
	null := value.MapOf("type", "null")
	return value.MapOf(
		"name", value.MapOf("type", "string", "pattern", identifier.String()),
		"tasks", value.MapOf("type", items("array", "null"), "items", ref("task")),
		"hosts", value.MapOf("anyOf", items(local, value.MapOf("type", "array", "items", local, "minItems", 1, "maxItems", 1))),
		"connection", value.MapOf("const", "local"),
		"vars", value.MapOf("type", items("object", "null"), "propertyNames", value.MapOf("pattern", identifier.String())),
		"tags", value.MapOf("anyOf", items(tag, value.MapOf("type", "array", "items", tag), null)),
		"risks", oneOrMore(value.MapOf("type", items("string", "null"),
			"pattern", `^\s*(delete|replace|migrate)(\s*,\s*(delete|replace|migrate))*\s*$`)),
		"loop", value.MapOf("anyOf", items(value.MapOf("type", "array"), ref("template"))),
		"withItems", value.MapOf("type", items("array", "string", "number", "boolean")),
		"withDict", value.MapOf("anyOf", items(value.MapOf("type", "object"), ref("template"))),
		"action", value.MapOf("type", items("string", "object")),
		"count", amount("integer", `^[0-9]+$`),
		"seconds", amount("number", `^[0-9]*\.?[0-9]+$`),
		"loopControl", loopControl(),
		"environment", value.MapOf("anyOf", items(variables, value.MapOf("type", "array", "items", value.MapOf("anyOf", items(variables, ref("template")))), ref("template"), null)),
		"moduleDefaults", value.MapOf("type", items("object", "null"), "additionalProperties", value.MapOf("type", items("object", "null"))),
		"varsFiles", oneOrMore(oneOrMore(ref("text"))),
		"prune", pruneSchema(),
		"varsPrompt", value.MapOf("type", items("array", "null"), "items", promptSchema()),
	)
}

// pruneSchema is a scope, and what stays in spite of it.
func pruneSchema() *value.Map {
	return value.MapOf("type", "object", "additionalProperties", false, "required", items("scope"),
		"properties", value.MapOf(
			"scope", value.MapOf("type", items("string", "number"), "not", ref("template")),
			"keep", oneOrMore(ref("text"))))
}

// amount is a number that is not negative.
func amount(typ, pattern string) *value.Map {
	return value.MapOf("anyOf", items(
		value.MapOf("type", items(typ, "null"), "minimum", 0),
		value.MapOf("type", "string", "pattern", pattern),
		ref("template")))
}

func oneOrMore(s *value.Map) *value.Map {
	return value.MapOf("anyOf", items(s, value.MapOf("type", "array", "items", s)))
}

func loopControl() *value.Map {
	return strict(value.MapOf(
		"loop_var", described("name", "the variable that holds an item; item if left out"),
		"index_var", described("name", "a variable that counts from 0"),
		"label", described("text", "what reports show of an item"),
		"pause", described("seconds", "seconds to wait between items"),
		"extended", described("bool", "whether ansible_loop is there"),
		"extended_allitems", described("bool", "accepted, without effect: ansible_loop.allitems is always there"),
		"break_when", described("conditions", "stop after an item for which these hold"),
	))
}

func promptSchema() *value.Map {
	s := strict(value.MapOf(
		"name", described("name", "the variable"),
		"prompt", described("text", "the question"),
		"default", described("text", "what an empty answer means"),
		"private", described("bool", "whether the answer is not shown; true if left out"),
		"confirm", described("bool", "whether it is asked twice"),
		"unsafe", described("bool", "whether the answer may look like a template"),
	))
	s.Set("required", items("name"))
	return s
}

func described(takes, doc string) *value.Map {
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

// everySpelling gives the names of one of Ansible's own kinds.
func everySpelling(kind string) []string { return []string{kind, builtin + kind, legacy + kind} }
