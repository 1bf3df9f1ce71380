package session

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/history"
	"runner/cmd/loading"
	"runner/cmd/lookups"
	"runner/cmd/notify"
	"runner/cmd/platform"
	"runner/cmd/ui"
	"runner/cmd/vaults"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/report"
	"runner/playbooks"
	"runner/playbooks/reading"
	"runner/tasks"
)

// A World is what a run has around it.
type World struct {
	*ui.Streams
	Transport http.RoundTripper // instead of the network; nil: none
	UnderWay  *history.UnderWay // is kept up to date; nil: nobody looks
	MayWrite  func() error      // why nothing may be written any more; nil: the right to write does not end
	Watch     Watcher           // sees what is under way; nil: nobody
	Report    report.Reporter   // instead of the reports that the spec names, and with whole results; nil: those
}

// A Watcher sees what is under way in a run while it is; see [engine.Options].
type Watcher interface {
	engine.Reporter
	Begin(name string) (status func(text string), ended func())
}

// Play plays what a spec says. Its error is an [exit.Error] where everything that
// is to be printed was printed; [ExitCode] has the code of any. When the context
// ends, what is under way is finished and nothing more is started.
func Play(ctx context.Context, world World, spec Spec) error {
	spec.Check = spec.Check || spec.PlanOut != ""
	r := &run{World: world, Spec: spec, cloud: &tasks.Cloud{}}
	if spec.lists() {
		err := spec.Validate()
		if err == nil {
			err = r.load(ctx)
		}
		if err == nil {
			list(r.Out, spec, r.program)
		}
		return err
	}
	for _, name := range []string{"CLEVER_TOKEN", "CLEVER_SECRET", "OAUTH_CONSUMER_SECRET"} {
		r.Secrets.Add(r.Getenv(name)) // before anything can show it
	}
	r.notification = newNotification(r.Streams, spec)
	receivers, err := r.begin()
	if err == nil {
		err = r.load(ctx)
	}
	if err == nil {
		err = r.onPlatform(ctx)
	}
	r.notification.send(ctx, receivers, r.result, err)
	return r.First(err, r.reports.finish(err))
}

// begin opens the reports, which then say that the run has begun, and looks at the
// spec. It returns who is to be notified.
func (r *run) begin() (to []notify.Receiver, err error) {
	notPlan := r.takePlan()
	if r.reports, err = openReports(r.World, r.Spec); err == nil {
		err = r.reports.begin()
	}
	if wrong := cmp.Or(notPlan, r.Spec.Validate()); wrong != nil {
		return nil, wrong
	}
	if err == nil {
		to, err = receivers(r.Streams, r.Spec)
	}
	return to, err
}

// A run is one session while it goes on.
type run struct {
	World
	Spec
	cloud       *tasks.Cloud
	reports     *reports
	extra       []engine.Var
	program     *engine.Program
	included    playbooks.Files // that are brought in while the play runs
	platform    *platform.Platform
	credentials func() (clever.Credentials, error) // of the run; asked for once
	out         http.RoundTripper                  // the way to the platform
	traceMu     sync.Mutex

	notification *notification
	result       engine.Result
	saved        *savedPlan // of --plan
}

// load reads the playbooks.
func (r *run) load(ctx context.Context) error {
	vault, err := vaults.Open(ctx, r.Streams, r.Vault)
	if err != nil {
		return err
	}
	vault.Sealed = r.lists()
	if r.extra, err = loading.ExtraVars(r.ExtraVars, vault); err != nil {
		return err
	}
	r.extra = append(r.extra, r.Vars...)
	opt := loading.Options(r.Streams, tasks.Kinds(r.cloud), r.extra, vault)
	opt.Hosts, opt.Selection = r.Hosts, r.Selection
	if r.Text != nil {
		r.program, err = loading.Parse(r.Streams, r.Files[0], r.Text, opt)
	} else {
		r.program, err = loading.Load(r.Streams, r.Files, opt, r.Verbosity)
	}
	if err != nil {
		return err
	}
	r.included = playbooks.Files{Options: opt}
	r.reports.draws(r.program, r.Selection, r.extra)
	if r.saved != nil {
		if err := r.saved.fits(r); err != nil {
			return err
		}
	}
	if err := checkPrune(r.Spec, r.program); err != nil {
		return err
	}
	warnOfTags(r.Streams, r.Spec, r.program)
	return nil
}

// onPlatform plays the program while no other run does.
func (r *run) onPlatform(ctx context.Context) (err error) {
	if r.platform, err = platform.New(r.Streams, r.Platform, filepath.Dir(r.Files[0]), r.Transport); err != nil {
		return err
	}
	r.credentials = sync.OnceValues(func() (clever.Credentials, error) { return r.platform.Credentials(ctx) })
	journal := r.journal()
	owners := r.newOwners(journal)
	defer owners.Release()
	release, err := r.lockState(ctx, owners)
	if err != nil {
		return err
	}
	defer release()
	if err := r.platform.Start(ctx); err != nil {
		return err
	}
	r.out = r.introduced(ctx, r.network())
	r.cloud.Default, r.cloud.Config = r.credentials, r.config(journal)
	r.cloud.Memory = func(endpoint string, creds clever.Credentials) clever.Memory {
		return memory{owners, r.ownerOf(endpoint, creds)}
	}
	if err := r.lockOwners(ctx, owners); err != nil {
		return r.First(err, r.platform.Close())
	}
	return r.First(r.play(ctx, journal), r.platform.Close())
}

