package tasks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

// variables are what a task declares of the variables of an application or a configuration
// provider.
type variables struct {
	vars   engine.Value // names and values, with the marks of secrets; nil: none
	absent []string     // names of those that are not to be there
	exact  bool         // there are to be just these
}

// A declared variable is one with the value that it is to have.
type declaredVariable struct {
	name  string
	value engine.Value // text, a value.Secret that is one, or Unknown in a check
}

// declared returns the variables that are declared, in their order.
func (v variables) declared() ([]declaredVariable, error) {
	if v.vars == nil {
		return nil, v.check(nil).Err()
	}
	m, ok := value.Bare(v.vars).(*value.Map)
	if !ok {
		return nil, engine.About("vars", fmt.Errorf("a map of variables is wanted, not %s", value.TypeName(v.vars)))
	}
	var list []declaredVariable
	var wrong engine.Mistakes
	for key, val := range m.All() {
		name := value.OpenText(key)
		text, err := variableText(val)
		if err != nil {
			wrong.Add("vars."+name, fmt.Errorf("%s: %w", name, err))
		}
		if value.SecretName(name) && !value.HoldsSecret(text) {
			text = secretText(text)
		}
		list = append(list, declaredVariable{name, text})
	}
	return list, append(wrong, v.check(list)...).Err()
}

// check reports names that no variable can have, and what is declared both ways.
func (v variables) check(list []declaredVariable) engine.Mistakes {
	var wrong engine.Mistakes
	for _, d := range list {
		if !variableName.MatchString(d.name) {
			wrong.Add("vars."+d.name, badVariable(d.name))
		}
	}
	for i, name := range v.absent {
		if slices.ContainsFunc(list, func(d declaredVariable) bool { return d.name == name }) {
			wrong.Add(fmt.Sprintf("absent[%d]", i), fmt.Errorf("%s is declared in vars: it cannot be absent too", name))
		}
	}
	return wrong
}

// variableName is what the platform takes for the name of a variable.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,254}$`)

func badVariable(name string) error {
	return (&diagnostic.Problem{Msg: fmt.Sprintf("%q cannot be the name of a variable", name)}).
		WithHint("names are letters, digits, _, - and ., and begin with a letter or _")
}

// checkArguments notes names that no variable can have, and what is declared both ways.
func (v variables) checkArguments(c *engine.Checking) {
	allNamed(c, "absent", v.absent, "a variable's name")
	if !c.Known("vars") {
		return
	}
	if m, ok := value.Bare(v.vars).(*value.Map); ok { // what is nothing is reported already
		known := &value.Map{}
		for key, val := range m.All() {
			if val != nil {
				known.Set(key, val)
			}
		}
		v.vars = known
	}
	_, err := v.declared()
	if several, ok := err.(engine.Mistakes); ok {
		for _, one := range several {
			c.Add("", one)
		}
		return
	}
	c.Add("", err)
	if v.vars == nil && len(v.absent) == 0 && !v.exact && c.Known("absent", "exact") {
		c.Addf("", "it says nothing about variables: give vars, absent or exact")
	}
}

// variableText returns a value as a variable holds it; a secret stays one.
func variableText(v engine.Value) (engine.Value, error) {
	if _, ok := v.(*value.Unknown); ok {
		return v, nil
	}
	text, err := scalarText(value.Bare(v))
	if value.HoldsSecret(v) {
		return secretText(text), err
	}
	return text, err
}

func secretText(v engine.Value) engine.Value {
	if _, ok := v.(*value.Unknown); ok {
		return v
	}
	return value.NewSecret(value.OpenText(v), "")
}

// A revision is what a task makes of variables.
type revision struct {
	attrs []engine.Attr
	after []clever.EnvVar // all of them, those that stay first and in their order
	set   []clever.EnvVar // that are new or other
	drop  []string        // names of those that go
	lost  []string        // of these, those that nothing names
	vague int             // how many may be as they are: their values are not known yet, in a check
}

// revise compares variables with what is declared.
func (v variables) revise(now []clever.EnvVar) (revision, error) {
	declared, err := v.declared()
	if err != nil {
		return revision{}, err
	}
	var r revision
	for _, is := range now {
		i := slices.IndexFunc(declared, func(d declaredVariable) bool { return d.name == is.Name })
		switch {
		case i >= 0:
			r.change(is, declared[i])
			declared = slices.Delete(declared, i, i+1)
		case slices.Contains(v.absent, is.Name):
			r.remove(is)
		case v.exact:
			r.remove(is)
			r.lost = append(r.lost, is.Name)
		default:
			r.after = append(r.after, is)
		}
	}
	for _, d := range declared {
		r.add(d)
	}
	return r, nil
}

func (r *revision) change(is clever.EnvVar, d declaredVariable) {
	if u, ok := d.value.(*value.Unknown); ok {
		r.vague++
		r.attrs = append(r.attrs, engine.Attr{Path: d.name, Before: shownVariable(is.Name, is.Value, d.value), After: u})
		return
	}
	to := clever.EnvVar{Name: d.name, Value: value.OpenText(d.value)}
	r.after = append(r.after, to)
	if to == is {
		return
	}
	r.set = append(r.set, to)
	r.attrs = append(r.attrs, engine.Attr{Path: d.name, Before: shownVariable(is.Name, is.Value, d.value), After: d.value, Secret: value.HoldsSecret(d.value)})
}

func (r *revision) remove(is clever.EnvVar) {
	r.drop = append(r.drop, is.Name)
	r.attrs = append(r.attrs, engine.Attr{Path: is.Name, Before: shownVariable(is.Name, is.Value, nil), Secret: value.SecretName(is.Name)})
}

func (r *revision) add(d declaredVariable) {
	r.attrs = append(r.attrs, engine.Attr{Path: d.name, After: d.value, Secret: value.HoldsSecret(d.value)})
	if _, ok := d.value.(*value.Unknown); ok {
		return
	}
	to := clever.EnvVar{Name: d.name, Value: value.OpenText(d.value)}
	r.after, r.set = append(r.after, to), append(r.set, to)
}

// shownVariable returns a value of the platform's: as a secret where its name says so, the
// value in its place is one, or it holds a password.
func shownVariable(name, text string, instead engine.Value) engine.Value {
	if value.SecretName(name) || value.HoldsSecret(instead) {
		return secretText(text)
	}
	return value.MarkNamed(text)
}

// plan returns the change that carries a revision out; Assume and Do are the caller's.
func (r revision) plan(object string) engine.Change {
	change := engine.Change{Object: object, Attrs: r.attrs, Unknown: r.vague > 0 && r.vague == len(r.attrs)}
	if len(r.attrs) == 0 {
		return change
	}
	change.Action = engine.Update
	if len(r.lost) > 0 {
		change.Risk = "the values of " + strings.Join(r.lost, ", ") + " are lost"
		change.Allow = "delete"
	}
	return change
}

// names returns the names of variables, sorted.
func names(env []clever.EnvVar) []engine.Value {
	list := []engine.Value{}
	for _, v := range env {
		list = append(list, v.Name)
	}
	slices.SortFunc(list, func(a, b engine.Value) int { return strings.Compare(a.(string), b.(string)) })
	return list
}

// note makes what variables hold known as secrets where their names say so.
func note(secrets *engine.Secrets, env []clever.EnvVar) {
	for _, v := range env {
		if value.SecretName(v.Name) {
			secrets.Add(v.Value)
		}
	}
}
