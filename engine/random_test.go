package engine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/value"
)

// programs is how many random programs each test runs; RUNNER_PROGRAMS asks for more.
func programs(t *testing.T) uint64 {
	text := os.Getenv("RUNNER_PROGRAMS")
	if text == "" {
		return 600
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Whatever the program, many jobs make the same world, the same values and the same
// report as one, as long as no change fails that others do not wait for.
func TestManyJobsMeanTheSameAsOne(t *testing.T) {
	t.Parallel()
	for seed := range programs(t) {
		p := randomProgram(rand.New(rand.NewPCG(seed, 1)), false)
		want := outcomeOf(t, p, 1)
		for _, jobs := range []int{3, 16, 64} {
			if diff := cmp.Diff(want, outcomeOf(t, p, jobs)); diff != "" {
				t.Fatalf("program %d with %d jobs:\n%s\n%+v\none job, many:\n%s", seed, jobs, p.text, p.Selection, diff)
			}
		}
	}
}

// Where a change fails, all that is reported up to it is the same. Below it a task
// either is not started, as with one job, or was under way when it failed: then it
// carried out a change. Nothing else is reported, and nothing else was changed.
func TestAfterAFailedChangeOnlyWhatWasUnderWayIsDone(t *testing.T) {
	t.Parallel()
	failures := 0
	for seed := range programs(t) {
		p := randomProgram(rand.New(rand.NewPCG(seed, 2)), true)
		want := outcomeOf(t, p, 1)
		if want.Stats.Failed == 0 {
			continue
		}
		failures++
		for _, jobs := range []int{3, 64} {
			got := outcomeOf(t, p, jobs)
			if fault := unlike(p, want, got); fault != "" {
				t.Fatalf("program %d with %d jobs:\n%s\n%+v\n%s\none job:\n%s\nmany:\n%s", seed, jobs, p.text, p.Selection, fault,
					strings.Join(want.Lines, "\n"), strings.Join(got.Lines, "\n"))
			}
		}
	}
	if failures < 20 {
		t.Errorf("only %d programs had a failure", failures)
	}
}

// unlike says what many jobs did after a failure that they may not do; "" if nothing.
func unlike(p program, one, many ending) string {
	failed := slices.IndexFunc(one.Lines, isFailure)
	if len(many.Lines) < failed+1 || !slices.Equal(one.Lines[:failed+1], many.Lines[:failed+1]) {
		return "what is reported up to the failure differs"
	}
	done := map[string]bool{}
	for _, line := range many.Lines[failed+1:] {
		id, what, _ := strings.Cut(line, " ")
		switch {
		case id == "task" || strings.HasPrefix(what, "blocked") || slices.Contains(one.Lines[failed+1:], line):
		case p.changes(id):
			done[id] = true
		default:
			return "this was neither started before the failure nor a change: " + line
		}
	}
	if len(done) == 0 && !maps.Equal(one.Things, many.Things) {
		return fmt.Sprintf("the worlds differ though nothing was under way: %v, %v", one.Things, many.Things)
	}
	return ""
}

// changes reports whether a step may change the world.
func (p program) changes(id string) bool {
	var play, line int
	if _, err := fmt.Sscanf(id, "%d.%d", &play, &line); err != nil {
		return false
	}
	text := strings.Split(p.text, "\n")[line-1]
	return strings.HasPrefix(text, "put ") || strings.HasPrefix(text, "drop ") || strings.HasPrefix(text, "write ")
}

func isFailure(line string) bool {
	_, what, _ := strings.Cut(line, " ")
	return strings.HasPrefix(what, "failed")
}

// An ending is all that a run leaves behind.
type ending struct {
	Things map[string]string
	Lines  []string
	Stats  engine.Stats
}

// files are what programs include, and what their templates look up.
var files = map[string]string{
	"file": "put name=t3 value={{item|default(7)}} takes=1 | register=r\nput name=t0 value={{r.value}} | register=r1\n" +
		"block\nput name=t1 value={{r1.value}} | register=r2\nstop fail={{item|default(1)==2}}\nrescue\nput name=t2 value={{r2.value}}\nend",
}

// template is a lookup whose text mentions names that the program does not show.
func template(c *expr.Context, terms []engine.Value, _ *value.Map) ([]engine.Value, error) {
	name := value.Text(terms[0])
	text := "{{" + name + "|default('none')}}"
	if strings.HasPrefix(name, "r") {
		text = "{{" + name + ".value|default('none')}} {{" + name + ".seen|default('none')}}"
	}
	tmpl, err := expr.Parse(builtin.Table(), text, diagnostic.At(diagnostic.Place{}, text))
	if err != nil {
		return nil, err
	}
	v, err := tmpl.Eval(c)
	return []engine.Value{v}, err
}

// names is a lookup of the names that have a value.
func names(c *expr.Context, _ []engine.Value, _ *value.Map) ([]engine.Value, error) {
	all := slices.DeleteFunc(c.Scope.(interface{ Names() []string }).Names(), func(name string) bool {
		return len(name) != 2 || name[0] != 'r' && name[0] != 'v'
	})
	return []engine.Value{strings.Join(all, ",")}, nil
}

func outcomeOf(t *testing.T, p program, jobs int) (e ending) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		maps.Copy(w.things, map[string]string{"t0": "old", "t1": "old", "t2": "old"})
		w.dir = t.TempDir()
		if err := os.Symlink(".", w.file("link")); err != nil {
			t.Fatal(err)
		}
		result, seen := play(t, w, p.text, engine.Options{Jobs: jobs, Selection: p.Selection, Hooks: includes(t, w, files),
			Lookups: map[string]expr.Lookup{"template": template, "file": w.lookup, "url": names}})
		if w.peak > jobs {
			t.Errorf("%d were at work at once, with %d jobs", w.peak, jobs)
		}
		for i := range 2 {
			w.things[fmt.Sprint("file ", i)] = w.read(fmt.Sprint("f", i))
		}
		e = ending{w.things, seen.lines, result.Stats}
	})
	return e
}

