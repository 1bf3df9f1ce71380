package builtin_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"runner/engine/expr"
	"runner/engine/expr/builtin"
)

// effectless are the parameters that change nothing here, and why they are taken all the same.
var effectless = map[string]string{
	"groupby default":                "nothing in Ansible either: its attributes that are missing are no Undefined of Jinja's",
	"to_json check_circular":         "nothing refers to itself here",
	"to_json vault_to_text":          "vaulted values are text",
	"to_json preprocess_unsafe":      "nothing is marked unsafe",
	"to_nice_json check_circular":    "as to_json",
	"to_nice_json vault_to_text":     "as to_json",
	"to_nice_json preprocess_unsafe": "as to_json",
	"to_json skipkeys":               "nothing in Ansible either: keys that JSON has not are errors",
	"to_nice_json skipkeys":          "as to_json",
	"urlsplit alias":                 "nothing in Ansible either: it is the filter's name in its messages",
	"vault wrap_object":              "what is vaulted is text, and so would the object be where it is used",
}

// witnesses are uses that a parameter makes differ, where no sample shows that: %s is
// where it is given.
var witnesses = map[string][2]string{
	"combine recursive":         {"{'k':{'a':1}} | combine({'k':{'b':2}}%s)", ", recursive=true"},
	"default default_value":     {"nope | default(%s)", "default_value=1"},
	"dictsort case_sensitive":   {"{'b':1,'B':2,'a':3} | dictsort(%s)", "case_sensitive=true"},
	"indent blank":              {"'a\\n\\nb' | indent(2%s)", ", blank=true"},
	"ipaddr query":              {"'10.0.0.1/8' | ipaddr(%s)", "query='address'"},
	"ipv4 query":                {"'10.0.0.1/8' | ipv4(%s)", "query='address'"},
	"ipv6 query":                {"'fe80::1/64' | ipv6(%s)", "query='address'"},
	"mandatory msg":             {"nope | mandatory(%s)", "msg='x'"},
	"regex_findall multiline":   {"'a\\nb' | regex_findall('^.'%s)", ", multiline=true"},
	"regex_replace ignorecase":  {"'A' | regex_replace('a', 'b'%s)", ", ignorecase=true"},
	"regex_replace multiline":   {"'a\\nb' | regex_replace('^', '-'%s)", ", multiline=true"},
	"regex_search multiline":    {"'a\\nb' | regex_search('^b'%s)", ", multiline=true"},
	"to_json allow_nan":         {"('nan' | float) | to_json(%s)", "allow_nan=false"},
	"to_nice_json allow_nan":    {"('nan' | float) | to_nice_json(%s)", "allow_nan=false"},
	"truncate killwords":        {"'aaa bbb ccc' | truncate(9, leeway=0%s)", ", killwords=true"},
	"unvault secret":            {"'x' | vault('a') | unvault(%s)", "secret='a'"},
	"unvault vaultid":           {"'x' | vault('a', vaultid='q') | unvault('a'%s)", ", vaultid=none"},
	"wordwrap break_on_hyphens": {"'aaa-bbb ccc' | wordwrap(5%s)", ", break_on_hyphens=false"},
	"zip strict":                {"[1] | zip([1, 2]%s) | list", ", strict=true"},
	"zip_longest fillvalue":     {"[1] | zip_longest([1, 2]%s) | list", ", fillvalue='-'"},
	"falsy convert_bool":        {"'no' is falsy(%s)", "convert_bool=true"},
	"truthy convert_bool":       {"'no' is truthy(%s)", "convert_bool=true"},
	"same_file other":           {"'/dev/null' is same_file(%s)", "'/dev/null'"},
	"strftime utc":              {"'%%Z' | strftime(0%s)", ", utc=true"},
	"match ignorecase":          {"'A' is match('a'%s)", ", ignorecase=true"},
	"match multiline":           {"'a\\nb' is match('a$'%s)", ", multiline=true"},
	"regex ignorecase":          {"'A' is regex('a'%s)", ", ignorecase=true"},
	"regex multiline":           {"'a\\nb' is regex('^b'%s)", ", multiline=true"},
	"search ignorecase":         {"'A' is search('a'%s)", ", ignorecase=true"},
	"search multiline":          {"'a\\nb' is search('^b'%s)", ", multiline=true"},
}

