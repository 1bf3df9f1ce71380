package collection

import (
	"strconv"
	"strings"

	"runner/engine"
	"runner/engine/expr/value"
)

// documentation returns the sidecar file of a module, which ansible-doc reads.
func documentation(k *engine.Kind, version string) string {
	options := optionsOf(k.Params())
	for name, option := range common().All() {
		if _, own := options.Get(name); !own {
			options.Set(name, option)
		}
	}
	doc := value.MapOf(
		"module", k.Name,
		"short_description", sentence(k.Summary()),
		"description", texts(k.Doc),
		"version_added", "0.1.0",
		"author", texts("the authors of runner"),
		"requirements", texts("runner "+galaxyVersion(version)+", in PATH of the host that the task runs on"),
		"options", options,
		"attributes", value.MapOf(
			"check_mode", attribute("Nothing is written; what only the run itself will show is \"(known after apply)\"."),
			"diff_mode", attribute("The differences are shown, without secrets."),
		),
	)
	return yaml(value.MapOf("DOCUMENTATION", doc)) + "EXAMPLES: |\n" + indented(k.Example) +
		strings.TrimPrefix(yaml(value.MapOf("RETURN", returns(k))), "---\n")
}

// indented indents the lines of a text.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	return b.String()
}

// sentence takes the full stop off a short description.
func sentence(text string) string {
	if len(text) > 0 && text[len(text)-1] == '.' {
		return text[:len(text)-1]
	}
	return text
}

func attribute(doc string) *value.Map {
	return value.MapOf("support", "full", "description", doc)
}

// common are the options of all modules.
func common() *value.Map {
	return value.MapOf(
		"allow", value.MapOf("type", "list", "elements", "str", "choices", texts("delete", "replace", "migrate"),
			"description", texts("The risks that are consented to; a change that brings another one fails, and changes nothing.")),
		"endpoint", value.MapOf("type", "str",
			"description", texts("The platform's URL; $RUNNER_ENDPOINT, $API_HOST, the profile's own, or the real one if left out.")),
		"lock_timeout", value.MapOf("type", "str", "default", "1h",
			"description", texts("How long to wait for another run that changes the same owner's add-ons: seconds, or a duration such as 30m.")),
	)
}

// optionsOf returns parameters in Ansible's form.
func optionsOf(params []engine.Param) *value.Map {
	options := &value.Map{}
	for _, p := range params {
		if p.Name != engine.AnyName {
			options.Set(p.Name, optionOf(p))
		}
	}
	return options
}

// The types of Ansible's options.
var optionTypes = map[engine.ParamType]string{
	engine.TextParam: "str", engine.BoolParam: "bool", engine.IntParam: "int", engine.FloatParam: "float",
	engine.ListParam: "list", engine.NestedListParam: "list", engine.NestedParam: "dict", engine.TextMapParam: "dict",
}

func optionOf(p engine.Param) *value.Map {
	typ, known := optionTypes[p.Type]
	if !known {
		typ = "raw"
	}
	option := value.MapOf("type", typ, "description", describe(p))
	switch p.Type {
	case engine.ListParam:
		option.Set("elements", "str")
	case engine.NestedListParam:
		option.Set("elements", "dict")
	}
	if p.Required {
		option.Set("required", true)
	}
	if p.Default != "" {
		option.Set("default", defaultOf(p))
	}
	if len(p.Aliases) > 0 {
		option.Set("aliases", texts(p.Aliases...))
	}
	if len(p.Choices) > 0 {
		option.Set("choices", texts(p.Choices...))
	}
	if len(p.Params) > 0 {
		option.Set("suboptions", optionsOf(p.Params))
	}
	return option
}

// defaultOf returns the default of a parameter as a value of its type.
func defaultOf(p engine.Param) value.Value {
	switch p.Type {
	case engine.BoolParam:
		return p.Default == "true"
	case engine.IntParam:
		if n, err := strconv.Atoi(p.Default); err == nil {
			return n
		}
	}
	return p.Default
}

func describe(p engine.Param) []value.Value {
	all := texts()
	if p.Doc != "" {
		all = append(all, capital(p.Doc)+".")
	}
	if p.Secret {
		all = append(all, "It is a secret, and shown nowhere.")
	}
	for _, other := range p.Excludes {
		all = append(all, "Not together with "+other+".")
	}
	if len(all) == 0 {
		all = append(all, "The same as "+p.Name+" of the platform.")
	}
	return all
}

func capital(text string) string {
	if c := text[0]; c >= 'a' && c <= 'z' {
		return string(c-'a'+'A') + text[1:]
	}
	return text
}

// returns describes what a module's result holds, beside what all results hold.
func returns(k *engine.Kind) *value.Map {
	all := &value.Map{}
	for _, r := range k.Returns {
		all.Set(r.Name, value.MapOf("description", texts(capital(r.Doc)+"."), "returned", "success", "type", "raw"))
	}
	return all
}