// A program is a script, and what of it is played.
type program struct {
	text string
	engine.Selection
}

// A programmer writes programs.
type programmer struct {
	*rand.Rand
	lines []string
	depth int
	fails bool // changes may fail that nothing deals with
}

func randomProgram(r *rand.Rand, fails bool) program {
	p := &programmer{Rand: r, fails: fails}
	p.steps(3 + r.IntN(12))
	p.lines = append(p.lines, "handler put name=t4 value=handled takes=1 | name=h register=rh",
		"handler set v1={{v1|default('')}}+ | name=f listen=h when=v2|default('x')!='1'",
		"handler say msg={{rh|default('none')}}{{v1|default('none')}} | name=g listen=h")
	made := program{text: strings.Join(p.lines, "\n")}
	switch r.IntN(6) {
	case 0:
		made.Tags = []string{"a"}
	case 1:
		made.Skip = []string{"a"}
	case 2:
		made.StartAt = "here"
	}
	return made
}

func (p *programmer) steps(n int) {
	for range n {
		switch k := p.IntN(16); {
		case k == 0 && p.depth < 3:
			p.block()
		case k == 1:
			p.add("stop%s", p.keywords())
		case k == 2:
			p.add("drop name=t%d%s", p.IntN(5), p.keywords())
		case k == 3:
			p.add("bring file=file%s", p.keywords("loop=1,2"))
		case k == 4 || k == 5:
			p.add("set v%d=%s%s", p.IntN(3), p.value(), p.keywords("loop=1,2", "when=false"))
		case k == 6 && p.IntN(2) == 0:
			p.facts()
		case k == 15 && p.IntN(2) == 0:
			p.changeWhatIsSeen()
		case k == 15:
			p.handOver()
		case k == 6 && p.IntN(3) == 0:
			p.add("set v%d={{r%d|default('none')}}%s", p.IntN(3), p.IntN(4), p.keywords())
		case k == 6:
			p.add("set v0={{v0|default('')|string~item}}%s", p.keywords("loop=1,2"))
			p.lines[len(p.lines)-1] = withLoop(p.lines[len(p.lines)-1])
		case k == 7 && p.IntN(2) == 0:
			p.add("write path=%s value=%s takes=%d%s", p.file(), p.value(), p.IntN(3), p.keywords("loop=1,2"))
		case k == 7:
			p.add("meta do=flush_handlers")
		case k == 8 || k == 9:
			p.add("say msg=%s takes=%d%s", p.value(), p.IntN(3), p.keywords("loop=a,b,c", "changed_when=true notify=h"))
		case k == 10 && p.IntN(3) == 0:
			// What fails here hangs on no change, so it stops what stands below it always.
			p.add("say fail=true takes=%d%s", p.IntN(4), []string{"", " | ignore_errors=true", " | when=false"}[p.IntN(3)])
		default:
			p.put()
		}
	}
	if p.depth == 0 && len(p.lines) > 2 {
		p.lines = slices.Insert(p.lines, len(p.lines)/2, "say msg=here | name=here")
		if !balanced(p.lines[:len(p.lines)/2]) {
			p.lines = slices.DeleteFunc(p.lines, func(l string) bool { return l == "say msg=here | name=here" })
			p.lines = append(p.lines, "say msg=here | name=here")
		}
	}
}

