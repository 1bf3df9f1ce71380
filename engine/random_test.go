package engine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
)

// Whatever the program, many jobs make the same world, the same values and the
// same report as one.
func TestManyJobsMeanTheSameAsOne(t *testing.T) {
	const programs = 600
	for seed := range uint64(programs) {
		text := randomProgram(rand.New(rand.NewPCG(seed, 1)))
		want := outcomeOf(t, text, 1)
		for _, jobs := range []int{3, 16} {
			if diff := cmp.Diff(want, outcomeOf(t, text, jobs)); diff != "" {
				t.Fatalf("program %d with %d jobs:\n%s\none job, many:\n%s", seed, jobs, text, diff)
			}
		}
	}
}

// An ending is all that a run leaves behind.
type ending struct {
	Things map[string]string
	Told   []string
	Stats  engine.Stats
}

func outcomeOf(t *testing.T, text string, jobs int) (e ending) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		maps.Copy(w.things, map[string]string{"t0": "old", "t1": "old", "t2": "old"})
		result, told := play(t, w, text, engine.Options{Jobs: jobs, Hooks: includes(t, w, map[string]string{
			"file": "put name=t3 value={{item|default(7)}} takes=1 | register=r\nput name=t0 value={{r.value}} | register=r1\n" +
				"block\nput name=t1 value={{r1.value}} | register=r2\nstop fail={{item|default(1)==2}}\nrescue\nput name=t2 value={{r2.value}}\nend",
		})})
		if w.peak > jobs {
			t.Errorf("%d were at work at once, with %d jobs", w.peak, jobs)
		}
		e = ending{w.things, told.lines, result.Stats}
	})
	return e
}

// A programmer writes programs.
type programmer struct {
	*rand.Rand
	lines []string
	depth int
}

func randomProgram(r *rand.Rand) string {
	p := &programmer{Rand: r}
	p.steps(3 + r.IntN(12))
	p.lines = append(p.lines, "handler put name=t4 value=handled takes=1 | name=h register=rh", "handler say msg={{rh|default('none')}} | name=g listen=h")
	return strings.Join(p.lines, "\n")
}

func (p *programmer) steps(n int) {
	for range n {
		switch k := p.IntN(14); {
		case k == 0 && p.depth < 3:
			p.block()
		case k == 1:
			p.add("stop")
		case k == 2:
			p.add("drop name=t%d", p.IntN(5))
		case k == 3:
			p.add("bring file=file%s", p.keywords("loop=1,2", "when=false", ""))
		case k == 4:
			p.add("set v%d=%s%s", p.IntN(3), p.value(), p.keywords("", "loop=1,2", "when=false"))
			p.add("set v0={{v0|default('')|string~item}} | loop=1,2")
		case k == 5:
			p.add("meta do=flush_handlers")
		case k == 6:
			p.add("say msg=%s%s", p.value(), p.keywords("", "loop=a,b,c", "changed_when=true notify=h"))
		default:
			p.put()
		}
	}
}

func (p *programmer) add(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

// keywords picks some behind a bar.
func (p *programmer) keywords(among ...string) string {
	if word := among[p.IntN(len(among))]; word != "" {
		return " | " + word
	}
	return ""
}

// value gives a value that may be what an earlier step registered or set.
func (p *programmer) value() string {
	switch p.IntN(4) {
	case 0:
		return fmt.Sprintf("{{r%d.value|default('none')}}", p.IntN(4))
	case 1:
		return fmt.Sprintf("{{v%d|default('none')}}", p.IntN(3))
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
		words = append(words, fmt.Sprintf("when=v%d|default(1)|string!='2'", p.IntN(3)))
	}
	fail := ""
	if p.IntN(6) == 0 {
		fail, words = " fail=true", append(words, "ignore_errors=true")
	}
	p.add("put name=%s value=%s takes=%d%s | %s", name, p.value(), p.IntN(4), fail, strings.Join(words, " "))
}

// block writes a block. A failure in it comes after a guard and is one itself, so
// that nothing is in flight that one job would not have begun.
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
		all = append(all, strings.Split(randomProgram(rand.New(rand.NewPCG(seed, 1))), "\n")...)
	}
	for _, word := range []string{"block", "rescue", "always", "loop=", "notify=", "stop fail", "bring", "set ", "drop", "when="} {
		if !slices.ContainsFunc(all, func(line string) bool { return strings.Contains(line, word) }) {
			t.Errorf("no program has %q", word)
		}
	}
}