// samples are what operations are tried on, and what their parameters are.
var samples = strings.Split(`s|e|t|b|z|i|n|f|u|num|l|w|m|ll|d|dd|r|p|url|'a'|'b'|'1.0'|'1.0.0'|'1.0a'|'%Y'|'%ff%e9'|'a: 1'|'1 Kb'|'10M'|'a\nb\nA'|'<b> a'|[1,[2,[3,none]]]|[{'a':1},{}]|[{'k':'x','v':1}]|[{'key':'x','value':1}]|{'b':1,'a':2}|{'k':{'k':1,'c':[1]}}|[[1],[2]]|'aab aab'|1234567|0.5|'0x1f'|'//h/a'|'a-b c d'|'http://a.example http://b'|'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y z'`, "|")

var values = strings.Split(`true|false|none|0|1|2|3|5|-1|'a'|'b'|'x'|''|'k'|'v'|'n'|'c'|'%'|'K'|'latin-1'|'utf-16'|'ignore'|'replace'|'semver'|'loose'|'>'|'sha256'|'posix_basic'|'hostname'|'overwrite'|'append'|'value'|'ceil'|'floor'|'%Y'|[1]|['a']|{'a':1}|[1,2,3,4]|l|d|r|s|'fullmatch'|'xml'|[';','=']|'2b'|['ftp:']|'_blank'|2.0`, "|")

// tried returns what an expression comes to, as text.
func (p *peer) tried(form string) string {
	o := p.ours(form)
	return o.text + "\x00" + o.err
}

// TestEveryParameterCounts: each parameter of each filter and test changes what comes of
// some use of it, or has a reason why it does not.
func TestEveryParameterCounts(t *testing.T) {
	t.Parallel()
	p := &peer{}
	table := builtin.Table()
	for _, family := range []struct {
		kind string
		list []*expr.Operation
		form func(in, name, args string) string
	}{
		{"filter", table.List("filter"), func(in, name, args string) string { return in + " | " + name + args }},
		{"test", table.List("test"), func(in, name, args string) string { return in + " is " + name + args }},
	} {
		for _, op := range family.list {
			for _, param := range parameters(op, false) {
				if why, ok := effectless[op.Name()+" "+param]; ok && why != "" {
					continue
				}
				if w, ok := witnesses[op.Name()+" "+param]; ok {
					if without, with := fmt.Sprintf(w[0], ""), fmt.Sprintf(w[0], w[1]); p.tried(without) == p.tried(with) {
						t.Errorf("%s and %s come to the same", without, with)
					}
					continue
				}
				if !p.counts(op, param, func(in, args string) string { return family.form(in, op.Name(), args) }) {
					t.Errorf("%s %s: %s= changes nothing", family.kind, op.Name(), param)
				}
			}
		}
	}
}

// counts reports whether a parameter changes what comes of some use of an operation.
func (p *peer) counts(op *expr.Operation, param string, form func(in, args string) string) bool {
	var required []string
	for _, name := range parameters(op, true) {
		if name != param {
			required = append(required, name)
		}
	}
	for _, needs := range [][]string{{"'a'"}, {"1"}, {"l"}, {"'k'"}, {"'x'"}, {"'1.0.0'"}, {"d"}, {"2"}, {"'n'"}} {
		given := []string{}
		for i, name := range required {
			given = append(given, fmt.Sprintf("%s=%s", name, needs[min(i, len(needs)-1)]))
		}
		for _, in := range samples {
			seen := map[string]bool{}
			if slices.Contains(parameters(op, true), param) {
				seen["required"] = true
			} else {
				seen[p.tried(form(in, "("+strings.Join(given, ", ")+")"))] = true
			}
			for _, v := range values {
				seen[p.tried(form(in, "("+strings.Join(append(slices.Clone(given), param+"="+v), ", ")+")"))] = true
				if len(seen) > 2 || len(seen) > 1 && !slices.Contains(parameters(op, true), param) {
					return true
				}
			}
		}
		if len(required) == 0 {
			break
		}
	}
	return false
}

// parameter is one in the declaration of an operation: its name, and ! if it must be given.
var parameter = regexp.MustCompile(`(\*{0,2}\w*)(!?)(?:=(?:'[^']*'|\S+))?`)

func parameters(op *expr.Operation, required bool) []string {
	var names []string
	for _, m := range parameter.FindAllStringSubmatch(op.Params, -1) {
		if m[1] != "" && m[1][0] != '*' && (!required || m[2] != "") {
			names = append(names, m[1])
		}
	}
	return names
}