// facts writes what real playbooks are full of: a fact that hangs on a change, set
// again under a condition, and read where nobody sees it.
func (p *programmer) facts() {
	v, r := p.IntN(3), p.IntN(4)
	p.add("put name=t%d-f value=%d takes=%d | register=r%d", p.IntN(5), p.IntN(3), p.IntN(4), r)
	p.add("set v%d={{r%d.value|default('none')}}%s", v, r, p.keywords())
	p.add("set v%d=%s%s", v, p.value(), p.keywords("when=false"))
	p.add("say msg={{lookup('template','v%d')}}%s", v, p.keywords())
}

// changeWhatIsSeen looks at a thing, now or later, that a task below changes or drops.
func (p *programmer) changeWhatIsSeen() {
	r, name, loop, seen := p.IntN(4), fmt.Sprintf("t%d", p.IntN(5)), "", "{{r%d.seen|default('none')}}"
	item := name
	if p.IntN(2) == 0 {
		name, item, loop, seen = name+"-{{item}}", name+"-1", " loop=1,2", "{{(r%d.results|default([]))|map(attribute='seen',default='none')|first|default('none')}}"
	}
	p.add("put name=%s value=%d takes=%d | register=r%d%s", name, p.IntN(3), p.IntN(3), r, loop)
	if p.IntN(2) == 0 {
		p.add("set v%d={{r%d}}%s", p.IntN(3), r, p.keywords())
	}
	for range 1 + p.IntN(2) {
		p.add("put name=%s value=%d takes=%d%s", item, p.IntN(3), p.IntN(3), p.keywords())
		p.add("say msg="+seen+" takes=%d%s", r, p.IntN(3), p.keywords())
		if p.IntN(2) == 0 {
			p.add("drop name=%s%s", item, p.keywords())
		}
	}
}

// handOver writes a file that hangs on a change, and reads it under another name.
func (p *programmer) handOver() {
	r, f := p.IntN(4), p.IntN(2)
	p.add("put name=t%d-h value=%d takes=%d | register=r%d", p.IntN(5), p.IntN(3), p.IntN(4), r)
	p.add("write path=f%d value={{r%d.value|default('none')}} takes=%d%s", f, r, p.IntN(3), p.keywords())
	p.add("say msg={{lookup('file','link/f%d')}}%s", f, p.keywords())
	p.add("write path=link/f%d value=%d takes=%d%s", f, p.IntN(3), p.IntN(3), p.keywords())
}

// balanced reports whether every block is closed.
func balanced(lines []string) bool {
	depth := 0
	for _, l := range lines {
		if l == "block" {
			depth++
		}
		if l == "end" {
			depth--
		}
	}
	return depth == 0
}

func withLoop(line string) string {
	if strings.Contains(line, "loop=") {
		return line
	}
	if strings.Contains(line, " | ") {
		return line + " loop=1,2"
	}
	return line + " | loop=1,2"
}

