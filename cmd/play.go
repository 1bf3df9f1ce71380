package cmd

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/cmd/live"
	"runner/cmd/notify"
	"runner/cmd/platform"
	"runner/cmd/session"
	"runner/cmd/ui"
)

func (p *Program) playCommand() *cli.Command {
	spec := session.Default()
	var warnings []string
	return &cli.Command{
		Name:      "play",
		Usage:     "play playbooks: make the platform match them",
		ArgsUsage: "FILE…",
		Description: "A playbook is checked whole before anything is touched. Exit codes: 0 done, 2 a task failed,\n" +
			"3 --check --detailed-exitcode and there is something to do, 4 the playbook is wrong,\n" +
			"5 credentials missing or refused, 6 another run holds the lock, 130 interrupted.",
		Flags: p.allPlayFlags(&spec, &warnings),
		Action: func(c *cli.Context) error {
			for _, text := range warnings {
				p.Warn(text)
			}
			spec.Files = c.Args().Slice()
			world := p.world()
			board, stop := p.watch(spec.Quiet)
			defer stop()
			if board != nil {
				world.Watch = board
			}
			return session.Play(c.Context, world, spec)
		},
	}
}

// allPlayFlags returns the flags of play. Those of Ansible's that are passed over
// add warnings.
func (p *Program) allPlayFlags(spec *session.Spec, warnings *[]string) []cli.Flag {
	organisation := p.organisationFlag(&spec.Platform, "who owns what names no owner; the personal space if left out")
	return slices.Concat(p.playFlags(spec), p.selectionFlags(spec), p.reportFlags(spec), hostFlags(&spec.Hosts), foreignFlags(warnings), vaultFlags(&spec.Vault),
		p.platformFlags(&spec.Platform), flags.In("PLATFORM", organisation), databaseFlags(&spec.Platform.Databases))
}

// misread reports a run whose command line is wrong where it was to be reported, so
// that nobody takes the report of an earlier run for this one's.
func (p *Program) misread(wrong error) error {
	var spec session.Spec
	for i, arg := range p.Args {
		value, glued := strings.CutPrefix(arg, "--report=")
		switch {
		case glued:
			spec.Reports = append(spec.Reports, value)
		case i > 0 && p.Args[i-1] == "--report":
			spec.Reports = append(spec.Reports, arg)
		case !strings.HasPrefix(arg, "-") && slices.Contains([]string{".yml", ".yaml", ".json"}, filepath.Ext(arg)):
			spec.Files = append(spec.Files, arg)
		}
	}
	if len(spec.Reports) == 0 {
		return wrong
	}
	return session.Fail(p.world(), spec, wrong)
}

// watch shows on standard error what is under way, until the function that it returns is
// called; nil where nothing is to be shown.
func (p *Program) watch(quiet bool) (board *live.Board, stop func()) {
	if quiet {
		return nil, func() {}
	}
	out, report := p.Err, p.Out
	width := func() int { return cmp.Or(ui.Width(out), 80) }
	board = live.New(live.Options{Out: out, Draws: p.Draws(), Color: p.Color(out), Width: width, Mask: p.Secrets.Mask})
	if p.Draws() {
		p.Err, p.Out, p.Pause = board.Writer(out), board.Writer(report), board.Pause
	}
	return board, func() {
		board.Stop()
		p.Err, p.Out, p.Pause = out, report, nil
	}
}

// world returns what a session has around it.
func (p *Program) world() session.World {
	return session.World{Streams: &p.Streams, Transport: p.transport, UnderWay: &p.underWay}
}

func (p *Program) playFlags(s *session.Spec) []cli.Flag {
	return []cli.Flag{
		flags.Bool(&s.Check, "check,C", "only report what would be done; nothing is written"),
		flags.Strings(&s.ExtraVars, "extra-vars,e", "set `VARS`: name=value pairs, a JSON or YAML map, or @FILE (repeatable)").Complete(p.extraVarValues).Adds().Setting(),
		flags.Bool(&s.SyntaxCheck, "syntax-check", "check the playbooks, play nothing"),
		flags.Int(&s.Jobs, "jobs,j,forks,f", "do at most `N` things at once, requests too; how many are under way adapts to what the platform bears").Setting(),
		flags.Bool(&s.KeepGoing, "keep-going", "after a failure go on with what does not depend on it").Setting(),
		flags.Words(&s.Allow, "allow", "consent to `RISKS`: delete, delete-doubtful, replace, migrate; or pipe, for lookup('pipe') (repeatable, or with commas)").Of(session.Risks()...).Setting(),
		flags.String(&s.PlanOut, "plan-out", "only check, and write what would be done to `FILE`, secrets masked, for --plan"),
		flags.String(&s.Plan, "plan", "carry out the plan in `FILE`, and nothing else; it is the consent to what it lists"),
		flags.Bool(&s.Prune, "prune", "consent to removing what a play that says prune no longer declares").Setting(),
		flags.Bool(&s.DetailedExitCode, "detailed-exitcode", "with --check, exit 3 when there is something to do").Setting(),
		flags.Duration(&s.Settle, "settle", "where a response was unclear, give the platform's list `DURATION` to show what was ordered, before it is ordered again"),
		flags.Duration(&s.LockTimeout, "lock-timeout", "wait `DURATION` for another run to end; fail at once if left out").Setting(),
		flags.PositiveDuration(&s.Timeout, "timeout", "start nothing more after `DURATION`, such as 30m; exit 2").Setting(),
	}
}

