package report

import (
	stdjson "encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

func plain(v value.Value) string { return format.JSON(v, format.JSONStyle{SortKeys: true}) }

func TestExcerptOfAMaskedLine(t *testing.T) {
	secrets := &engine.Secrets{}
	secrets.Add("s3cr3t-value")
	long := strings.Repeat("x", 300)
	tests := []struct {
		name string
		line string
		col  int
		want string
	}{
		{"nothing to mask", "plan: xxs", 7, "    2 | plan: xxs\n      |       ^\n"},
		{"after the secret", "pw: s3cr3t-value plan: xxs", 24, "    2 | pw: ******** plan: xxs\n      |                    ^\n"},
		{"before the secret", "plan: xxs, pw: s3cr3t-value", 7, "    2 | plan: xxs, pw: ********\n      |       ^\n"},
		{"at the secret", "pw: s3cr3t-value", 5, "    2 | pw: ********\n      |     ^\n"},
		{"inside the secret", "pw: s3cr3t-value", 9, "    2 | pw: ********\n      |     ^\n"},
		{"cut through the secret", long + "s3cr3t-value" + long, 390, "    2 | ***" + strings.Repeat("x", 157) + "\n      | " + strings.Repeat(" ", 80) + "^\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src := &diagnostic.Source{Name: "f", Text: "first\r\n" + test.line + "\r\nlast"}
			got := masker{secrets}.excerpt(&diagnostic.Problem{Place: diagnostic.Place{Source: src, Line: 2, Col: test.col}})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// No secret may be seen in any form of report, wherever it was: only in the
// result of a step whose purpose is to show it.
func TestSecretsStayHidden(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		p := &planter{rnd: rnd, secrets: &engine.Secrets{}, written: map[string][]string{}}
		events := p.events()
		for _, form := range []func(Options) Reporter{text, json, jsonl} {
			for v := range 4 {
				var out, warnings strings.Builder
				opt := Options{Out: &out, Err: &warnings, Verbosity: v, Secrets: p.secrets, Color: rnd.IntN(2) == 0, Quiet: rnd.IntN(4) == 0}
				r := form(opt)
				tellAll(r, events)
				if s := p.seen(out.String() + warnings.String()); s != "" {
					t.Fatalf("seed %d: %T shows %q at verbosity %d:\n%s%s", seed, r, s, v, &out, &warnings)
				}
			}
		}
	}
}

func TestSecretsThatAreShownOnPurpose(t *testing.T) {
	for seed := range uint64(20) {
		p := &planter{rnd: rand.New(rand.NewPCG(seed, 2)), secrets: &engine.Secrets{}, written: map[string][]string{}}
		step := &engine.Step{Kind: debug}
		end := engine.TaskEnd{Step: step, Shows: true, Result: value.MapOf("msg", value.MapOf("deep", p.secret()))}
		for _, form := range []func(Options) Reporter{text, json, jsonl} {
			var out strings.Builder
			r := form(Options{Out: &out, Secrets: p.secrets})
			r.Tell(engine.TaskStart{Step: step})
			r.Tell(end)
			tellAll(r, []engine.Event{engine.RunEnd{}})
			if p.seen(out.String()) == "" {
				t.Fatalf("seed %d: %T does not show %q:\n%s", seed, r, p.planted, &out)
			}
		}
	}
}

// A planter makes events that have secrets everywhere.
type planter struct {
	rnd     *rand.Rand
	secrets *engine.Secrets
	planted []string // each line of each secret
	written map[string][]string
}

// secret makes a secret, of more than one line now and then.
func (p *planter) secret() string {
	var lines []string
	for range 1 + p.rnd.IntN(5)/4 {
		lines = append(lines, p.word())
	}
	p.planted = append(p.planted, lines...)
	s := strings.Join(lines, "\n")
	p.secrets.Add(s)
	return s
}

func (p *planter) word() string {
	letters := []rune(`abcXYZ0123456789"'\/<>&{}%:#-_ é日🚀` + "\t\u0085\x1b")
	var b strings.Builder
	b.WriteString("K")
	for range 7 + p.rnd.IntN(20) {
		b.WriteRune(letters[p.rnd.IntN(len(letters))])
	}
	return b.String() + "K"
}

// text puts a secret into some text.
func (p *planter) text() string {
	return strings.Repeat("a ", p.rnd.IntN(50)) + p.secret() + strings.Repeat(" b", p.rnd.IntN(50))
}

func (p *planter) value() value.Value {
	switch p.rnd.IntN(7) {
	case 0:
		return []value.Value{p.text(), 1, p.text()}
	case 1:
		return value.Tuple{p.text(), nil}
	case 2:
		return value.MapOf(p.text(), p.value(), "x", p.secret())
	case 3:
		n := 100_000_000 + p.rnd.IntN(1_000_000_000)
		p.planted = append(p.planted, fmt.Sprint(n))
		p.secrets.Add(fmt.Sprint(n))
		return n
	}
	return p.text()
}

func (p *planter) problem() *diagnostic.Problem {
	one := p.mistake()
	if p.rnd.IntN(2) == 0 {
		one.Parts = []*diagnostic.Problem{p.mistake(), p.mistake()}
	}
	return one
}

func (p *planter) mistake() *diagnostic.Problem {
	src := &diagnostic.Source{Name: p.secret(), Text: "a: 1\n" + p.text() + "\n" + p.text()}
	return &diagnostic.Problem{
		Place: diagnostic.Place{Source: src, Line: 1 + p.rnd.IntN(4), Col: p.rnd.IntN(200)},
		Msg:   p.text(), Hint: p.text(), Detail: p.text(), Rule: p.secret(),
	}
}

func (p *planter) events() []engine.Event {
	events := []engine.Event{
		engine.RunStart{},
		engine.PlayStart{Play: &engine.Play{Place: p.problem().Place}, Name: p.text()},
		engine.Warning{Problem: p.problem()},
	}
	for o := engine.OK; o <= engine.Blocked; o++ {
		step := &engine.Step{ID: "1", Kind: register, Place: p.problem().Place}
		name := p.text()
		attrs := []engine.Attr{
			{Path: p.text(), Before: p.value(), After: p.value()},
			{Path: "a", Before: p.value(), Secret: true},
			{Path: "env.X", Before: p.value(), After: p.value()},
		}
		end := engine.TaskEnd{
			Step: step, Name: name, Outcome: o, Problem: p.problem(), Diff: true, NoLog: p.rnd.IntN(3) == 0,
			Result: value.MapOf("msg", p.value(), "env", p.value(), p.text(), p.value()),
			Change: &engine.Change{Action: engine.Update, Object: p.text(), Attrs: attrs},
			Shows:  o == engine.Failed,
		}
		events = append(events, engine.TaskStart{Step: step, Name: name}, engine.TaskProgress{Step: step, Text: p.text()}, end)
	}
	return append(events, engine.RunEnd{Interrupted: p.rnd.IntN(2) == 0})
}

// seen returns the first secret that can be read in a report, as it is or in an
// escaped form; "" if there is none.
func (p *planter) seen(report string) string {
	for _, s := range p.planted {
		for _, form := range p.forms(s) {
			if strings.Contains(report, form) {
				return s
			}
		}
	}
	return ""
}

// forms returns the ways in which a secret can be written.
func (p *planter) forms(s string) []string {
	if list, ok := p.written[s]; ok {
		return list
	}
	std, _ := stdjson.Marshal(s)
	list := []string{s}
	for _, json := range []string{string(std), plain(s), escape(plain(s)), format.JSON(s, format.JSONStyle{ASCII: true})} {
		list = append(list, strings.TrimSuffix(strings.TrimPrefix(json, `"`), `"`))
	}
	slices.Sort(list)
	p.written[s] = slices.Compact(list)
	return p.written[s]
}