func (p *programmer) add(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

// keywords picks some behind a bar: one of those given, a condition, tags.
func (p *programmer) keywords(among ...string) string {
	var words []string
	if i := p.IntN(len(among) + 1); i < len(among) {
		words = append(words, among[i])
	}
	if p.IntN(3) == 0 {
		words = append(words, "when="+p.condition())
	}
	if tags := p.IntN(8); tags < 3 {
		words = append(words, "tags="+[]string{"a", "b", "never"}[tags])
	}
	if len(words) == 0 {
		return ""
	}
	return " | " + strings.Join(words, " ")
}

func (p *programmer) condition() string {
	switch p.IntN(4) {
	case 0:
		return "false"
	case 1:
		return fmt.Sprintf("v%d|default(1)|string!='2'", p.IntN(3))
	case 2:
		return fmt.Sprintf("(r%d|default({})).value|default('x')|string!='2'", p.IntN(4))
	}
	return fmt.Sprintf("lookup('vars','v%d',default='1')|string!='1'", p.IntN(3))
}

// file returns one of the names of one of two files.
func (p *programmer) file() string {
	return fmt.Sprintf("%sf%d", []string{"", "link/", "link/link/"}[p.IntN(3)], p.IntN(2))
}

// value returns a value that may be what an earlier step registered or set.
func (p *programmer) value() string {
	switch p.IntN(13) {
	case 12:
		return "{{lookup('url','names')}}"
	case 9:
		return fmt.Sprintf("{{r%d.seen|default('none')}}", p.IntN(4))
	case 10:
		return fmt.Sprintf("{{(r%d.results|default([]))|map(attribute='seen',default='none')|list|string}}", p.IntN(4))
	case 11:
		return fmt.Sprintf("{{(v%d|default({})).seen|default('none')}}", p.IntN(3))
	case 8:
		return fmt.Sprintf("{{lookup('file','%s')}}", p.file())
	case 0, 1:
		return fmt.Sprintf("{{r%d.value|default('none')}}", p.IntN(4))
	case 2:
		return fmt.Sprintf("{{v%d|default('none')}}", p.IntN(3))
	case 3, 4:
		return fmt.Sprintf("{{lookup('template','%s%d')}}", []string{"r", "v"}[p.IntN(2)], p.IntN(3))
	case 5:
		return fmt.Sprintf("{{lookup('vars','v'~'%d',default='none')}}", p.IntN(3))
	}
	return fmt.Sprint(p.IntN(3))
}

func (p *programmer) put() {
	words := []string{fmt.Sprintf("register=r%d", p.IntN(4))}
	name := fmt.Sprintf("t%d", p.IntN(5))
	switch p.IntN(5) {
	case 0:
		words, name = append(words, "loop=1,2,3"), name+"-{{item}}"
	case 1:
		words = append(words, "loop=1,2")
	}
	if p.IntN(4) == 0 {
		words = append(words, "notify=h")
	}
	if p.IntN(4) == 0 {
		words = append(words, "when="+p.condition())
	}
	if tags := p.IntN(9); tags < 3 {
		words = append(words, "tags="+[]string{"a", "b", "never"}[tags])
	}
	fail := ""
	switch {
	case p.IntN(6) == 0:
		fail, words = " fail=true", append(words, "ignore_errors=true")
	case p.fails && p.depth == 0 && p.IntN(5) == 0:
		fail = " fail=true"
	}
	p.add("put name=%s value=%s takes=%d%s | %s", name, p.value(), p.IntN(4), fail, strings.Join(words, " "))
}

// block writes a block. A failure in it comes after a guard and is one itself, so
// that nothing is under way that one job would not have begun.
func (p *programmer) block() {
	p.depth++
	defer func() { p.depth-- }()
	p.add("block")
	p.steps(1 + p.IntN(4))
	if p.IntN(2) == 0 {
		p.add("stop fail=true")
		p.steps(1 + p.IntN(2))
	}
	p.add("rescue")
	p.steps(1 + p.IntN(3))
	if p.IntN(2) == 0 {
		p.add("always")
		p.steps(1 + p.IntN(3))
	}
	p.add("end")
}

func TestRandomProgramsHoldWhatTheyAreFor(t *testing.T) {
	var all []string
	for seed := range uint64(600) {
		all = append(all, strings.Split(randomProgram(rand.New(rand.NewPCG(seed, 1)), false).text, "\n")...)
	}
	for _, word := range []string{"block", "rescue", "always", "loop=", "notify=", "stop fail", "bring", "set ", "drop", "when=", "write ", "lookup('file'", "seen"} {
		if !slices.ContainsFunc(all, func(line string) bool { return strings.Contains(line, word) }) {
			t.Errorf("no program has %q", word)
		}
	}
}