// reportFlags say what of a run is shown, where, and to whom.
func (p *Program) reportFlags(s *session.Spec) []cli.Flag {
	return flags.In("REPORTS",
		flags.Bool(&s.Diff, "diff,D", "show differences").Setting(),
		flags.Count(&s.Verbosity, "verbose,v", "show results; -vv places, -vvv requests").Setting(),
		flags.Strings(&s.Reports, "report", "report as `KIND[=FILE]`: "+flags.Alternatives(session.ReportKinds())+" (repeatable; text on standard output if left out)").Complete(reportValues).Setting(),
		flags.Strings(&s.Notify, "notify", "notify the service at `URL` (repeatable): JSON, or chat messages for Slack's addresses, slack+URL and mattermost+URL; env:NAME takes it from a variable").Setting().Secret(),
		flags.Words(&s.NotifyOn, "notify-on", "notify of these `EVENTS`").Of(notify.Events()...).Setting(),
		flags.String(&p.Colors, "color", "use colours `WHEN`: auto (on terminals, unless $NO_COLOR or $CI is set), always or never").Of(ui.ColorWords()...).Setting(),
		flags.Bool(&s.Quiet, "quiet,q", "in text show only what changes or fails").Setting(),
	)
}

// selectionFlags say which tasks are played, and how.
func (p *Program) selectionFlags(s *session.Spec) []cli.Flag {
	return flags.In("WHICH TASKS",
		flags.Words(&s.Selection.Tags, "tags,t", "play only what has one of these `TAGS` (repeatable, or with commas)").Complete(p.tagNames).Setting(),
		flags.Words(&s.Selection.Skip, "skip-tags", "leave out what has one of these `TAGS`").Complete(p.tagNames).Setting(),
		flags.String(&s.Selection.StartAt, "start-at-task", "start at the task of this `NAME`, or at the first that the pattern matches").Complete(p.taskNames),
		flags.Bool(&s.Step, "step", "ask before each task"),
		flags.Bool(&s.ForceHandlers, "force-handlers", "run notified handlers after a failure too").Setting(),
		flags.Bool(&s.ListTasks, "list-tasks", "list what would be played, play nothing"),
		flags.Bool(&s.ListTags, "list-tags", "list the tags, play nothing"),
		flags.Bool(&s.ListHosts, "list-hosts", "list the hosts of each play, play nothing"),
	)
}

// platformFlags are those of every command that speaks to the platform.
func (p *Program) platformFlags(s *platform.Spec) []cli.Flag {
	return slices.Concat(endpointFlags(s), flags.In("PLATFORM",
		flags.String(&s.Profile, "profile", "use the profile `NAME` of a configuration file, or of runner login").Complete(p.anyProfile).Setting(),
		flags.String(&s.Credentials, "credentials", "take credentials from `SOURCE`: login:ALIAS, env:TOKEN,SECRET, file:PATH or command:PROGRAM").Setting(),
	), flags.In("EMULATOR",
		flags.Bool(&s.Emulator, "emulator", "use an emulator inside runner, whose state is kept between runs").Setting(),
		flags.String(&s.State, "emulator-state", "keep the emulator's state in `FILE`").Setting(),
		flags.Strings(&s.Owners, "emulator-owner", "let the emulator have an organisation `NAME` (repeatable); orga_… is its id, too").Setting()))
}

// endpointFlags are those of platformFlags that name no emulator in this process:
// a browser could not reach it.
func endpointFlags(s *platform.Spec) []cli.Flag {
	*s = platform.Default()
	return flags.In("PLATFORM",
		flags.String(&s.Endpoint, "endpoint", "the platform's `URL` (else $RUNNER_ENDPOINT, $API_HOST, the profile's own, the real one)").Setting("API_HOST"),
		flags.String(&s.Signature, "signature", "sign requests by `METHOD`: "+flags.Alternatives(platform.Signatures())).Of(platform.Signatures()...).Setting(),
	)
}

// organisationFlag declares the flag that names an owner.
func (p *Program) organisationFlag(s *platform.Spec, usage string) cli.Flag {
	return flags.String(&s.Organisation, "organisation", usage+": `OWNER` is orga_…, user_…, or an organisation's name").Complete(p.fromPlatform(organisationNames)).Setting()
}

// databaseFlags are those of an emulator whose databases work.
func databaseFlags(d *platform.Databases) []cli.Flag {
	return flags.In("EMULATOR",
		flags.Bool(&d.Real, "real", "let the emulator's PostgreSQL and Redis add-ons work, with this machine's programs, until the command ends"),
		flags.String(&d.Postgres, "postgres", "with --real, make PostgreSQL databases in the server at `URL` instead of an own one"),
	)
}

// reportValues completes --report: a kind, and a file behind it.
func reportValues(r flags.Request) flags.Values {
	if strings.Contains(r.Word, "=") {
		return flags.Values{Files: true}
	}
	var v flags.Values
	for _, kind := range session.ReportKinds() {
		v.All = append(v.All, flags.Value{Text: kind}, flags.Value{Text: kind + "=", Doc: "in a file"})
	}
	return v
}
