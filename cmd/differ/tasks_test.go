package differ_test

import "strings"

// task makes up a task or a block.
func (g *generator) task() dict {
	if g.depth < 2 && g.chance(0.12) {
		return g.block()
	}
	var t dict
	if g.chance(0.7) {
		t = append(t, pair{"name", g.next("Task ")})
		if g.chance(0.1) {
			t[0].value = &node{"template", []string{"Task ", "."}, []*node{g.expression("template", 1)}}
		}
	}
	g.within(func() {
		if g.chance(0.1) {
			t = append(t, pair{"vars", g.vars(2)})
		}
		loop := dict{}
		if g.chance(0.22) {
			loop = g.loop()
		}
		act := g.action()
		for len(loop) > 0 && (act.get("meta") != nil || act.get("import_tasks") != nil || act.get("import_role") != nil) {
			act = g.action()
		}
		t = append(append(t, act...), loop...)
		t = append(t, g.keywords(t)...)
	})
	for _, p := range t {
		g.after(p, t)
	}
	return t
}

// after puts what a task defines into scope.
func (g *generator) after(p pair, t dict) {
	switch p.key {
	case "set_fact":
		facts, _ := p.value.(dict)
		for _, v := range facts {
			if v.key != "cacheable" {
				g.define(kindOf(v.key), v.key)
			}
		}
	case "register":
		name := p.value.(string)
		for _, f := range []string{" is changed", " is failed", " is skipped", " is succeeded", ".changed", " is defined", ".skipped | default(false)"} {
			g.define("bool", name+f)
		}
		g.define("list", name+" | list | difference(['exception', 'changed', 'failed']) | sort") // their order is nobody's business
		for _, q := range t {
			if q.key == "loop" || strings.HasPrefix(q.key, "with_") {
				g.define("int", name+".results | length")
				g.define("bool", name+".results[0].changed")
				g.define("ints", name+".results | map(attribute='changed') | map('int')")
			}
			if q.key == "debug" {
				g.define("bool", name+".msg is defined")
				g.define("str", name+".msg | default('none') | type_debug")
			}
			if q.key == "until" {
				g.define("int", name+".attempts")
			}
		}
	}
}

// action makes up what a task does.
func (g *generator) action() dict {
	switch n := g.IntN(100); {
	case n < 34:
		return dict{{"debug", dict{{"msg", g.message()}}}}
	case n < 46:
		return dict{{"debug", dict{{"var", g.expression("any", g.IntN(3))}}}}
	case n < 62:
		return g.setFact()
	case n < 72:
		return g.assert()
	case n < 77:
		return dict{{"fail", dict{{"msg", g.expression("template", 1)}}}, {"when", g.condition()}}
	case n < 79:
		return dict{{"debug", dict{{"msg", g.message()}, {"verbosity", plain(pick(g.Rand, []string{"0", "1"}))}}}}
	case n < 81:
		return dict{{"meta", pick(g.Rand, []tree{"noop", "flush_handlers", "flush_handlers", "clear_facts", "end_play", "clear_host_errors", "end_host"})}}
	case n < 83:
		return pick(g.Rand, []dict{{{"debug", dict{}}}, {{"debug", "msg=free form=x"}}, {{"action", "debug msg=hello"}}, {{"ansible.builtin.debug", dict{{"msg", "full name"}}}},
			{{"local_action", dict{{"module", "debug"}, {"msg", "local"}}}}, {{"set_fact", "s1=free i1=5"}}})
	case n < 86:
		return g.includeVars()
	default:
		if g.depth >= 2 || g.handling { // roles are no handlers
			return dict{{"debug", dict{{"msg", g.message()}}}}
		}
		return g.include()
	}
}

// message makes up what debug shows.
func (g *generator) message() tree {
	switch g.IntN(8) {
	case 0:
		return seq{g.expression("template", 2), g.expression("template", 1)}
	case 1:
		return dict{{"k", g.expression("template", 2)}, {"l", seq{g.expression("template", 1)}}}
	case 2:
		if g.chance(0.3) {
			path := g.next("templates/t") + ".j2"
			lines := []*node{g.expression("template", 1), g.expression("template", 2)}
			g.file(path, &node{"template", []string{"", "\n  ", "\n"}, lines})
			return &node{"template", []string{"{{ lookup('template', '" + strings.TrimPrefix(path, "templates/") + "') }}"}, nil}
		}
	}
	return g.expression("template", 3)
}

func (g *generator) setFact() dict {
	facts := g.within1(func() dict { return g.vars(2) })
	for i := range facts { // what is not lazy may mention itself
		if g.chance(0.5) {
			facts[i].value = g.template(kindOf(facts[i].key))
		}
	}
	if g.chance(0.05) {
		facts = append(facts, pair{"cacheable", plain("true")})
	}
	return dict{{"set_fact", facts}}
}

