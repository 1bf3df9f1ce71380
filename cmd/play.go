package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks"
	"runner/playbooks/reading"
	"runner/tasks"
)

func (p *Program) playCommand() *cli.Command {
	verbosity := new(int)
	return &cli.Command{
		Name:      "play",
		Usage:     "play playbooks: make the platform match them",
		ArgsUsage: "FILE…",
		Description: "A playbook is checked whole before anything is touched. Exit codes: 0 done, 2 a task failed,\n" +
			"3 --check --detailed-exitcode and there is something to do, 4 the playbook is wrong,\n" +
			"5 credentials missing or refused, 6 another run holds the lock, 130 interrupted.",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "check", Aliases: []string{"C"}, Usage: "only tell what would be done; nothing is written"},
			&cli.BoolFlag{Name: "diff", Aliases: []string{"D"}, Usage: "show differences"},
			&cli.StringSliceFlag{Name: "extra-vars", Aliases: []string{"e"}, Usage: "set `VARS`: name=value pairs, a JSON or YAML map, or @FILE (repeatable)"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "show results; -vv places, -vvv requests", Count: verbosity},
			&cli.BoolFlag{Name: "syntax-check", Usage: "check the playbooks, play nothing"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j", "forks", "f"}, Usage: "do at most `N` things at once", Value: engine.DefaultJobs},
			&cli.BoolFlag{Name: "keep-going", Usage: "after a failure go on with what does not depend on it"},
			&cli.StringSliceFlag{Name: "allow", Usage: "consent to `RISKS`: delete, replace, migrate; or pipe, for lookup('pipe') (repeatable, or with commas)"},
			&cli.BoolFlag{Name: "prune", Usage: "consent to removing what a play that says prune no longer declares"},
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "with --check, exit 3 when there is something to do"},
			&cli.DurationFlag{Name: "lock-timeout", Usage: "wait `DURATION` for another run to end; fail at once if left out"},
			&cli.StringSliceFlag{Name: "report", Usage: "report as `KIND[=FILE]`: text, json, jsonl, junit, markdown or prometheus (repeatable; text on standard output unless told)"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "in text show only what changes or fails"},
			&cli.DurationFlag{Name: "timeout", Usage: "start nothing more after `DURATION`, such as 30m; exit 2"},
		}, slices.Concat(selectionFlags(), foreign(), vaultFlags(), platformFlags(), databaseFlags())...),
		Action: func(c *cli.Context) error {
			pl := &play{Program: p, cli: c, verbosity: max(*verbosity, 0), secrets: &p.Secrets}
			return pl.run(c.Context)
		},
	}
}

// A play is one run of the play command.
type play struct {
	*Program
	cli       *cli.Context
	verbosity int
	secrets   *engine.Secrets
	platform  *platform
	files     playbooks.Files // that are brought in while the play runs
	// credentials are those of the run; asked for once.
	credentials func() (clever.Credentials, error)
	traceMu     sync.Mutex
}

func (p *play) run(ctx context.Context) error {
	files := p.cli.Args().Slice()
	if err := p.checkUsage(files); err != nil {
		return err
	}
	vault, err := p.openVault(p.cli)
	if err != nil {
		return err
	}
	vault.Sealed = p.onlyTells()
	extra, err := p.extraVars(vault)
	if err != nil {
		return err
	}
	cloud := &tasks.Cloud{}
	program, err := p.load(files, tasks.Kinds(cloud), extra, vault, p.verbosity)
	if err != nil {
		return err
	}
	p.files = playbooks.Files{Options: p.options(tasks.Kinds(cloud), extra, playbooks.Options{Vault: vault})}
	if err := p.checkPrune(program); err != nil {
		return err
	}
	p.unknownTags(program, selection(p.cli))
	if p.onlyTells() {
		p.list(files, program)
		return nil
	}
	if p.platform, err = p.address(p.cli, filepath.Dir(files[0])); err != nil {
		return err
	}
	p.credentials = sync.OnceValues(p.platform.credentials)
	journal := p.journal()
	free, err := p.guard(ctx, journal)
	if err != nil {
		return err
	}
	defer free()
	if err := p.emulate(ctx, p.platform); err != nil {
		return err
	}
	err = p.play(ctx, program, cloud, extra, journal)
	return p.First(err, p.platform.close())
}

func (p *play) checkUsage(files []string) error {
	if len(files) == 0 {
		return (&diagnostic.Problem{Msg: "play needs a playbook"}).WithHint("runner play site.yml")
	}
	if err := p.checkForeign(p.cli); err != nil {
		return err
	}
	if p.cli.Int("jobs") < 1 {
		return fmt.Errorf("--jobs must be at least 1, not %d", p.cli.Int("jobs"))
	}
	risks := []string{"delete", "replace", "migrate", "pipe"}
	for _, risk := range byComma(p.cli.StringSlice("allow")) {
		if !slices.Contains(risks, risk) {
			return (&diagnostic.Problem{Msg: fmt.Sprintf("--allow knows no %q", risk)}).WithHint("it takes delete, replace, migrate, pipe")
		}
	}
	if p.cli.IsSet("timeout") && p.cli.Duration("timeout") <= 0 {
		return errors.New("--timeout must be more than nothing, such as 30m")
	}
	if p.cli.Duration("lock-timeout") < 0 {
		return errors.New("--lock-timeout cannot be negative")
	}
	if p.cli.Bool("detailed-exitcode") && !p.cli.Bool("check") {
		return errors.New("--detailed-exitcode goes with --check")
	}
	return nil
}

