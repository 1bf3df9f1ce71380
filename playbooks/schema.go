package playbooks

import (
	"slices"
	"strings"

	"runner/engine"
	"runner/engine/expr/value"
	"runner/playbooks/keyword"
)

// Schema returns the JSON Schema (draft 2020-12) of playbooks, for editors: what a
// reader of playbooks accepts, as far as a schema can say it.
func Schema(kinds []engine.Kind) *value.Map {
	defs := engine.SchemaTypes()
	for name, def := range valueSchemas().All() {
		defs.Set(name, def)
	}
	for i := range kinds {
		defs.Set(kindDef(kinds[i].Name), kinds[i].Schema())
		defs.Set("result-"+kinds[i].Name, kinds[i].ResultSchema())
	}
	defs.Set("playLike", value.MapOf("type", "object", "anyOf", playLike()))
	defs.Set("play", choice(everySpelling("import_playbook"), "playbookImport", ref("plainPlay")))
	defs.Set("plainPlay", strict(chosen(keyword.Play, "import_playbook")))
	defs.Set("playbookImport", importSchema("import_playbook", keyword.ImportPlaybook))
	defs.Set("task", choice([]string{"block", "rescue", "always"}, "block",
		choice(everySpelling(importTasks), "tasksImport", ref("plainTask"))))
	defs.Set("block", blockSchema())
	defs.Set("tasksImport", importSchema(importTasks, keyword.ImportTasks))
	defs.Set("plainTask", taskSchema(kinds))
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
func playLike() []value.Value {
	return anyRequired(slices.DeleteFunc(keyword.AllNames(keyword.Play), func(name string) bool { return !onlyInPlays(name) })...)
}

// choice is one schema for maps that have one of some keys, and another for the rest.
func choice(keys []string, then string, otherwise *value.Map) *value.Map {
	return value.MapOf("if", value.MapOf("anyOf", anyRequired(keys...)), "then", ref(then), "else", otherwise)
}

// strict is the schema of a map that has no other keys than those.
func strict(properties *value.Map) *value.Map {
	return value.MapOf("type", "object", "properties", properties, "additionalProperties", false)
}

// chosen returns the schemas of those keywords that work at a place, but some.
func chosen(in keyword.Place, but ...string) *value.Map {
	properties := &value.Map{}
	for _, k := range keyword.Table() {
		if k.Works() && k.In&in != 0 && !slices.Contains(but, k.Name) {
			properties.Set(k.Name, described(string(k.Takes), k.Doc))
		}
	}
	return properties
}

// importSchema returns the schema of what brings in a file, with the keywords that
// can stand beside it.
func importSchema(kind string, beside keyword.Place) *value.Map {
	properties := chosen(beside, kind)
	for _, name := range everySpelling(kind) {
		properties.Set(name, value.MapOf("anyOf", items(
			value.MapOf("type", "string", "not", ref("template")),
			value.MapOf("type", "object"))))
	}
	return strict(properties)
}

// taskSchema returns the schema of a task that is no block: its keywords and
// exactly one kind, under any of its names.
func taskSchema(kinds []engine.Kind) *value.Map {
	properties := chosen(keyword.Task)
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

func blockSchema() *value.Map {
	s := strict(chosen(keyword.Block))
	s.Set("required", items("block"))
	return s
}

func kindDef(name string) string { return "kind-" + name }

// argsSchema returns the schema of what stands below a kind.
func argsSchema(k *engine.Kind) *value.Map {
	args := ref(kindDef(k.Name))
	if plainParam(k) != "" {
		return value.MapOf("anyOf", items(args, value.MapOf("type", "string")))
	}
	if !strings.HasPrefix(k.Full, core) {
		return args
	}
	return value.MapOf("anyOf", items(args, value.MapOf("type", "string", "pattern", "=")))
}

// valueSchemas are what keywords take.
func valueSchemas() *value.Map {
	tag := value.MapOf("type", "string", "not", ref("template"))
	host := value.MapOf("type", "string", "minLength", 1)
	variables := value.MapOf("type", "object", "additionalProperties", ref("text"))
	null := value.MapOf("type", "null")
	return value.MapOf(
		"name", value.MapOf("type", "string", "pattern", identifier.String()),
		"tasks", value.MapOf("type", items("array", "null"), "items", ref("task")),
		"hosts", value.MapOf("anyOf", items(host, value.MapOf("type", "array", "items", host, "minItems", 1))),
		"connection", value.MapOf("anyOf", items(value.MapOf("const", "local"), ref("template"))),
		"never", value.MapOf("anyOf", items(value.MapOf("enum", items(false, 0, "never", "no", "false", nil)), ref("template"))),
		"unused", value.MapOf(),
		"vars", value.MapOf("type", items("object", "null"), "propertyNames", value.MapOf("pattern", identifier.String())),
		"strategy", value.MapOf("enum", items("linear", "free", "host_pinned", core+"linear", core+"free", core+"host_pinned")),
		"tags", value.MapOf("anyOf", items(tag, value.MapOf("type", "array", "items", tag), null)),
		"risks", oneOrMore(value.MapOf("type", items("string", "null"),
			"pattern", listOf(engine.Risks()))),
		"loop", value.MapOf("anyOf", items(value.MapOf("type", "array"), ref("template"))),
		"withItems", value.MapOf("type", items("array", "string", "number", "boolean")),
		"withDict", value.MapOf("anyOf", items(value.MapOf("type", "object"), ref("template"))),
		"action", value.MapOf("type", items("string", "object")),
		"count", amount("integer", `^[0-9]+$`),
		"seconds", amount("number", `^[0-9]*\.?[0-9]+$`),
		"loopControl", strict(chosen(keyword.LoopControl)),
		"args", ref("vars"),
		"delegate", value.MapOf("anyOf", items(host, null)),
		"file", ref("text"),
		"fixed", ref("bool"),
		"roles", value.MapOf("type", items("array", "null"), "items", value.MapOf("type", items("string", "object"))),
		"handlers", ref("texts"),
		"lookup", value.MapOf(),
		"noEffect", ref("bool"),
		"title", ref("text"),
		"topics", ref("texts"),
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
			"scope", value.MapOf("type", items("string", "number")),
			"organisation", oneOrMore(ref("text")),
			"keep", oneOrMore(ref("text")), "require_backup", ref("text")))
}

// amount is a number that is not negative.
func amount(typ, pattern string) *value.Map {
	return value.MapOf("anyOf", items(
		value.MapOf("type", items(typ, "null"), "minimum", 0),
		value.MapOf("type", "string", "pattern", pattern),
		ref("template")))
}

// listOf returns the pattern of words with commas between them.
func listOf(words []string) string {
	one := `\s*(` + strings.Join(words, "|") + `)\s*`
	return `^` + one + `(,` + one + `)*$`
}

func oneOrMore(s *value.Map) *value.Map {
	return value.MapOf("anyOf", items(s, value.MapOf("type", "array", "items", s)))
}

func promptSchema() *value.Map {
	s := strict(chosen(keyword.Prompt))
	s.Set("required", items("name"))
	return s
}

func described(takes, doc string) *value.Map {
	s := ref(takes)
	s.Set("description", doc)
	return s
}

// spellings returns the names under which playbooks can use a kind.
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

// everySpelling returns the names of one of Ansible's own kinds.
func everySpelling(kind string) []string { return []string{kind, core + kind, legacy + kind} }
