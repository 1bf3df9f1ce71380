package playbooks

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"runner/engine"
	"runner/engine/expr/value"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// kept lists what a keyword's value can be kept in.
var kept = map[string]reflect.Type{
	"Play": reflect.TypeFor[engine.Play](), "Step": reflect.TypeFor[engine.Step](),
	"Loop": reflect.TypeFor[engine.Loop](), "Prompt": reflect.TypeFor[engine.Prompt](),
}

func TestEveryKeywordIsExplained(t *testing.T) {
	defs, _ := Schema(options().Kinds).Get("$defs")
	for _, k := range keyword.Table() {
		switch {
		case k.In == 0:
			t.Errorf("%s stands nowhere", k.Name)
		case !k.Works() && k.Instead == "":
			t.Errorf("%s works: %v, and is for %q", k.Name, k.Works(), k.Doc)
		}
		if _, ok := defs.(*value.Map).Get(string(k.Takes)); k.Works() && !ok {
			t.Errorf("%s takes %q, which the schema does not define", k.Name, k.Takes)
		}
		for _, other := range keyword.Table() {
			if k.Name == other.Name && k.In&other.In != 0 && k != other {
				t.Errorf("%s stands twice in the table, for %b and %b", k.Name, k.In, other.In)
			}
		}
	}
}

// samples are a value for each type of keyword whose value is kept as it is.
var samples = map[keyword.Type]string{
	keyword.Bool: "true", keyword.Conditions: "x", keyword.Count: "3", keyword.Environment: "{A: b}",
	keyword.Fixed: "false", keyword.Handlers: "restart", keyword.Risks: "delete",
	keyword.Seconds: "1.5", keyword.Tags: "a", keyword.Text: "x", keyword.Title: "x", keyword.Topics: "x",
	keyword.Variable: "x", keyword.Vars: "{a: b}", keyword.Connection: "'{{ x }}'", keyword.Delegate: "'{{ x }}'", keyword.Never: "'{{ x }}'", keyword.Strategy: "linear",
}

// Each keyword that names a field puts its value there, and where its place is kept, the place.
func TestEveryKeywordIsKept(t *testing.T) {
	for _, k := range keyword.Table() {
		if k.Field == "" || !k.Works() {
			continue
		}
		owner, name, _ := strings.Cut(k.Field, ".")
		field, ok := kept[owner].FieldByName(name)
		if !ok {
			t.Errorf("%s is kept in %s, which is no field", k.Name, k.Field)
			continue
		}
		n, problems := reading.ParseYAML("site.yml", []byte(k.Name+": "+samples[k.Takes]), nil)
		if len(problems) > 0 || samples[k.Takes] == "" {
			t.Fatalf("%s takes %s: there is no sample of that (%v)", k.Name, k.Takes, problems)
		}
		c := newCompiler(options())
		c.doc = reading.NewDocument(n.Place.Source, nil)
		r := record{in: k.In, Play: &engine.Play{}, Step: &engine.Step{}, Loop: &engine.Loop{}, Prompt: &engine.Prompt{Private: true}}
		if got := r.put(c, n.Entries[0]); got != k {
			t.Errorf("%s is taken for %v", k.Name, got)
		}
		value := reflect.ValueOf(&r).Elem().FieldByName(owner).Elem().FieldByIndex(field.Index)
		if empty := value.IsZero(); empty != (k.Takes == keyword.Fixed && name == "Private" || k.Takes == keyword.Fixed && name == "Confirm") {
			t.Errorf("%s leaves %s as %v (%v)", k.Name, k.Field, value, c.problems.Err())
		}
	}
}

// Each field of a step is what a keyword says, or what the compiler makes of the task.
func TestEveryFieldHasItsKeyword(t *testing.T) {
	made := map[string][]string{
		"Step":   {"ID", "Place", "Kind", "As", "At", "Args", "Params", "Loop", "RegisterAt", "Within", "Role", "NamedByRole", "Defaults", "RoleParams"},
		"Loop":   {"Kind", "Place", "Over"},
		"Play":   {"Place", "File", "Given", "Tags", "Hosts", "NoHosts", "Inventory", "HostVars", "Roles", "Dependencies", "RoleVars", "RoleDefaults", "Prompts", "VarsFiles", "PreTasks", "Tasks", "PostTasks", "Handlers", "Prune"},
		"Prompt": {"Place"},
	}
	for owner, typ := range kept {
		for i := range typ.NumField() {
			name := typ.Field(i).Name
			said := slices.ContainsFunc(keyword.Table(), func(k keyword.Keyword) bool { return k.Field == owner+"."+name })
			if said == slices.Contains(made[owner], name) {
				t.Errorf("%s.%s: a keyword says it: %v; the compiler makes it: %v", owner, name, said, !said)
			}
		}
	}
}