// onlyTells reports whether nothing is to be played.
func (p *play) onlyTells() bool {
	return p.cli.Bool("syntax-check") || p.cli.Bool("list-tasks") || p.cli.Bool("list-tags")
}

// list tells what would be played; with --syntax-check the files only.
func (p *play) list(files []string, program *engine.Program) {
	l := listing{out: p.Out, tasks: p.cli.Bool("list-tasks"), tags: p.cli.Bool("list-tags"), selection: selection(p.cli)}
	for i, f := range files {
		plays := slices.DeleteFunc(slices.Clone(program.Plays), func(play *engine.Play) bool { return play.Given != i })
		if !l.tasks && !l.tags {
			plays = nil
		}
		l.file(f, plays)
	}
}

func (p *play) extraVars(vault *reading.Vault) ([]engine.Var, error) {
	var all []engine.Var
	for _, arg := range p.cli.StringSlice("extra-vars") {
		vars, err := playbooks.ExtraVars(arg, os.ReadFile, vault)
		if err != nil {
			return nil, err
		}
		all = append(all, vars...)
	}
	return all, nil
}

// play runs a program and reports it.
func (p *play) play(ctx context.Context, program *engine.Program, cloud *tasks.Cloud, extra []engine.Var, journal *journal) error {
	reports, err := p.reports()
	if err != nil {
		return err
	}
	cloud.Endpoint, cloud.Method, cloud.Default = p.platform.endpoint, p.platform.method, p.credentials
	if p.verbosity >= 3 {
		cloud.Trace = p.trace
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if limit := p.cli.Duration("timeout"); limit > 0 {
		var done func()
		ctx, done = context.WithTimeoutCause(ctx, limit, errTimeUp)
		defer done()
	}
	journal.begin(p)
	out := p.network()
	user := ui.NewUser(&p.Streams)
	result, err := engine.Run(ctx, program, engine.Options{
		Check: p.cli.Bool("check"), Diff: p.cli.Bool("diff"), Verbosity: p.verbosity, Jobs: p.cli.Int("jobs"),
		KeepGoing: p.cli.Bool("keep-going"), Allow: p.consented(), Ask: user.Consent(), ExtraVars: extra,
		Selection: selection(p.cli), ForceHandlers: p.cli.Bool("force-handlers"), Hooks: p.hooks(user),
		Transport: out, Secrets: p.secrets, Reporter: engine.Reporters{&untilGone{reports, stop}, journal}, Applying: journal.applying,
		Lookups: p.library().lookups(), FromYAML: reading.FromYAML,
	})
	if err != nil {
		reports.discard()
		err = p.wrong(err)
		journal.end(result, err)
		return err
	}
	err = p.lookAgain(ctx, cloud, out, p.outcome(ctx, result))
	journal.end(result, err)
	return p.First(err, reports.close())
}

// library gives what the templates of the run may read.
func (p *play) library() *library {
	return &library{getenv: p.Getenv, keys: p.files.Options.Vault.Keys, secrets: p.secrets,
		check: p.cli.Bool("check"), pipes: slices.Contains(p.consented(), "pipe")}
}

// hooks gives what the engine needs of files and persons.
func (p *play) hooks(user *ui.User) engine.Hooks {
	h := engine.Hooks{Load: p.files.Load, ReadVars: p.files.ReadVars, Prompt: user.Prompt()}
	if p.cli.Bool("step") {
		h.Step = user.Step
	}
	return h
}

// network gives the way out. It is the clients' common one, so that connections
// are used again.
func (p *play) network() http.RoundTripper {
	if p.platform.transport != nil {
		return p.platform.transport
	}
	return clever.NewTransport()
}

func (p *play) trace(t clever.Trace) {
	p.traceMu.Lock()
	defer p.traceMu.Unlock()
	fmt.Fprintln(p.Err, p.Secrets.Mask(traced(t)))
}

var (
	errNoReader = errors.New("nobody reads the report any more")
	errTimeUp   = errors.New("the play took longer than its --timeout")
)

// outcome chooses the exit code.
func (p *play) outcome(ctx context.Context, r engine.Result) error {
	for _, problem := range r.Problems {
		if refused(problem) {
			return &exit.Error{Code: exit.Credentials}
		}
	}
	cause := context.Cause(ctx)
	switch {
	case r.Interrupted && errors.Is(cause, errTimeUp):
		return &exit.Error{Code: exit.Failed, Err: fmt.Errorf("%w: after %s nothing more was started", errTimeUp, p.cli.Duration("timeout"))}
	case r.Stats.Failed > 0:
		return &exit.Error{Code: exit.Failed}
	case r.Interrupted && errors.Is(cause, errNoReader):
		return &exit.Error{Code: exit.Usage}
	case r.Interrupted:
		return &exit.Error{Code: exit.Interrupted}
	case p.cli.Bool("detailed-exitcode") && r.Stats.Changed > 0:
		return &exit.Error{Code: exit.ToDo}
	}
	return nil
}

// untilGone passes events on and stops the run when a report cannot be written
// any more: nothing goes on unseen.
type untilGone struct {
	reports *reports
	stop    context.CancelCauseFunc
}

func (u *untilGone) Tell(e engine.Event) {
	u.reports.Tell(e)
	if u.reports.broken() {
		u.stop(errNoReader)
	}
}
