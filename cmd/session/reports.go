package session

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"runner/atomicfile"
	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/report"
	"runner/engine/report/graph"
	"runner/suggest"
)

// reportKinds are the kinds of report that --report knows. Those for people stand on
// standard output where nothing else is said.
var reportKinds = map[string]struct {
	doc  string
	make func(report.Options) report.Reporter
}{
	"text":       {"what Ansible prints, for people", func(o report.Options) report.Reporter { return report.NewText(o) }},
	"html":       {"a page with what changed, what failed, when and why, for browsers", func(o report.Options) report.Reporter { return report.NewHTML(o) }},
	"json":       {"one document with every task, for programs", func(o report.Options) report.Reporter { return report.NewJSON(o) }},
	"jsonl":      {"a line for each event, as it happens, for programs that follow a run", func(o report.Options) report.Reporter { return report.NewJSONL(o) }},
	"junit":      {"a test case for each task, for CI systems", func(o report.Options) report.Reporter { return report.NewJUnit(o) }},
	"markdown":   {"a table of what changed and what failed, for merge requests", func(o report.Options) report.Reporter { return report.NewMarkdown(o) }},
	"prometheus": {"metrics, for node_exporter's textfile collector", func(o report.Options) report.Reporter { return report.NewPrometheus(o) }},
}

// ReportKinds lists the kinds of report.
func ReportKinds() []string { return slices.Sorted(maps.Keys(reportKinds)) }

// ReportDoc says what a kind of report holds.
func ReportDoc(kind string) string { return reportKinds[kind].doc }

// reports are the reports of one run, from before it begins to its end, however that
// comes: each says that it began, that it ended, and how.
type reports struct {
	streams *ui.Streams
	spec    Spec
	run     report.Run
	all     []*output
	graph   func() string // the picture of what waits for what; nil: nothing was loaded
}

// An output is a report and where it goes.
type output struct {
	report.Reporter
	kind string
	path string           // "" for a stream of the program
	file *atomicfile.File // nil for a stream of the program
}

// openReports opens what --report names; text on standard output unless something
// else goes there. With an error those that could be opened are there all the same,
// so that they tell of it.
func openReports(world World, spec Spec) (*reports, error) {
	r := &reports{streams: world.Streams, spec: spec, run: runOf(spec)}
	if world.Report != nil {
		r.all = []*output{{Reporter: world.Report}}
		return r, nil
	}
	var wrong []error
	for _, arg := range spec.Reports {
		if err := r.open(arg); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) == 0 && !slices.ContainsFunc(r.all, func(o *output) bool { return o.isStdout() }) {
		wrong = append(wrong, r.open("text"))
	}
	return r, errors.Join(wrong...)
}

func runOf(spec Spec) report.Run {
	run := report.Run{Playbooks: spec.Files, Check: spec.Check, Began: time.Now()}
	for _, name := range spec.Files {
		if path, err := filepath.Abs(name); err == nil {
			name = path
		}
		run.Paths = append(run.Paths, name)
	}
	return run
}

// The names of the program's own streams.
var (
	stdoutNames = []string{"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}
	stderrNames = []string{"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"}
)

func (r *reports) open(arg string) error {
	kind, path, toFile := strings.Cut(arg, "=")
	if _, ok := reportKinds[kind]; !ok {
		return (&diagnostic.Problem{Msg: fmt.Sprintf("unknown kind of report %q", kind)}).
			WithHint("%s", cmp.Or(suggest.DidYouMean(kind, ReportKinds()), "there is "+strings.Join(ReportKinds(), ", ")))
	}
	if toFile && path == "" {
		return errors.New("a report needs a file's name after the =")
	}
	if !toFile || slices.Contains(stdoutNames, path) {
		path = "-"
	}
	for _, o := range r.all {
		switch {
		case path == "-" && o.path == "-":
			return errors.New("two reports cannot share standard output: give one of them a file, KIND=FILE")
		case path != "-" && o.path != "-" && sameFile(o.path, path):
			return fmt.Errorf("two reports cannot share the file %q: give each its own", path)
		}
	}
	return r.openFile(kind, path)
}

func (r *reports) openFile(kind, path string) error {
	o := &output{kind: kind, path: path}
	opt := r.options()
	switch {
	case o.isStdout():
		opt.Out, opt.Color = r.streams.Out, r.streams.Color(r.streams.Out)
		opt.Live = r.streams.Draws() && ui.IsTerminal(opt.Out)
	case slices.Contains(stderrNames, path):
		opt.Out = r.streams.Err
	default:
		var err error
		if o.file, err = r.create(o); err != nil {
			return err
		}
		opt.Out, opt.Record = o.file, true
	}
	o.Reporter = reportKinds[kind].make(opt)
	r.all = append(r.all, o)
	return nil
}

func (r *reports) options() report.Options {
	return report.Options{Err: r.streams.Err, Verbosity: r.spec.Verbosity, Quiet: r.spec.Quiet, Secrets: &r.streams.Secrets, Run: r.run,
		Graph: func() string {
			if r.graph == nil {
				return ""
			}
			return r.graph()
		}}
}

// create begins a report's file. It is its owner's only, but for the metrics, which
// another user's node_exporter reads and which hold no value.
func (r *reports) create(o *output) (*atomicfile.File, error) {
	mode := fs.FileMode(0o600)
	if o.kind == "prometheus" {
		mode = 0o644
	}
	f, err := atomicfile.Create(o.path, atomicfile.Options{Mode: mode, Warn: r.streams.Warn})
	if err != nil {
		return nil, fmt.Errorf("the report cannot be written: %w", err)
	}
	return f, nil
}

func (o *output) isStdout() bool { return o.path == "-" }

// sameFile reports whether two paths lead to one file that holds one report; a
// device can take several.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err == nil {
		second, err := os.Stat(b)
		return err == nil && first.Mode().IsRegular() && os.SameFile(first, second)
	}
	return placeOf(a) == placeOf(b)
}

