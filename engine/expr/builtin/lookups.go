package builtin

import (
	"errors"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/suggest"
)

// lookups are all of Ansible's. Those without a function read what is outside: the
// host of the evaluation lends them in Context.Lookups.
func lookups() []expr.Operation {
	return []expr.Operation{
		{Names: "env", Params: "*names default=''", Doc: "variables of the environment"},
		{Names: "file", Params: "*names rstrip=true lstrip=false", Doc: "the text of files"},
		{Names: "template", Params: "*names convert_data=none variable_start_string='{{' variable_end_string='}}' block_start_string='{%' block_end_string='%}' " +
			"comment_start_string='{#' comment_end_string='#}' trim_blocks=true lstrip_blocks=false jinja2_native=false template_vars=none",
			Doc: "what the templates in files come to"},
		{Names: "first_found", Params: "*terms files=none paths=none skip=false", Doc: "the path of the first file that there is"},
		{Names: "fileglob", Params: "*patterns", Doc: "the paths of the files that match a pattern"},
		{Names: "unvault", Params: "*names", Doc: "the text of vaulted files"},
		{Names: "ini", Params: "*keys type='ini' file='ansible.ini' section='global' re=false encoding='utf-8' default='' case_sensitive=false " +
			"allow_no_value=false allow_none=false interpolation=true", Doc: "values of an INI or properties file"},
		{Names: "csvfile", Params: "*keys col=1 default=none delimiter='TAB' file='ansible.csv' encoding='utf-8' keycol=0", Doc: "cells of a CSV file"},
		{Names: "url", Params: "*urls validate_certs=true split_lines=true use_proxy=true username=none password=none headers=none force=false timeout=10 " +
			"http_agent='ansible-httpget' force_basic_auth=false follow_redirects='urllib2' use_gssapi=false unix_socket=none ca_path=none " +
			"unredirected_headers=none ciphers=none use_netrc=true", Doc: "what is at an address, line by line"},
		{Names: "pipe", Params: "*commands", Doc: "what a command prints"},
		{Names: "lines", Params: "*commands", Doc: "the lines that a command prints"},
		{Names: "password", Params: "*terms length=20 chars=none encrypt=none ident=none seed=none", Doc: "a password that is made once and kept in a file"},
		{Names: "vars", Params: "*names default", Doc: "variables by name", How: expr.Raw | expr.Keeps, Do: varsLookup},
		{Names: "varnames", Params: "*patterns", Doc: "the names of variables that match a pattern", Do: varNames},
		{Names: "dict", Params: "*maps", Doc: "the entries of maps as key and value", How: expr.Keeps, Do: dictLookup},
		{Names: "items", Params: "*terms", Doc: "the items of lists, one level deep", How: expr.Keeps, Do: itemsLookup},
		{Names: "list", Params: "*terms", Doc: "what it is given", How: expr.Keeps, Do: func(u *expr.Call) (value.Value, error) { return u.Rest, nil }},
		{Names: "flattened", Params: "*terms", Doc: "the items of lists, all levels deep", How: expr.Keeps, Do: func(u *expr.Call) (value.Value, error) {
			return flat(u, nil, u.Rest, -1, true), u.Context.Err()
		}},
		{Names: "indexed_items", Params: "*terms", Doc: "the items of lists with their numbers", How: expr.Keeps, Do: indexedItems},
		{Names: "nested cartesian", Params: "*lists", Doc: "each item of a list with each of the others", How: expr.Keeps, Do: nested},
		{Names: "together", Params: "*lists", Doc: "the items of lists side by side", How: expr.Keeps, Do: together},
		{Names: "subelements", Params: "*terms", Doc: "each item with each of a list in it", How: expr.Keeps, Do: subelementsLookup},
		{Names: "sequence", Params: "*terms start=none end=none count=none stride=none format=none", Doc: "numbers as text: 1-5, or start=1 end=5", Do: sequence},
		{Names: "random_choice", Params: "*terms", Doc: "one of the items", How: expr.Keeps, Do: randomChoice},
		{Names: "config", Params: "*settings on_missing='error' plugin_type=none plugin_name=none show_origin=false", Doc: "settings of Ansible", Do: configLookup},
		{Names: "inventory_hostnames", Params: "*patterns", Doc: "the hosts that match a pattern", Do: inventoryHostnames},
	}
}