func (g *generator) within1(make func() dict) (d dict) {
	g.within(func() { d = make() })
	return d
}

func (g *generator) assert() dict {
	that := tree(g.expression("bool", 2))
	if g.chance(0.5) {
		that = seq{g.expression("bool", 2), g.expression("bool", 1)}
	}
	d := dict{{"that", that}}
	if g.chance(0.3) {
		d = append(d, pair{pick(g.Rand, []string{"fail_msg", "success_msg", "msg"}), g.expression("template", 1)})
	}
	if g.chance(0.2) {
		d = append(d, pair{"quiet", plain("true")})
	}
	return dict{{"assert", d}}
}

func (g *generator) includeVars() dict {
	path := g.next("more") + ".yml"
	vars := g.vars(3)
	if g.chance(0.5) {
		g.file("vars/"+path, vars)
	} else {
		g.file(path, vars)
	}
	d := dict{{"file", path}}
	if g.chance(0.2) {
		name := g.next("m")
		d = append(d, pair{"name", name})
		g.define("list", name+" | list | difference(['exception', 'changed', 'failed']) | sort") // their order is nobody's business
	}
	return dict{{"include_vars", d}}
}

// include makes up a file of tasks or a role that is brought in.
func (g *generator) include() dict {
	g.depth++
	defer func() { g.depth-- }()
	how := pick(g.Rand, []string{"include", "include", "import"})
	if g.chance(0.4) {
		name := g.role()
		d := dict{{"name", name}}
		if how == "include" && g.chance(0.1) {
			d = append(d, pair{"apply", dict{{"tags", g.tags()}}})
		}
		if g.chance(0.1) {
			d = append(d, pair{"public", plain("true")})
		}
		return dict{{how + "_role", d}}
	}
	path := g.next("tasks") + ".yml"
	g.file(path, g.tasks(2))
	if how == "include" && g.chance(0.15) {
		apply := dict{{"file", path}, {"apply", pick(g.Rand, []tree{dict{{"tags", g.tags()}}, dict{{"when", g.condition()}}, dict{{"vars", g.vars(1)}}})}}
		return dict{{"include_tasks", apply}}
	}
	return dict{{how + "_tasks", path}}
}

// role makes up a role, and returns its name.
func (g *generator) role() string {
	name := g.next("role")
	at := "roles/" + name + "/"
	if g.chance(0.5) {
		g.file(at+"defaults/main.yml", g.vars(3))
	}
	if g.chance(0.25) {
		g.file(at+"vars/main.yml", g.vars(2))
	}
	if g.depth < 2 && g.chance(0.15) {
		g.depth++
		g.file(at+"meta/main.yml", dict{{"dependencies", seq{g.roleEntry()}}})
		g.depth--
	}
	if g.chance(0.2) {
		h := g.next("Handler ")
		g.handlers = append(g.handlers, h)
		g.file(at+"handlers/main.yml", seq{append(dict{{"name", h}}, dict{{"debug", dict{{"msg", g.message()}}}}...)})
		defer func() { g.handlers = g.handlers[:len(g.handlers)-1] }()
	}
	g.file(at+"tasks/main.yml", g.tasks(2))
	return name
}

// roleEntry makes up an item of roles.
func (g *generator) roleEntry() tree {
	g.depth++
	defer func() { g.depth-- }()
	name := g.role()
	if g.chance(0.5) {
		return name
	}
	d := dict{{"role", name}}
	if g.chance(0.4) {
		d = append(d, pair{"vars", g.vars(2)})
	}
	if g.chance(0.3) {
		d = append(d, pair{"when", g.condition()})
	}
	if g.chance(0.3) {
		d = append(d, pair{"tags", g.tags()})
	}
	return d
}

// block makes up a block.
func (g *generator) block() dict {
	g.depth++
	defer func() { g.depth-- }()
	var d dict
	if g.chance(0.5) {
		d = append(d, pair{"name", g.next("Block ")})
	}
	if g.chance(0.2) {
		d = append(d, pair{"vars", g.vars(2)})
	}
	d = append(d, pair{"block", g.tasks(3)})
	if g.chance(0.6) {
		rescue := g.tasks(2)
		if g.chance(0.3) {
			shown := pick(g.Rand, []string{"ansible_failed_task.name", "ansible_failed_result.changed", "ansible_failed_result is failed", "ansible_failed_task.action"})
			rescue = append(rescue, dict{{"debug", dict{{"var", shown}}}})
		}
		d = append(d, pair{"rescue", rescue})
	}
	if g.chance(0.4) {
		d = append(d, pair{"always", g.tasks(1)})
	}
	if g.chance(0.25) {
		d = append(d, pair{"when", g.condition()})
	}
	if g.chance(0.1) {
		d = append(d, pair{"tags", g.tags()})
	}
	if g.chance(0.06) {
		d = append(d, pair{"ignore_errors", plain("true")})
	}
	return d
}
