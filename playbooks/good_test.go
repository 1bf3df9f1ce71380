package playbooks

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/diagnostic"
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
				t.Fatalf("reported %v", problems)
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
func drawn(program *engine.Program, problems []*diagnostic.Problem) string {
	d := drawing{}
	for _, p := range problems {
		d.line(0, p.Place, "warning (%s): %s; %s", p.Rule, p.Msg, p.Hint)
	}
	for _, play := range program.Plays {
		d.line(0, play.Place, "play on %s of %s", play.Hosts, play.File)
		d.node(1, "name", play.Name)
		d.vars(play.Vars)
		d.before(play)
		for i, list := range play.Lists() {
			if len(list) > 0 {
				fmt.Fprintf(&d, "%s\n", playSections[i].keyword)
			}
			d.items(list)
		}
	}
	return d.String()
}

type drawing struct{ strings.Builder }

func (d *drawing) line(depth int, at diagnostic.Place, format string, args ...any) {
	fmt.Fprintf(d, "%*s", 2*depth, "")
	fmt.Fprintf(d, format, args...)
	fmt.Fprintf(d, "  @%d:%d\n", at.Line, at.Col)
}

// before draws what a play knows when it starts.
func (d *drawing) before(play *engine.Play) {
	for _, f := range play.VarsFiles {
		d.line(1, f.Place, "vars_files, read: %v", f.Read)
		for i, n := range f.Paths {
			d.node(2, fmt.Sprint(i), n)
		}
		d.vars(f.Vars)
	}
	for _, p := range play.Prompts {
		d.line(1, p.Place, "prompt for %s, private: %v, confirm: %v", p.Name, p.Private, p.Confirm)
		d.node(2, "text", p.Text)
		d.node(2, "default", p.Default)
	}
	d.node(1, "force_handlers", play.ForceHandlers)
}

func (d *drawing) items(list []engine.Item) {
	for _, item := range list {
		switch item := item.(type) {
		case *engine.Step:
			d.step(item)
		case *engine.Block:
			d.line(0, item.Place, "block %s", item.ID)
			d.items(item.Body)
			fmt.Fprintf(d, "rescue of %s\n", item.ID)
			d.items(item.Rescue)
			fmt.Fprintf(d, "always of %s\n", item.ID)
			d.items(item.Always)
		}
	}
}

func (d *drawing) step(s *engine.Step) {
	d.line(0, s.Place, "step %s", s.ID)
	d.node(1, "name", s.Name)
	d.line(1, s.At, "kind %s, written %s", s.Kind.Name, s.As)
	d.node(1, "args", s.Args)
	d.vars(s.Vars)
	for _, v := range s.Params {
		d.line(1, v.Place, "param %s", v.Name)
	}
	d.loop(s.Loop)
	d.conditions("when", s.When)
	d.conditions("until", s.Until)
	d.conditions("failed_when", s.FailedWhen)
	d.conditions("changed_when", s.ChangedWhen)
	if s.Register != "" {
		d.line(1, s.RegisterAt, "register %s", s.Register)
	}
	if len(s.Tags)+len(s.Allow)+len(s.Listen) > 0 {
		fmt.Fprintf(d, "  tags %q, allow %q", s.Tags, s.Allow)
		if s.Listen != nil {
			fmt.Fprintf(d, ", listen %q", s.Listen)
		}
		d.WriteByte('\n')
	}
	for _, n := range s.Notify {
		d.node(1, "notify", n)
	}
	for _, n := range s.Environment {
		d.node(1, "environment", n)
	}
	for _, k := range []struct {
		label string
		node  *expr.Node
	}{
		{"ignore_errors", s.IgnoreErrors}, {"any_errors_fatal", s.AnyErrorsFatal}, {"no_log", s.NoLog},
		{"check_mode", s.CheckMode}, {"diff", s.Diff}, {"timeout", s.Timeout}, {"throttle", s.Throttle},
		{"retries", s.Retries}, {"delay", s.Delay},
	} {
		d.node(1, k.label, k.node)
	}
}

func (d *drawing) loop(l *engine.Loop) {
	if l == nil {
		return
	}
	d.line(1, l.Place, "%s as %q, counted by %q", l.Kind, l.Var, l.Index)
	d.node(2, "over", l.Over)
	d.node(2, "label", l.Label)
	d.node(2, "pause", l.Pause)
	d.node(2, "extended", l.Extended)
	d.conditions("break_when", l.BreakWhen)
}

func (d *drawing) conditions(label string, list []*engine.Condition) {
	for _, c := range list {
		d.line(1, c.Place, "%s %s: %s", label, c.Text, c.Expr.Text())
	}
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