// lookUp finds and runs the lookup that the arguments name. The list is nil where
// its error is to be passed over.
func lookUp(u *expr.Call) ([]value.Value, *value.Unknown, error) {
	terms, unknown, err := readyTerms(u)
	if unknown != nil || err != nil {
		return nil, unknown, err
	}
	name, ok := value.Bare(terms[0]).(string)
	if !ok {
		return nil, nil, value.Errorf(value.LookupError, "a lookup's name is text, not %s", value.Describe(terms[0]))
	}
	op := u.Table().Lookup(name)
	if op == nil {
		names := u.Table().Names("lookup")
		e := value.Errorf(value.LookupError, "no lookup is named %s", value.Quote(name)).WithHint(suggest.DidYouMean(name, names))
		return nil, nil, e.WithDetail("the lookups are: " + strings.Join(names, ", "))
	}
	options := &value.Map{}
	for k, v := range u.Named.All() {
		if k != "wantlist" && k != "errors" {
			options.Set(k, v)
		}
	}
	l, unknown, err := runLookup(u, op, terms[1:], options)
	if err == nil || unknown != nil {
		return l, unknown, nil
	}
	if u, ok := errors.AsType[*value.UnknownError](err); ok {
		return nil, u.Unknown, nil
	}
	if mode, _ := u.Named.Get("errors"); mode == "ignore" || mode == "warn" {
		return nil, nil, nil
	}
	return nil, nil, value.AsError(err, value.LookupError)
}

// readyTerms evaluates the name of the lookup and its terms, of which nothing may
// be undefined.
func readyTerms(u *expr.Call) ([]value.Value, *value.Unknown, error) {
	var terms []value.Value
	for _, v := range append([]value.Value{u.Args[0]}, u.Rest...) {
		v, err := u.Context.Force(v)
		if err != nil {
			return nil, nil, err
		}
		unknown, err := u.Context.Usable(v)
		if unknown != nil || err != nil {
			return nil, unknown, err
		}
		terms = append(terms, v)
	}
	for k, v := range u.Named.All() {
		v, err := u.Context.Force(v)
		if err != nil {
			return nil, nil, err
		}
		u.Named.Set(k, v)
	}
	return terms, nil, nil
}

func runLookup(u *expr.Call, op *expr.Operation, terms []value.Value, options *value.Map) ([]value.Value, *value.Unknown, error) {
	lent := u.Context.Lookups[op.Name()]
	if lent == nil && op.Do == nil {
		return nil, nil, value.Errorf(value.LookupError, "the lookup %s is not available here", value.Quote(op.Name()))
	}
	if lent != nil {
		l, err := u.Lend(op, lent, terms, options)
		if l == nil {
			l = []value.Value{}
		}
		return l, nil, err
	}
	v, err := u.Apply(op, nil, terms, options)
	if unknown, ok := v.(*value.Unknown); ok {
		return nil, unknown, nil
	}
	l, _ := v.([]value.Value)
	if l == nil {
		l = []value.Value{}
	}
	return l, nil, err
}

// varsLookup returns variables by name.
func varsLookup(u *expr.Call) (value.Value, error) {
	out := make([]value.Value, 0, len(u.Rest))
	for _, t := range u.Rest {
		name, ok := value.Bare(t).(string)
		if !ok {
			return nil, value.Errorf(value.LookupError, "a variable's name is text, not %s", value.Describe(t))
		}
		v, ok, err := u.Context.Lookup(name)
		if err != nil {
			return nil, err
		}
		if !ok {
			if !u.Has(0) {
				return nil, u.Context.Undefined(name, u.Place()).Err()
			}
			v = u.Args[0]
		}
		out = append(out, v)
	}
	return out, nil
}

// varNames returns the names of variables in which a pattern is found.
func varNames(u *expr.Call) (value.Value, error) {
	out := []value.Value{}
	scope, ok := u.Context.Scope.(interface{ Names() []string })
	if !ok {
		return out, nil
	}
	for _, t := range u.Rest {
		pattern, ok := t.(string)
		if !ok {
			return nil, value.Errorf(value.LookupError, "a pattern is text, not %s", value.Describe(t))
		}
		re, err := compileRegex(u.Context, pattern, false, false)
		if err != nil {
			return nil, err
		}
		for _, name := range scope.Names() {
			if found, err := re.MatchString(name); err == nil && found {
				out = append(out, name)
			}
		}
	}
	return out, u.Context.Count(len(out))
}

