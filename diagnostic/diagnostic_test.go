package diagnostic

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func at(text string, line, col int) Place {
	return Place{Source: &Source{Name: "site.yml", Text: text}, Line: line, Col: col}
}

func TestAProblemOnOneLine(t *testing.T) {
	tests := []struct {
		p    *Problem
		want string
	}{
		{Problemf(at("", 3, 5), "unknown plan %q", "x").WithHint("did you mean %q?", "y"), `site.yml:3:5: unknown plan "x"; did you mean "y"?`},
		{Problemf(at("", 3, 0), "wrong"), "site.yml:3: wrong"},
		{Problemf(at("", 0, 0), "wrong"), "site.yml: wrong"},
		{Problemf(Place{}, "wrong"), "wrong"},
	}
	for _, tt := range tests {
		if got := tt.p.Error(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

type placedError struct{ place Place }

func (placedError) Error() string  { return "inner" }
func (e placedError) At() Place    { return e.place }
func (placedError) Hint() string   { return "do it" }
func (placedError) Detail() string { return "all of it" }

func TestFromKeepsWhatAnErrorKnows(t *testing.T) {
	there, here := at("", 1, 2), at("", 9, 9)
	inner := placedError{there}
	p := From(fmt.Errorf("outer: %w", inner), here)
	if p.Place != there || p.Msg != "inner" || p.Hint != "do it" || p.Detail != "all of it" || !errors.Is(p, inner) {
		t.Errorf("got %+v", p)
	}
	if p := From(placedError{}, here); p.Place != here {
		t.Errorf("an error that knows no place is at %v", p.Place)
	}
	own := Problemf(there, "own")
	if From(fmt.Errorf("with more: %w", own), here) != own {
		t.Error("a problem did not stay itself")
	}
	lost := Problemf(Place{}, "lost")
	if found := From(lost, here); found.Place != here || !lost.Place.IsZero() {
		t.Errorf("got %v, and the original %v", found, lost)
	}
}

func TestWarningsAreNoError(t *testing.T) {
	var ps Problems
	ps.Add(nil, &Problem{Msg: "old", Severity: Warning})
	if ps.Err() != nil || len(ps.All()) != 1 {
		t.Errorf("%v of %v", ps.Err(), ps.All())
	}
	ps.Add(Problemf(Place{}, "first"), Problemf(Place{}, "second"))
	text := ps.Err().Error()
	if first, second := strings.Index(text, "first"), strings.Index(text, "second"); first < 0 || second < first || strings.Contains(text, "old") {
		t.Errorf("got %s", text)
	}
}

func TestExcerpts(t *testing.T) {
	long := strings.Repeat("é", 400)
	tests := []struct{ name, text, line, caret string }{
		{"plain", "a: b", "    1 | a: b", "      |   ^"},
		{"tabs keep their room", "\ta: b", "    1 | \ta: b", "      | \t ^"},
		{"secrets", "  password: hunter2", "    1 |   password: " + Masked, "      |   ^"},
		{"controls and directions", "a\x1b[31m\u202eb", "    1 | a�[31m�b", "      |   ^"},
		{"long", long, "    1 | " + strings.Repeat("é", 160), "      |   ^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Problemf(at(tt.text, 1, 3), "wrong").Excerpt()
			if want := tt.line + "\n" + tt.caret + "\n"; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
	for _, p := range []Place{{}, at("one line", 2, 1), {Source: &Source{Text: "x", Secret: true}, Line: 1, Col: 1}} {
		if got := Problemf(p, "wrong").Excerpt(); got != "" {
			t.Errorf("%v shows %s", p, got)
		}
	}
}

func TestTheCaretOfALongLineIsShown(t *testing.T) {
	text := strings.Repeat("a", 300) + "X" + strings.Repeat("b", 300)
	lines := strings.Split(Problemf(at(text, 1, 301), "wrong").Excerpt(), "\n")
	if caret := strings.Index(lines[1], "^"); lines[0][caret] != 'X' {
		t.Errorf("got\n%s\n%s", lines[0], lines[1])
	}
}

func TestASuggestionIsDataAndHint(t *testing.T) {
	p := Problemf(at("", 1, 1), "unknown").Suggest("verison", "version", "look it up")
	if p.Wrong != "verison" || p.Meant != "version" || p.Hint != `did you mean "version"?` {
		t.Errorf("got %+v", p)
	}
	if p := Problemf(at("", 1, 1), "unknown").Suggest("xyz", "", "look it up"); p.Wrong != "" || p.Meant != "" || p.Hint != "look it up" {
		t.Errorf("got %+v", p)
	}
}