// placeOf returns where a file would be made, links of folders followed.
func placeOf(path string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return path
	}
	return filepath.Join(dir, filepath.Base(path))
}

// begin says in the files that the run has begun, for the case that it is killed:
// what stands there of an earlier run is true no longer.
func (r *reports) begin() error {
	var failed []error
	for _, o := range r.all {
		if o.file != nil && !o.file.IsStream() {
			failed = append(failed, r.note(o))
		}
	}
	return errors.Join(failed...)
}

func (r *reports) note(o *output) error {
	f, err := r.create(o)
	if err != nil {
		return err
	}
	defer f.Discard()
	opt := r.options()
	opt.Out, opt.Record = f, true
	reportKinds[o.kind].make(opt).End(report.End{Running: true})
	return f.Commit()
}

// Tell passes an event on.
func (r *reports) Tell(e engine.Event) {
	for _, o := range r.all {
		o.Tell(e)
	}
}

// err returns the first error of writing one of the reports.
func (r *reports) err() error {
	for _, o := range r.all {
		if err := o.Err(); err != nil {
			return err
		}
	}
	return nil
}

// finish completes the reports of a run that ended with an error, or with none. A
// reader that went away is no fault.
func (r *reports) finish(err error) error {
	end := report.End{Time: time.Now(), Exit: ExitCode(err), Problems: reasons(err)}
	var failed []error
	for _, o := range r.all {
		o.End(end)
		err := o.Err()
		if o.file != nil {
			err = cmp.Or(o.file.Commit(), err)
		}
		if err != nil && !errors.Is(err, syscall.EPIPE) {
			failed = append(failed, fmt.Errorf("the report could not be written: %w", err))
		}
	}
	return errors.Join(failed...)
}

// reasons returns the problems that an error tells of.
func reasons(err error) []*diagnostic.Problem {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*exit.Error](err); ok {
		if e.Err == nil {
			return e.Printed
		}
		return append(slices.Clone(e.Printed), diagnostic.From(e.Err, diagnostic.Place{}))
	}
	return []*diagnostic.Problem{diagnostic.From(err, diagnostic.Place{})}
}

// Fail reports a run that cannot begin, as its command line is wrong: of the spec
// only Files and Reports are known, as far as they could be read.
func Fail(world World, spec Spec, err error) error {
	r, _ := openReports(world, spec) // what is wrong with them too is not what ends the run
	return world.First(err, r.finish(err))
}

// mostDrawn is how many tasks a picture of a graph shows at most: one of more is seen by nobody.
const mostDrawn = 300

// draws lets the reports show the graph of a program. Nil reports show nothing.
func (r *reports) draws(program *engine.Program, selection engine.Selection, extra []engine.Var) {
	if r == nil {
		return
	}
	r.graph = func() string {
		var names []string
		for _, v := range extra {
			names = append(names, v.Name)
		}
		plays := engine.Graph(program, selection, names)
		n := 0
		for _, play := range plays {
			n += len(play.Nodes)
		}
		var svg strings.Builder
		if n == 0 || n > mostDrawn || graph.Write(&svg, "svg", plays) != nil {
			return ""
		}
		return svg.String()
	}
}