func dictLookup(u *expr.Call) (value.Value, error) {
	out := []value.Value{}
	for _, t := range u.Rest {
		m, ok := t.(*value.Map)
		if !ok {
			return nil, value.Errorf(value.LookupError, "the lookup 'dict' wants maps, not %s", value.Describe(t))
		}
		for k, v := range m.All() {
			out = append(out, value.MapOf("key", k, "value", v))
		}
	}
	return out, u.Context.Count(len(out))
}

// flattened lays the lists among terms end to end, one level.
func flattened(terms []value.Value) []value.Value {
	out := []value.Value{}
	for _, t := range terms {
		switch l := t.(type) {
		case []value.Value:
			out = append(out, l...)
		case value.Tuple:
			out = append(out, l...)
		default:
			out = append(out, t)
		}
	}
	return out
}

func itemsLookup(u *expr.Call) (value.Value, error) {
	l := flattened(u.Rest)
	return l, u.Context.Count(len(l))
}

func indexedItems(u *expr.Call) (value.Value, error) {
	l := flattened(u.Rest)
	for i, v := range l {
		l[i] = value.Tuple{i, v}
	}
	return l, u.Context.Count(len(l))
}

func nested(u *expr.Call) (value.Value, error) {
	if len(u.Rest) == 0 {
		return nil, value.Errorf(value.LookupError, "the lookup 'nested' wants one list or more")
	}
	lists, err := elementsOf(u)
	if err != nil {
		return nil, err
	}
	rows := lists[0]
	for _, l := range lists[1:] {
		if err := u.Context.Count(len(rows) * len(l)); err != nil {
			return nil, err
		}
		next := make([]value.Value, 0, len(rows)*len(l))
		for _, row := range rows {
			for _, v := range l {
				next = append(next, flattened([]value.Value{row, v}))
			}
		}
		rows = next
	}
	out := make([]value.Value, len(rows))
	for i, row := range rows {
		out[i] = flattened(asList(row))
	}
	return out, nil
}

// elementsOf returns the elements of each of the terms of a lookup: of a text its letters.
func elementsOf(u *expr.Call) ([][]value.Value, error) {
	lists := make([][]value.Value, len(u.Rest))
	for i, t := range u.Rest {
		l, err := u.Context.Elements(t)
		if err != nil {
			return nil, err
		}
		lists[i] = l
	}
	return lists, nil
}

func together(u *expr.Call) (value.Value, error) {
	if len(u.Rest) == 0 {
		return nil, value.Errorf(value.LookupError, "the lookup 'together' wants one list or more")
	}
	lists, err := elementsOf(u)
	if err != nil {
		return nil, err
	}
	longest := 0
	for _, l := range lists {
		longest = max(longest, len(l))
	}
	out := make([]value.Value, longest)
	for i := range out {
		var row []value.Value
		for _, l := range lists {
			var v value.Value
			if i < len(l) {
				v = l[i]
			}
			row = append(row, flattened([]value.Value{v})...)
		}
		out[i] = row
	}
	return out, u.Context.Count(longest * len(u.Rest))
}

func randomChoice(u *expr.Call) (value.Value, error) {
	if len(u.Rest) == 0 {
		return u.Rest, nil
	}
	r, err := newTwister(nil)
	if err != nil {
		return nil, err
	}
	return []value.Value{u.Rest[r.below(uint64(len(u.Rest)))]}, nil
}

// EnvLookup is the lookup `env`: environment variables by name, and default where
// there is none.
func EnvLookup(getenv func(name string) (string, bool)) expr.Lookup {
	return func(_ *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
		out := make([]value.Value, 0, len(terms))
		otherwise, has := options.Get("default")
		for _, t := range terms {
			name, _, _ := strings.Cut(strings.TrimSpace(value.Text(t)), " ")
			s, ok := getenv(name)
			undefined, isUndefined := otherwise.(*value.Undefined)
			switch {
			case ok && value.SecretName(name):
				out = append(out, value.Mark(s))
			case ok:
				out = append(out, value.MarkNamed(s))
			case isUndefined:
				return nil, undefined.Err()
			case has:
				out = append(out, otherwise)
			default:
				out = append(out, "")
			}
		}
		return out, nil
	}
}
