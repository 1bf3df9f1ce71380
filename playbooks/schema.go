package playbooks

import (
	"strings"

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
	defs.Set("play", choice(everySpelling("import_playbook"), "playbookImport", ref("plainPlay")))
	defs.Set("plainPlay", strict(chosen(keywords, func(k Keyword) bool { return k.Play && k.Name != "import_playbook" })))
	defs.Set("playbookImport", importSchema("import_playbook", playbookKeywords[1:]))
	defs.Set("task", choice([]string{"block", "rescue", "always"}, "block",
		choice(everySpelling(importTasks), "tasksImport", ref("plainTask"))))
	defs.Set("block", blockSchema(keywords))
	defs.Set("tasksImport", importSchema(importTasks, importKeywords[:]))
	defs.Set("plainTask", taskSchema(keywords, kinds))
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

// choice is one schema for maps that have one of some keys, and another for the rest.
func choice(keys []string, then string, otherwise *expr.Map) *expr.Map {
	return expr.MapOf("if", expr.MapOf("anyOf", anyRequired(keys...)), "then", ref(then), "else", otherwise)
}

// strict is the schema of a map that has no other keys than those.
func strict(properties *expr.Map) *expr.Map {
	return expr.MapOf("type", "object", "properties", properties, "additionalProperties", false)
}

// chosen gives the schemas of those keywords that work and are wanted.
func chosen(keywords []Keyword, wanted func(Keyword) bool) *expr.Map {
	properties := &expr.Map{}
	for _, k := range keywords {
		if k.Works() && wanted(k) {
			properties.Set(k.Name, k.schema())
		}
	}
	return properties
}

// importSchema gives the schema of what brings in a file, with the keywords that
// can stand beside it.
func importSchema(kind string, beside []string) *expr.Map {
	properties := &expr.Map{}
	for _, name := range everySpelling(kind) {
		properties.Set(name, expr.MapOf("anyOf", items(
			expr.MapOf("type", "string", "not", ref("template")),
			expr.MapOf("type", "object"))))
	}
	for _, name := range beside {
		properties.Set(name, Keyword{Name: name, Doc: meanings[name].doc}.schema())
	}
	return strict(properties)
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

func blockSchema(keywords []Keyword) *expr.Map {
	s := strict(chosen(keywords, func(k Keyword) bool { return k.Block }))
	s.Set("required", items("block"))
	return s
}

func kindDef(name string) string { return "kind-" + name }

// argsSchema gives the schema of what stands below a kind.
func argsSchema(k *engine.Kind) *expr.Map {
	args := ref(kindDef(k.Name))
	for _, form := range plainForms {
		if form.kind == k.Name {
			return expr.MapOf("anyOf", items(args, expr.MapOf("type", "string")))
		}
	}
	if !strings.HasPrefix(k.Full, builtin) {
		return args
	}
	return expr.MapOf("anyOf", items(args, expr.MapOf("type", "string", "pattern", "=")))
}

// valueSchemas are what keywords take.
func valueSchemas() *expr.Map {
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
		"risks", oneOrMore(expr.MapOf("type", items("string", "null"),
			"pattern", `^\s*(delete|replace|migrate)(\s*,\s*(delete|replace|migrate))*\s*$`)),
		"loop", expr.MapOf("anyOf", items(expr.MapOf("type", "array"), ref("template"))),
		"withItems", expr.MapOf("type", items("array", "string", "number", "boolean")),
		"withDict", expr.MapOf("anyOf", items(expr.MapOf("type", "object"), ref("template"))),
		"action", expr.MapOf("type", items("string", "object")),
		"count", amount("integer", `^[0-9]+$`),
		"seconds", amount("number", `^[0-9]*\.?[0-9]+$`),
		"loopControl", loopControl(),
		"environment", expr.MapOf("anyOf", items(variables, expr.MapOf("type", "array", "items", expr.MapOf("anyOf", items(variables, ref("template")))), ref("template"), null)),
		"moduleDefaults", expr.MapOf("type", items("object", "null"), "additionalProperties", expr.MapOf("type", items("object", "null"))),
		"varsFiles", oneOrMore(oneOrMore(ref("text"))),
		"prune", pruneSchema(),
		"varsPrompt", expr.MapOf("type", items("array", "null"), "items", promptSchema()),
	)
}

// pruneSchema is a scope, and what stays in spite of it.
func pruneSchema() *expr.Map {
	return expr.MapOf("type", "object", "additionalProperties", false, "required", items("scope"),
		"properties", expr.MapOf(
			"scope", expr.MapOf("type", items("string", "number"), "not", ref("template")),
			"keep", oneOrMore(ref("text"))))
}

// amount is a number that is not negative.
func amount(typ, pattern string) *expr.Map {
	return expr.MapOf("anyOf", items(
		expr.MapOf("type", items(typ, "null"), "minimum", 0),
		expr.MapOf("type", "string", "pattern", pattern),
		ref("template")))
}

func oneOrMore(s *expr.Map) *expr.Map {
	return expr.MapOf("anyOf", items(s, expr.MapOf("type", "array", "items", s)))
}

func loopControl() *expr.Map {
	return strict(expr.MapOf(
		"loop_var", described("name", "the variable that holds an item; item if left out"),
		"index_var", described("name", "a variable that counts from 0"),
		"label", described("text", "what reports show of an item"),
		"pause", described("seconds", "seconds to wait between items"),
		"extended", described("bool", "whether ansible_loop is there"),
		"extended_allitems", described("bool", "accepted, without effect: ansible_loop.allitems is always there"),
		"break_when", described("conditions", "stop after an item for which these hold"),
	))
}

func promptSchema() *expr.Map {
	s := strict(expr.MapOf(
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

// everySpelling gives the names of one of Ansible's own kinds.
func everySpelling(kind string) []string { return []string{kind, builtin + kind, legacy + kind} }
