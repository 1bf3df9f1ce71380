package playbooks

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
	"runner/engine/expr"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each playbook in testdata/good has its program, and the warnings that it
// earns, in a .golden file beside it.
func TestGoodPlaybooks(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			program, problems := Load([]string{file}, options())
			if program == nil {
				t.Fatalf("told %v", problems)
			}
			got := drawn(program, problems)
			golden := strings.TrimSuffix(file, ".yml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// drawn writes a program down, every part with its place.
func drawn(program *engine.Program, problems []*engine.Problem) string {
	d := drawing{}
	for _, p := range problems {
		d.line(0, p.Place, "warning (%s): %s; %s", p.Rule, p.Msg, p.Hint)
	}
	for _, play := range program.Plays {
		d.line(0, play.Place, "play on %s of %s", play.Hosts, play.File)
		d.node(1, "name", play.Name)
		d.vars(play.Vars)
		for s := range play.Steps() {
			d.step(s)
		}
	}
	return d.String()
}

type drawing struct{ strings.Builder }

func (d *drawing) line(depth int, at expr.Place, format string, args ...any) {
	fmt.Fprintf(d, "%*s", 2*depth, "")
	fmt.Fprintf(d, format, args...)
	fmt.Fprintf(d, "  @%d:%d\n", at.Line, at.Col)
}

func (d *drawing) step(s *engine.Step) {
	d.line(0, s.Place, "step %s", s.ID)
	d.node(1, "name", s.Name)
	d.line(1, s.At, "kind %s, written %s", s.Kind.Name, s.As)
	d.node(1, "args", s.Args)
	d.vars(s.Vars)
	for _, c := range s.When {
		d.line(1, c.Place, "when %s: %s", c.Text, c.Expr.Text())
	}
	if s.Register != "" {
		d.line(1, s.RegisterAt, "register %s", s.Register)
	}
	if len(s.Tags)+len(s.Allow) > 0 {
		fmt.Fprintf(d, "  tags %q, allow %q\n", s.Tags, s.Allow)
	}
	d.node(1, "ignore_errors", s.IgnoreErrors)
	d.node(1, "no_log", s.NoLog)
	d.node(1, "check_mode", s.CheckMode)
	d.node(1, "diff", s.Diff)
}

func (d *drawing) vars(vars []engine.Var) {
	for _, v := range vars {
		d.line(1, v.Place, "var %s", v.Name)
		d.node(2, "value", v.Value)
	}
}

func (d *drawing) node(depth int, label string, n *expr.Node) {
	switch {
	case n == nil:
	case n.Shape == expr.Sequence:
		d.line(depth, n.Place, "%s: list", label)
		for i, item := range n.Items {
			d.node(depth+1, fmt.Sprint(i), item)
		}
	case n.Shape == expr.Mapping:
		d.line(depth, n.Place, "%s: map", label)
		for _, e := range n.Entries {
			d.node(depth+1, e.Key.Text, e.Value)
		}
	case n.Tmpl != nil:
		d.line(depth, n.Place, "%s: template %q", label, n.Tmpl.Text())
		for _, r := range n.Tmpl.Refs() {
			d.line(depth+1, r.Place, "mentions %s %q", r.Name, r.Path)
		}
	default:
		d.line(depth, n.Place, "%s: %T %v, written %q", label, n.Value, n.Value, n.Text)
	}
}
