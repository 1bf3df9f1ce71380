package differ_test

// loop makes up a loop, and puts its item into scope.
func (g *generator) loop() dict {
	var d dict
	item, kind := "item", pick(g.Rand, []string{"list", "list", "ints", "dicts"})
	control := g.loopControl(&item)
	switch n := g.IntN(20); {
	case n < 8:
		d = dict{{"loop", g.template(kind)}}
	case n < 11:
		d = dict{{"loop", written(kind, g.Rand)}}
	case n < 13:
		d = dict{{"with_items", written(kind, g.Rand)}}
	case n < 14:
		d = dict{{"with_items", seq{g.template("list"), g.template("list")}}}
		kind = "list"
	default:
		return append(g.withPlugin(item), control...)
	}
	element := map[string]string{"list": "str", "ints": "int", "dicts": "dict"}[kind]
	g.define(element, item)
	if kind == "dicts" {
		g.define("str", item+".n")
		g.define("int", item+".v")
	}
	return append(d, control...)
}

// withPlugin makes up a loop over what a lookup returns.
func (g *generator) withPlugin(item string) dict {
	switch g.IntN(6) {
	case 0:
		g.define("str", item+".key")
		g.define("any", item+".value")
		return dict{{"with_dict", g.template("dict")}}
	case 1:
		g.define("list", item)
		return dict{{"with_nested", seq{g.template("list"), written("list", g.Rand)}}}
	case 2:
		g.define("str", item)
		return dict{{"with_sequence", pick(g.Rand, []tree{"count=3", "start=1 end=5 stride=2", "start=3 end=1 stride=-1", "start=1 end=2 format=x%02d"})}}
	case 3:
		g.define("list", item)
		return dict{{"with_together", seq{written("list", g.Rand), written("ints", g.Rand)}}}
	case 4:
		g.define("list", item)
		return dict{{"with_indexed_items", written("list", g.Rand)}}
	}
	g.define("str", item)
	return dict{{"with_list", g.template("list")}}
}

// loopControl makes up what stands beside a loop.
func (g *generator) loopControl(item *string) dict {
	if g.chance(0.6) {
		return nil
	}
	var d dict
	if g.chance(0.3) {
		*item = "item_" + pick(g.Rand, []string{"a", "b"})
		d = append(d, pair{"loop_var", *item})
	}
	if g.chance(0.3) {
		d = append(d, pair{"index_var", "index"})
		g.define("int", "index")
	}
	if g.chance(0.3) {
		d = append(d, pair{"extended", plain("true")})
		g.define("int", "ansible_loop.index")
		g.define("int", "ansible_loop.length")
		g.define("bool", "ansible_loop.last")
		g.define("str", "ansible_loop.nextitem | default('none') | string")
	}
	if g.chance(0.3) {
		d = append(d, pair{"label", pick(g.Rand, []tree{"label", "{{ " + *item + " }}", g.expression("template", 1)})})
	}
	if g.modern && g.chance(0.1) {
		d = append(d, pair{"break_when", g.expression("bool", 1)})
	}
	if len(d) == 0 {
		return nil
	}
	return dict{{"loop_control", d}}
}

// keywords makes up what stands beside a task's action.
func (g *generator) keywords(t dict) dict {
	var d dict
	some := func(p float64, key string, value func() tree) {
		if t.get(key) == nil && g.chance(p) {
			d = append(d, pair{key, value()})
		}
	}
	fixed := func(v tree) func() tree { return func() tree { return v } }
	static, included, meta := t.get("import_tasks") != nil || t.get("import_role") != nil, t.get("include_tasks") != nil || t.get("include_role") != nil, t.get("meta") != nil
	some(0.25, "when", g.condition)
	some(0.08, "tags", g.tags)
	if meta {
		return d
	}
	if static {
		return d
	}
	some(0.05, "ignore_errors", fixed(plain("true")))
	if included {
		return d
	}
	if g.chance(0.25) {
		d = append(d, pair{"register", pick(g.Rand, []string{"o1", "o2"})})
	}
	result := func() tree {
		name := "o9"
		for _, p := range d {
			if p.key == "register" {
				name = p.value.(string)
			}
		}
		if name == "o9" {
			return g.expression("bool", 2)
		}
		return leaf("bool", name+pick(g.Rand, []string{" is changed", " is failed", ".failed", ".changed", " is not changed", ".msg is defined", " is skipped"}))
	}
	some(0.1, "changed_when", func() tree { return pick(g.Rand, []tree{plain("true"), g.condition(), result()}) })
	some(0.08, "failed_when", func() tree { return pick(g.Rand, []tree{plain("true"), g.condition(), result()}) })
	if g.chance(0.04) {
		d = append(d, pair{"until", result()}, pair{"retries", plain("2")}, pair{"delay", plain("0")})
	}
	if len(g.handlers) > 0 {
		some(0.3, "notify", func() tree {
			if len(g.topics) > 0 && g.chance(0.4) {
				return g.topics[0]
			}
			return pick(g.Rand, []tree{pick(g.Rand, g.handlers), seq{pick(g.Rand, g.handlers), g.handlers[0]}})
		})
	}
	some(0.02, "no_log", fixed(plain("true")))
	some(0.02, "environment", fixed(dict{{"E2", "y"}}))
	some(0.02, "run_once", fixed(plain("true")))
	some(0.02, "delegate_to", fixed("localhost"))
	some(0.02, "check_mode", fixed(plain(pick(g.Rand, []string{"true", "false"}))))
	some(0.01, "any_errors_fatal", fixed(plain("true")))
	some(0.01, "ignore_unreachable", fixed(plain("true")))
	some(0.01, "throttle", fixed(plain("1")))
	some(0.01, "become", fixed(plain("false")))
	some(0.01, "diff", fixed(plain("true")))
	return d
}
