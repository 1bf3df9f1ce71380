package playbooks

import (
	"reflect"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/keyword"
)

// inherited is what plays, blocks and imports say for all that is below them.
type inherited struct {
	step     engine.Step // its keywords; what is not given is nil
	defaults defaults
}

// A record is a map of keywords whose values are being put where they are kept.
type record struct {
	in keyword.Place
	// The table's field "Step.When" is the field When of Step. Those that the map is
	// not about are nil.
	Play   *engine.Play
	Step   *engine.Step
	Loop   *engine.Loop
	Prompt *engine.Prompt

	defaults *defaults // of module_defaults; nil where it cannot stand
	// rest are the entries of which the compiler makes more than a value, by keyword.
	rest map[string]expr.Entry
}

// put takes an entry that is a keyword, and returns which; the zero Keyword where it
// is none that works here.
func (r *record) put(c *compiler, e expr.Entry) keyword.Keyword {
	k, ok := keyword.Find(e.Key.Text, r.in)
	if !ok || !k.Works() {
		return keyword.Keyword{}
	}
	if k.Takes == keyword.ModuleDefaults {
		*r.defaults = c.moduleDefaults(*r.defaults, e.Value)
		return k
	}
	v, ok := c.value(k, e)
	switch {
	case !ok:
		if r.rest == nil {
			r.rest = map[string]expr.Entry{}
		}
		r.rest[k.Name] = e
	case k.Field != "" && v != nil:
		r.keep(k, v, e.Value.Place)
	}
	return k
}

// keep puts a value into its field. Lists are added to what is inherited, but for
// handlers; null leaves what is inherited. A field of the same name and At keeps the place.
func (r *record) keep(k keyword.Keyword, v any, at diagnostic.Place) {
	where := slots[k.Field]
	holder := reflect.ValueOf(r).Elem().Field(where.owner).Elem()
	field, given := holder.Field(where.value), reflect.ValueOf(v)
	if given.Kind() == reflect.Slice && k.Takes != keyword.Handlers {
		given = reflect.AppendSlice(field.Slice3(0, field.Len(), field.Len()), given)
	}
	if tags, ok := given.Interface().([]string); ok {
		given = reflect.ValueOf(withoutRepeats(tags))
	}
	field.Set(given)
	if where.place >= 0 {
		holder.Field(where.place).Set(reflect.ValueOf(at))
	}
}

// A slot says where a field of the table is: which field of a record, which field of
// that, and which keeps the place of the value; -1: none.
type slot struct{ owner, value, place int }

// slots are those of all fields of the table.
var slots = func() map[string]slot {
	all := map[string]slot{}
	for _, k := range keyword.Table() {
		owner, name, ok := strings.Cut(k.Field, ".")
		if !ok {
			continue
		}
		in, _ := reflect.TypeFor[record]().FieldByName(owner)
		value, _ := in.Type.Elem().FieldByName(name)
		s := slot{in.Index[0], value.Index[0], -1}
		if place, ok := in.Type.Elem().FieldByName(name + "At"); ok {
			s.place = place.Index[0]
		}
		all[k.Field] = s
	}
	return all
}()

func withoutRepeats(words []string) []string {
	seen := make(map[string]bool, len(words))
	return slices.DeleteFunc(words, func(w string) bool {
		again := seen[w]
		seen[w] = true
		return again
	})
}

// value reads what a keyword takes. It is nil where there is nothing to keep; ok is
// false where the compiler makes more of it than a value.
func (c *compiler) value(k keyword.Keyword, e expr.Entry) (v any, ok bool) {
	switch k.Takes {
	case keyword.Bool:
		v = orNil(c.flag(e))
	case keyword.NoEffect:
		c.flag(e)
	case keyword.Fixed:
		v = c.fixed(e)
	case keyword.Count:
		v = orNil(c.number(e, false))
	case keyword.Seconds:
		v = orNil(c.number(e, true))
	case keyword.Title:
		v = orNil(c.name(e.Value))
	case keyword.Text:
		c.templates(e.Value)
		v = e.Value
	case keyword.Variable:
		v = c.variable(e)
	case keyword.Conditions:
		v = c.conditions(e.Value)
	case keyword.Vars:
		v = c.vars(e.Value)
	case keyword.Tags:
		v = c.tags(e.Value)
	case keyword.Risks:
		v = c.allow(e.Value)
	case keyword.Topics:
		v = c.topics(e.Value)
	case keyword.Handlers:
		v = c.notify(e.Value)
	case keyword.Environment:
		v = c.environment(e.Value)
	case keyword.Strategy:
		v = c.strategy(e.Value)
	case keyword.Connection:
		v = c.only(k, e, "local", core+"local")
	case keyword.Delegate:
		v = c.delegate(k, e)
	case keyword.Never:
		v = c.only(k, e, "false", "no", "off", "0", "never")
	case keyword.Unused:
	default:
		return nil, false
	}
	return v, true
}

// orNil keeps a nil pointer from becoming a value that is not nil.
func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return p
}

// handOn returns what a step inherits with what an import of tasks says for all of them.
func handOn(to engine.Step, from *engine.Step) engine.Step {
	for _, k := range keyword.Table() {
		if name, ok := strings.CutPrefix(k.Field, "Step."); ok && k.In&keyword.ImportTasks != 0 {
			reflect.ValueOf(&to).Elem().FieldByName(name).Set(reflect.ValueOf(from).Elem().FieldByName(name))
		}
	}
	return to
}
