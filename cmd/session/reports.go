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

	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/report"
	"runner/suggest"
)

// A reporter makes a report of a run.
type reporter interface {
	engine.Reporter
	Err() error
}

// reportKinds are the kinds of report that --report knows. The first three can
// stand on standard output; nothing keeps the others from it.
var reportKinds = map[string]func(report.Options) reporter{
	"text":       func(o report.Options) reporter { return report.NewText(o) },
	"json":       func(o report.Options) reporter { return report.NewJSON(o) },
	"jsonl":      func(o report.Options) reporter { return report.NewJSONL(o) },
	"junit":      func(o report.Options) reporter { return report.NewJUnit(o) },
	"markdown":   func(o report.Options) reporter { return report.NewMarkdown(o) },
	"prometheus": func(o report.Options) reporter { return report.NewPrometheus(o) },
}

// ReportKinds lists the kinds of report.
func ReportKinds() []string { return slices.Sorted(maps.Keys(reportKinds)) }

// reports are the reports of one run, with the files that they go to.
type reports struct {
	engine.Reporters
	checks []func() error
	files  []*reportFile
}

// err returns the first error of writing one of the reports.
func (r *reports) err() error {
	for _, check := range r.checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// close ends the files. A reader that went away is no fault.
func (r *reports) close() error {
	var all []error
	for _, check := range r.checks {
		if err := check(); err != nil && !errors.Is(err, syscall.EPIPE) {
			all = append(all, fmt.Errorf("the report could not be written: %w", err))
		}
	}
	for _, f := range r.files {
		all = append(all, f.close())
	}
	return errors.Join(all...)
}

// discard leaves the files as they were: there was no run to report.
func (r *reports) discard() {
	for _, f := range r.files {
		f.discard()
	}
}

// openReports opens what --report names; text on standard output unless something
// else goes there.
func openReports(s *ui.Streams, spec Spec) (*reports, error) {
	all := &reports{}
	err := all.addAll(s, spec)
	if err != nil {
		all.discard()
	}
	return all, err
}

func (r *reports) addAll(s *ui.Streams, spec Spec) error {
	stdout := false
	for _, arg := range spec.Reports {
		kind, file, toFile := strings.Cut(arg, "=")
		if !toFile && stdout {
			return errors.New("two reports cannot share standard output: give one of them a file, KIND=FILE")
		}
		stdout = stdout || !toFile
		if err := r.add(s, spec, kind, file, toFile); err != nil {
			return err
		}
	}
	if stdout {
		return nil
	}
	return r.add(s, spec, "text", "", false)
}

func (r *reports) add(s *ui.Streams, spec Spec, kind, file string, toFile bool) error {
	make, ok := reportKinds[kind]
	if !ok {
		kinds := ReportKinds()
		return (&diagnostic.Problem{Msg: fmt.Sprintf("unknown kind of report %q", kind)}).
			WithHint("%s", cmp.Or(suggest.DidYouMean(kind, kinds), "there is "+strings.Join(kinds, ", ")))
	}
	out := s.Out
	if toFile {
		f, err := createReport(file, reportMode(kind))
		if err != nil {
			return err
		}
		r.files, out = append(r.files, f), f
	}
	made := make(report.Options{Out: out, Err: s.Err, Verbosity: spec.Verbosity, Color: !toFile && s.Color(out),
		Live: !toFile && s.Color(out) && ui.IsTerminal(out), Quiet: spec.Quiet, Secrets: &s.Secrets})
	r.Reporters = append(r.Reporters, made)
	r.checks = append(r.checks, made.Err)
	return nil
}

// reportMode says who may read a report's file: its owner, but for the metrics,
// which another user's node_exporter reads and which hold no value.
func reportMode(kind string) fs.FileMode {
	if kind == "prometheus" {
		return 0o644
	}
	return 0o600
}

// A reportFile is written beside its place and put there whole when it is done.
type reportFile struct {
	*os.File
	path string
}

func createReport(path string, mode fs.FileMode) (*reportFile, error) {
	if path == "" {
		return nil, errors.New("a report needs a file's name after the =")
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return nil, fmt.Errorf("the report cannot be written: %w", err)
	}
	made := &reportFile{f, path}
	if err := f.Chmod(mode); err != nil {
		made.discard()
		return nil, fmt.Errorf("the report cannot be written: %w", err)
	}
	return made, nil
}

func (f *reportFile) close() error {
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("the report cannot be written to %s: %w", f.path, err)
	}
	return nil
}

func (f *reportFile) discard() {
	_ = f.Close()
	_ = os.Remove(f.Name())
}
