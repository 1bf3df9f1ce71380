package tasks_test

import (
	"fmt"
	"math/rand/v2"
)

// A worldMaker makes worlds and playbooks up.
type worldMaker struct{ *rand.Rand }

func pick[T any](w *worldMaker, list ...T) T { return list[w.IntN(len(list))] }

// given orders what there is before.
func (w *worldMaker) given() []step {
	var list []step
	for _, name := range []string{"a", "b", "c"}[:w.IntN(4)] {
		list = append(list, w.order(name))
	}
	return list
}

// order declares an add-on somehow.
func (w *worldMaker) order(name string) step {
	provider, plan, version := "pg", pick(w, "dev", "xxs_sml", "xs_sml", "s_sml"), pick(w, "", "", "15", "16")
	if w.IntN(5) == 0 {
		name, provider, plan, version = name+"-cache", "redis", pick(w, "s_mono", "m_mono"), "" // so that names tell who is meant
	}
	d := []any{"plan", plan, "shrink", true}
	if version != "" {
		d = append(d, "version", version)
	}
	if w.IntN(3) == 0 {
		d = append(d, "region", pick(w, "par", "mtl"))
	}
	if w.IntN(4) == 0 && plan != "dev" {
		d = append(d, "encryption", pick(w, true, false))
	}
	pairs := []any{"name", name, "provider", provider, "details", details(d...)}
	if w.IntN(3) == 0 {
		pairs = append(pairs, "tags", list(pick(w, []string{"x"}, []string{"x", "y"}, nil)...))
	}
	return register(pairs...)
}

// book makes a playbook up: later tasks use what earlier ones registered.
func (w *worldMaker) book() []step {
	var book []step
	var registered []string
	for i := range 1 + w.IntN(6) {
		s := w.task(registered)
		if s.kind == "addon_register" || s.kind == "addon_info" {
			s.register = fmt.Sprintf("r%d", i)
			registered = append(registered, s.register)
		}
		s.name = fmt.Sprintf("task %d", i+1)
		book = append(book, s)
	}
	return book
}

func (w *worldMaker) task(registered []string) step {
	name := pick(w, "a", "b", "c", "d")
	if len(registered) == 0 {
		registered = []string{""}
	}
	from := pick(w, registered...)
	switch n := w.IntN(10); {
	case n == 0:
		return step{kind: "addon_remove", args: args("addon", name)}
	case n == 1:
		return step{kind: "addon_info", args: args("addon", name)}
	case n == 2 && from != "":
		return step{kind: "addon_remove", args: args("addon", "{{ "+from+".addon_id | default('"+name+"', true) }}")}
	case n == 3 && from != "":
		return step{kind: "env_file", args: args("dest", name+".env", "from", args("ID", "{{ "+from+".name | default('none', true) }}", "PLAN", "{{ "+from+".plan.slug | default('none', true) }}"))}
	case n == 4 && from != "":
		part := pick(w, "region", "tags", "version", "addon_id", "addons | default([]) | map(attribute='tags') | list", "plan.slug", "env | default({}) | dict2items | length")
		return step{kind: "debug", args: args("msg", "{{ "+from+"."+part+" | default('none') }}")}
	}
	return w.order(name)
}