// journal returns the journal of the run. Without a folder for it the run goes on.
func (r *run) journal() *history.Journal {
	dir, err := history.Dir(r.Getenv)
	return history.NewJournal(dir, err, &r.Secrets, r.Warn, r.UnderWay)
}

// play runs the program and reports it.
func (r *run) play(ctx context.Context, journal *history.Journal) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if r.Timeout > 0 {
		// No deadline: what is under way then may end.
		defer time.AfterFunc(r.Timeout, func() { stop(errTimeUp) }).Stop()
	}
	start := r.start()
	journal.Begin(start)
	r.notification.begin(journal.Run(), start.Endpoint)
	if err := r.preflight(ctx, journal); err != nil {
		if r.PlanOut != "" {
			r.Warn("no plan was written, as the check failed")
		}
		journal.End(engine.Result{}, ExitCode(err))
		return err
	}
	user, plan := ui.NewUser(r.Streams), &collector{secrets: &r.Secrets}
	reporters := engine.Reporters{scopes{r}, &untilGone{r.reports, stop}, journal, r.notification}
	if r.PlanOut != "" {
		reporters = append(reporters, plan)
	}
	opt, err := r.decide(ctx, r.options(ctx, reporters, journal, user), user)
	if err != nil {
		journal.End(engine.Result{}, ExitCode(err))
		return err
	}
	result, err := engine.Run(ctx, r.program, opt)
	r.result = result
	if err != nil {
		r.PrintError(err)
		err = &exit.Error{Code: exit.Playbook, Printed: []*diagnostic.Problem{diagnostic.From(err, diagnostic.Place{})}}
		journal.End(result, exit.Code(err))
		return err
	}
	if n := r.cloud.NotVerified(); n > 0 {
		fmt.Fprintf(r.Err, "not verified: %s\n", ui.Count(n, "add-on"))
	}
	err = findDuplicates(ctx, r.Streams, r.cloud, r.out, outcome(ctx, r.Spec, result))
	if code := ExitCode(err); r.PlanOut != "" && (code == exit.Done || code == exit.ToDo) {
		err = cmp.Or(r.savePlan(plan.plan, start.Endpoint), err)
	} else if r.PlanOut != "" {
		r.Warn("no plan was written, as the check failed")
	}
	journal.End(result, ExitCode(err))
	return err
}

// options returns what the engine needs.
func (r *run) options(ctx context.Context, reporter engine.Reporter, journal *history.Journal, user *ui.User) engine.Options {
	opt := engine.Options{
		Check: r.Check, Diff: r.Diff, Verbosity: r.Verbosity, Jobs: r.Jobs,
		KeepGoing: r.KeepGoing, Allow: r.consented(), Ask: user.Consent(), ExtraVars: r.extra,
		Selection: r.Selection, ForceHandlers: r.ForceHandlers, Hooks: r.hooks(user),
		Transport: r.out, MayWrite: r.MayWrite, Secrets: &r.Secrets, Reporter: reporter, Applying: journal.Applying, Complete: r.Report != nil,
		Lookups: r.lookups(ctx, r.Check), FromYAML: reading.FromYAML,
	}
	if r.Watch != nil {
		opt.Watch, opt.Reporter = r.Watch.Begin, engine.Reporters{reporter, r.Watch}
	}
	return opt
}

// start returns what the journal notes of the run at its start.
func (r *run) start() history.Start {
	var creds clever.Credentials
	if r.platform.Endpoint() == "" && r.platform.State() == "" {
		creds, _ = r.credentials() // whoever needs them learns what is wrong with them
	}
	return history.Start{Playbooks: r.Files, Endpoint: r.platform.Host(creds), Check: r.Check}
}

// lookups returns what the templates of the run may read.
func (r *run) lookups(ctx context.Context, check bool) map[string]expr.Lookup {
	s := &lookups.Source{Context: ctx, Getenv: r.Getenv, Environ: r.Environment, Keys: r.included.Options.Vault.Keys,
		Secrets: &r.Secrets, Check: check, Pipes: slices.Contains(r.Allow, "pipe")}
	return s.Lookups()
}

// hooks returns what the engine needs of files and users.
func (r *run) hooks(user *ui.User) engine.Hooks {
	h := engine.Hooks{Load: r.included.Load, LoadRole: r.included.LoadRole, ReadVars: r.included.ReadVars, Prompt: user.Prompt()}
	if r.Step {
		h.Step = user.Step
	}
	return h
}

// network returns the way out. It is the clients' common one, so that connections
// are used again.
func (r *run) network() http.RoundTripper {
	if t := r.platform.Transport(); t != nil {
		return t
	}
	return clever.NewTransport()
}

func (r *run) trace(t clever.Trace) {
	r.traceMu.Lock()
	defer r.traceMu.Unlock()
	fmt.Fprintln(r.Err, r.Secrets.Mask(platform.TraceLine(t)))
}
