package emulator

import (
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A sequence is one run of calls that were recorded of the vendor's Terraform
// provider, or read in its code. testdata/terraform/README tells the form.
type sequence struct {
	*client
	e      *Emulator
	now    time.Time
	shapes map[string][]string // what many answers have in common, by name
	names  map[string]string   // what {name} stands for
	place  string              // in the file
	call   string              // the last one
	answer any
}

// The calls of the Terraform provider, in its order, for a resource's whole life:
// created, read, renamed, changed, removed. Each member that it decodes is checked.
func TestTerraformSequences(t *testing.T) {
	files, err := filepath.Glob("testdata/terraform/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	shapes := readShapes(t)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		if name == "shapes" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &sequence{now: time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC), shapes: shapes}
			p.e, p.client = newEmulator(t, Options{StrictOptions: true, MigrationTime: 10 * time.Second, Now: func() time.Time { return p.now }})
			org := p.e.Organisations()[0]
			p.names = map[string]string{"org": org, "user": p.e.User(), "addons": "/v2/organisations/" + org + "/addons"}
			p.order("/v2/organisations/"+org, order("another")) // lists are not of one add-on only
			for number, line := range lines(t, file) {
				p.place = fmt.Sprintf("%s:%d", name, number)
				p.line(line)
			}
			if list := p.e.Addons(org); len(list) != 1 || list[0].Name != "another" {
				t.Errorf("left: %+v", list)
			}
		})
	}
}

// lines returns those of a file that say something.
func lines(t *testing.T, file string) iter.Seq2[int, string] {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(int, string) bool) {
		for i, line := range strings.Split(string(text), "\n") {
			if line != "" && line[0] != '#' && !yield(i+1, line) {
				return
			}
		}
	}
}

func readShapes(t *testing.T) map[string][]string {
	t.Helper()
	shapes := map[string][]string{}
	name := ""
	for _, line := range lines(t, "testdata/terraform/shapes.txt") {
		if check, ok := strings.CutPrefix(line, "\t"); ok {
			shapes[name] = append(shapes[name], check)
		} else {
			name = line
		}
	}
	return shapes
}

func (p *sequence) line(line string) {
	p.t.Helper()
	if check, ok := strings.CutPrefix(line, "\t"); ok {
		p.check(check)
		return
	}
	if wait, ok := strings.CutPrefix(line, "WAIT "); ok {
		d, err := time.ParseDuration(wait)
		if err != nil {
			p.t.Fatal(err)
		}
		p.now = p.now.Add(d)
		return
	}
	p.send(p.fill(line))
}

// send makes a call: METHOD PATH [BODY] [→ STATUS], of which 200 goes without saying.
func (p *sequence) send(line string) {
	p.t.Helper()
	line, status, refused := strings.Cut(line, " → ")
	if !refused {
		status = "200"
	}
	method, rest, _ := strings.Cut(line, " ")
	path, body, _ := strings.Cut(rest, " ")
	p.call, p.answer = method+" "+path, nil
	var sent, into any = nil, &p.answer
	if body != "" {
		sent = body
	}
	if status == "204" {
		into = nil
	}
	if got := p.ask(method, path, sent, into); strconv.Itoa(got) != status {
		p.t.Fatalf("%s: %s: %d, want %s: %v", p.place, p.call, got, status, p.answer)
	}
	if method == "GET" && status == "200" {
		p.again(path)
	}
}

// again reads once more what was read: a second read is without a difference, so that a plan
// after it has nothing to do.
func (p *sequence) again(path string) {
	p.t.Helper()
	var second any
	p.ask("GET", path, nil, &second)
	if diff := cmp.Diff(p.answer, second); diff != "" {
		p.t.Errorf("%s: %s: a second read differs: %s", p.place, p.call, diff)
	}
}

// replayed is what stands for something in a file: {org}, {plan redis-addon/s_mono}.
var replayed = regexp.MustCompile(`\{([a-z]+)(?: ([a-z-]+)/(\w+))?\}`)

func (p *sequence) fill(text string) string {
	return replayed.ReplaceAllStringFunc(text, func(word string) string {
		m := replayed.FindStringSubmatch(word)
		if m[1] == "plan" {
			for _, pl := range p.e.catalogue.Provider(m[2]).Plans {
				if pl.Slug == m[3] {
					return pl.ID
				}
			}
		}
		if value, ok := p.names[m[1]]; ok && m[2] == "" {
			return value
		}
		p.t.Fatalf("%s: %s: %s stands for nothing", p.place, p.call, word)
		return ""
	})
}

// check holds the last answer to a line.
func (p *sequence) check(line string) {
	p.t.Helper()
	path, want, _ := strings.Cut(line, " ")
	if path == "like" {
		if p.shapes[want] == nil {
			p.t.Fatalf("there is no shape %s", want)
		}
		for _, check := range p.shapes[want] {
			p.check(check)
		}
		return
	}
	got := member(p.answer, strings.Split(p.fill(path), "."))
	how, rest, _ := strings.Cut(want, " ")
	switch how {
	case "as":
		text, _ := got.(string)
		if p.names[rest] = text; text == "" {
			p.t.Fatalf("%s: %s: %s is %v", p.place, p.call, path, got)
		}
	case "=":
		var value any
		if err := json.Unmarshal([]byte(p.fill(rest)), &value); err != nil {
			p.t.Fatalf("%s: %s: %s: %v", p.place, p.call, line, err)
		}
		if diff := cmp.Diff(value, got); diff != "" {
			p.t.Errorf("%s: %s: %s: %s", p.place, p.call, path, diff)
		}
	case "~":
		if text, ok := got.(string); !ok || !regexp.MustCompile("^(?:"+rest+")$").MatchString(text) {
			p.t.Errorf("%s: %s: %s is %v, want %s", p.place, p.call, path, got, rest)
		}
	default:
		if kind := kindOf(got); !slices.Contains(strings.Split(want, "|"), kind) {
			p.t.Errorf("%s: %s: %s is %s, want %s", p.place, p.call, path, kind, want)
		}
	}
}

// member walks into an answer: by a name, an index, or NAME=VALUE, which finds the
// object of a list that has it. A path "@" is the answer itself. What is not there
// is errAbsent.
func member(value any, path []string) any {
	for _, step := range path {
		if step == "@" {
			continue
		}
		next, found := any(nil), false
		switch v := value.(type) {
		case map[string]any:
			next, found = v[step]
		case []any:
			name, want, named := strings.Cut(step, "=")
			i, err := strconv.Atoi(step)
			if named {
				i = slices.IndexFunc(v, func(item any) bool { m, _ := item.(map[string]any); return fmt.Sprint(m[name]) == want })
			} else if err != nil {
				i = -1
			}
			if found = i >= 0 && i < len(v); found {
				next = v[i]
			}
		}
		if !found {
			return errAbsent
		}
		value = next
	}
	return value
}

var errAbsent = fmt.Errorf("absent")

func kindOf(value any) string {
	switch value {
	case nil:
		return "null"
	case errAbsent:
		return "absent"
	}
	switch value.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "bool"
	case []any:
		return "list"
	}
	return "object"
}
