package collection

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// A Call is what Ansible hands to a module: the arguments of a task, evaluated, and
// how it is to be done.
type Call struct {
	Kind               *engine.Kind
	Task               string // the task's name; "" if it has none, or Ansible did not say
	Args               map[string]any
	Check, Diff, NoLog bool
	Verbosity          int
	Allow              any           // risks that are consented to, as the task has them
	Endpoint           string        // "": that of the environment or of a configuration file
	LockTimeout        time.Duration // how long to wait for another run
}

// defaultWait is how long a module waits for another run's lock: tasks of several
// hosts run side by side.
const defaultWait = time.Hour

// hiddenArgument stands for a secret among the arguments, as everywhere.
const hiddenArgument = engine.Masked

// ReadCall reads what Ansible wrote for a module of a kind: one JSON object.
func ReadCall(kind *engine.Kind, from io.Reader) (*Call, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	c := &Call{Kind: kind, LockTimeout: defaultWait}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&c.Args); err != nil || c.Args == nil {
		return nil, errors.New("a module reads the arguments of its task as one JSON object, as Ansible writes them")
	}
	return c, c.takeCommon()
}

// takeCommon takes what is no argument of the kind out of the arguments.
func (c *Call) takeCommon() error {
	flag := func(name string) bool { on, _ := c.take(name).(bool); return on }
	c.Check, c.Diff, c.NoLog = flag("_ansible_check_mode"), flag("_ansible_diff"), flag("_ansible_no_log")
	if n, ok := c.take("_ansible_verbosity").(json.Number); ok {
		c.Verbosity, _ = strconv.Atoi(n.String())
	}
	c.Task, _ = c.take(taskName).(string)
	maps.DeleteFunc(c.Args, func(name string, _ any) bool { return strings.HasPrefix(name, "_ansible_") })
	c.Allow = c.take("allow")
	c.Endpoint = textOf(c.take("endpoint"))
	if wait := textOf(c.take("lock_timeout")); wait != "" {
		var err error
		if c.LockTimeout, err = duration(wait); err != nil {
			return fmt.Errorf("lock_timeout takes seconds, or a duration such as 30m, not %q", wait)
		}
	}
	return nil
}

func (c *Call) take(name string) any {
	v := c.Args[name]
	delete(c.Args, name)
	return v
}

func textOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func duration(text string) (time.Duration, error) {
	if _, err := strconv.Atoi(text); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = errors.New("it is negative")
	}
	return d, err
}

// unknownName is the variable that stands for what a check does not know.
const unknownName = "known_after_apply"

// Vars are the variables that the playbook of a call mentions: what nobody knows yet, and
// the arguments that are values of any kind, such as what another task registered.
func (c *Call) Vars() []engine.Var {
	vars := []engine.Var{variable(unknownName, &value.Unknown{})}
	for _, p := range c.Kind.Params() {
		if v, given := c.Args[p.Name]; given && p.Type == engine.AnyParam {
			vars = append(vars, variable(argumentName(p), c.plain(v)))
		}
	}
	return vars
}

func variable(name string, v value.Value) engine.Var {
	return engine.Var{Name: name, Value: &expr.Node{Value: v}}
}

func argumentName(p engine.Param) string { return "argument_" + p.Name }

// Playbook returns the call as a playbook of one task. Nothing in it is a template,
// but for what an earlier task of a check registered and nobody knows yet.
func (c *Call) Playbook() []byte {
	task := []entry{{c.Kind.Full, c.Args}, {"register", "result"}}
	if c.Task != "" {
		task = append([]entry{{"name", c.Task}}, task...)
	}
	if c.Allow != nil {
		task = append(task, entry{"allow", c.Allow})
	}
	if c.NoLog {
		task = append(task, entry{"no_log", true})
	}
	var b strings.Builder
	for i, e := range task {
		b.WriteString([]string{"- ", "  "}[min(i, 1)] + e.key + ":")
		if e.key == c.Kind.Full {
			c.writeArgs(&b)
		} else {
			b.WriteString(" ")
			c.write(&b, e.value)
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}

// writeArgs writes the arguments of the kind.
func (c *Call) writeArgs(b *strings.Builder) {
	params := c.Kind.Params()
	for _, name := range slices.Sorted(maps.Keys(c.Args)) {
		b.WriteString("\n    " + strconv.QuoteToASCII(name) + ": ")
		i := slices.IndexFunc(params, func(p engine.Param) bool { return p.Name == name && p.Type == engine.AnyParam })
		if i >= 0 {
			b.WriteString(`"{{ ` + argumentName(params[i]) + ` }}"`)
		} else {
			c.write(b, c.Args[name])
		}
	}
}

type entry struct {
	key   string
	value any
}

// write writes a value in YAML's flow style.
func (c *Call) write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case string:
		b.WriteString(c.quoted(v))
	case []any:
		b.WriteString("[")
		for _, item := range v {
			c.write(b, item)
			b.WriteString(", ")
		}
		b.WriteString("]")
	case map[string]any:
		b.WriteString("{")
		for _, key := range slices.Sorted(maps.Keys(v)) {
			b.WriteString(strconv.QuoteToASCII(key) + ": ")
			c.write(b, v[key])
			b.WriteString(", ")
		}
		b.WriteString("}")
	case nil:
		b.WriteString("null")
	default: // a number as it is written, or a bool
		fmt.Fprint(b, v)
	}
}

// quoted writes a text so that it is read as it is. In a check, what holds the words
// for what is not known yet is not known itself.
func (c *Call) quoted(text string) string {
	switch {
	case c.unknown(text):
		return `"{{ ` + unknownName + ` }}"`
	case strings.Contains(text, "{"):
		return "!unsafe " + strconv.QuoteToASCII(text)
	}
	return strconv.QuoteToASCII(text)
}

// unknown reports whether a text holds what only the run itself will show.
func (c *Call) unknown(text string) bool {
	return c.Check && strings.Contains(text, value.KnownAfterApply)
}

// Invocation returns the arguments as they may be shown, and notes those that are secrets.
func (c *Call) Invocation(secrets *engine.Secrets) *value.Map {
	shown, _ := shownArgs(c.Kind.Params(), c.Args, secrets).(*value.Map)
	return shown
}

// shownArgs returns arguments without those that are secrets, or may be.
func shownArgs(params []engine.Param, args any, secrets *engine.Secrets) value.Value {
	switch args := args.(type) {
	case []any:
		list := []value.Value{}
		for _, item := range args {
			list = append(list, shownArgs(params, item, secrets))
		}
		return list
	case map[string]any:
		out := &value.Map{}
		for _, name := range slices.Sorted(maps.Keys(args)) {
			out.Set(name, shownArg(params, name, args[name], secrets))
		}
		return out
	}
	return hiddenArgument // what should be a map and is none
}

func shownArg(params []engine.Param, name string, arg any, secrets *engine.Secrets) value.Value {
	i := slices.IndexFunc(params, func(p engine.Param) bool { return p.Name == name || slices.Contains(p.Aliases, name) })
	switch {
	case arg == nil:
		return nil
	case i < 0:
		return hiddenArgument // a misspelt secret is one
	case params[i].Secret:
		secrets.Add(textOf(arg))
		return hiddenArgument
	case params[i].Params != nil:
		return shownArgs(params[i].Params, arg, secrets)
	case params[i].Type == engine.AnyParam || params[i].Type == engine.FreeParam:
		return hiddenArgument // what another task registered
	}
	return (&Call{}).plain(arg)
}

// plain makes a value of what JSON holds.
func (c *Call) plain(v any) value.Value {
	switch v := v.(type) {
	case string:
		if c.unknown(v) {
			return &value.Unknown{}
		}
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		list := []value.Value{}
		for _, item := range v {
			list = append(list, c.plain(item))
		}
		return list
	case map[string]any:
		out := &value.Map{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out.Set(key, c.plain(v[key]))
		}
		return out
	}
	return v // a text, a bool, nil
}
