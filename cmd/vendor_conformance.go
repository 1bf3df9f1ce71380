package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/diagnostic"
	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
	"runner/suggest"
)

func (p *Program) vendorTestCommand() *cli.Command {
	return &cli.Command{
		Name: "test", Usage: "test a back-end as a marketplace will use it", ArgsUsage: "[MANIFEST]",
		Description: "Orders add-ons, changes and removes them, signs in, and does all of that wrong on purpose. Goes on after a\n" +
			"failure, and removes what it made, after an interrupt, too. What a marketplace's documentation requires decides\n" +
			"whether the back-end may go live; all else is advice, and --list says which is which, and why. Exit codes: 0 it may\n" +
			"go live, 2 a required check failed or something is left behind (with --strict an advice, too), 4 the manifest is\n" +
			"wrong, 5 the back-end does not answer.",
		Flags: callFlags(
			&cli.StringFlag{Name: "plan", Aliases: []string{"p"}, Usage: "order this `PLAN`; the manifest's first where it is left out, else test"},
			&cli.StringFlag{Name: "other-plan", Usage: "change to this `PLAN`; the manifest's second where it is left out, else no check does"},
			&cli.StringSliceFlag{Name: "only", Usage: "make these checks, `ID,…` (repeatable)"},
			&cli.StringSliceFlag{Name: "skip", Usage: "make all but these checks, `ID,…` (repeatable)"},
			&cli.StringSliceFlag{Name: "profile", Usage: "make the checks of `PROFILE`, too: " + strings.Join(conformance.Profiles(), " or ") + " (repeatable)"},
			&cli.BoolFlag{Name: "list", Usage: "list all checks, or those of the --dialect or the MANIFEST, and make none"},
			&cli.StringFlag{Name: "report", Aliases: []string{"F"}, Value: "text", Usage: "write `FORMAT`: " + strings.Join(conformance.Formats(), ", ")},
			&cli.BoolFlag{Name: "strict", Usage: "exit with 2 for advice, too"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "list checks that passed or were skipped, too"},
			&cli.StringFlag{Name: "callback-listen", Usage: "answer the back-end's calls on `ADDRESS`, for those that answer 202 and go on later: 127.0.0.1:0"},
			&cli.StringFlag{Name: "callback-url", Usage: "the `URL` under which the back-end reaches that address, if it is on another machine"},
			&cli.DurationFlag{Name: "callback-wait", Value: time.Minute, Usage: "wait for a slow order as long as `DURATION`"},
			&cli.StringFlag{Name: "run", Usage: "run this shell `COMMAND` with the variables of an add-on: it has to end with 0, and after the removal it has to fail"},
			&cli.StringFlag{Name: "console", Usage: "dashboards are opened in a frame of the console at `URL`, which must be allowed to"},
		),
		Action: p.vendorTest,
	}
}

func (p *Program) vendorTest(c *cli.Context) error {
	format := c.String("report")
	if !slices.Contains(conformance.Formats(), format) {
		return (&diagnostic.Problem{Msg: fmt.Sprintf("unknown format %q", format)}).WithHint("there is %s", strings.Join(conformance.Formats(), ", "))
	}
	if c.Bool("list") {
		return p.listChecks(c)
	}
	o := conformance.Options{
		Only: separated(c.StringSlice("only"), strings.ToUpper), Skip: separated(c.StringSlice("skip"), strings.ToUpper),
		Profiles: separated(c.StringSlice("profile"), strings.ToLower), Console: c.String("console"),
		Wait: c.Duration("callback-wait"), Hard: c.Duration("timeout"), OtherPlan: c.String("other-plan"),
	}
	if o.Wait <= 0 {
		return errors.New("--callback-wait must be more than nothing, such as 1m")
	}
	if err := knownChecks(&o); err != nil {
		return err
	}
	side, err := p.vendorSideOr(c, manifestName)
	if err != nil {
		return err
	}
	o.Backend, o.Problems, o.Plan = side.backend, side.file.problems, cmp.Or(c.String("plan"), firstPlan(side.file.manifest))
	if plans := side.file.manifest.Plans; o.OtherPlan == "" && len(plans) > 1 {
		o.OtherPlan = plans[1].ID
	}
	if command := c.String("run"); command != "" {
		o.Run = func(ctx context.Context, config map[string]string) error { return p.shell(ctx, command, config) }
	}
	stop, err := listenForCallbacks(c.String("callback-listen"), c.String("callback-url"), &o)
	if err != nil {
		return err
	}
	defer stop()
	done := p.showProgress(&o)
	report, err := conformance.Run(c.Context, o)
	done()
	if report == nil {
		return err
	}
	return tested(c, report, errors.Join(err, p.writeTest(report, format, c.Bool("verbose") || len(o.Only) > 0, err)))
}

// writeTest writes a report, unless nothing was tested.
func (p *Program) writeTest(report *conformance.Report, format string, more bool, err error) error {
	if _, gone := errors.AsType[*conformance.Unreachable](err); gone {
		return nil
	}
	return report.Write(p.Out, format, more)
}

// tested returns the exit code of a test.
func tested(c *cli.Context, report *conformance.Report, err error) error {
	_, gone := errors.AsType[*conformance.Unreachable](err)
	switch {
	case c.Err() != nil:
		return &exit.Error{Code: exit.Interrupted}
	case gone:
		return &exit.Error{Code: exit.Credentials, Err: (&diagnostic.Problem{Msg: err.Error(), Err: err}).WithHint("start it, or check base_url in the manifest")}
	case err != nil:
		return err
	case report.Count(conformance.Failed) > 0 || len(report.Left) > 0, c.Bool("strict") && report.Count(conformance.Advised) > 0:
		return &exit.Error{Code: exit.Failed}
	}
	return nil
}

// showProgress shows which check is being made, and for how long, and returns what ends that.
func (p *Program) showProgress(o *conformance.Options) (done func()) {
	var failed, advised int
	o.OnResult = func(r conformance.Result) {
		switch r.Status {
		case conformance.Failed:
			failed++
		case conformance.Advised:
			advised++
		}
	}
	board, stop := p.watch(false)
	over := func() {}
	o.OnCheck = func(i, of int, c conformance.Check) {
		over()
		_, over = board.Begin(fmt.Sprintf("%d/%d, %d failed, %d advised: %s %s", i+1, of, failed, advised, c.ID, c.Title))
		board.Draw()
	}
	return func() { over(); stop() }
}

// vendorSideOr is vendorSide for commands whose manifest has a usual name.
func (p *Program) vendorSideOr(c *cli.Context, name string) (*vendorSide, error) {
	if c.NArg() > 1 {
		return nil, fmt.Errorf("one manifest only: %q is one too many", c.Args().Get(1))
	}
	return p.sideOf(c, cmp.Or(c.Args().First(), name))
}

// separated takes lists of names apart, in the case that they are written in.
func separated(lists []string, written func(string) string) []string {
	var all []string
	for _, list := range lists {
		for id := range strings.SplitSeq(list, ",") {
			if id = written(strings.TrimSpace(id)); id != "" {
				all = append(all, id)
			}
		}
	}
	return all
}

// knownChecks refuses a name that is no check's or profile's, and says what may be meant.
func knownChecks(o *conformance.Options) error {
	var ids []string
	for _, c := range conformance.Checks() {
		ids = append(ids, c.ID)
	}
	for _, id := range slices.Concat(o.Only, o.Skip) {
		if !slices.Contains(ids, id) {
			return unknownName("check", id, ids, "runner vendor test --list lists them")
		}
	}
	for _, name := range o.Profiles {
		if all := conformance.Profiles(); !slices.Contains(all, name) {
			return unknownName("profile", name, all, "there is "+strings.Join(all, " and "))
		}
	}
	return nil
}

func unknownName(what, name string, among []string, help string) error {
	hint := strings.TrimSpace(suggest.DidYouMean(name, among) + " " + help)
	return (&diagnostic.Problem{Msg: fmt.Sprintf("there is no %s %q", what, name)}).WithHint("%s", hint)
}

// listChecks lists what back-ends are held to: those of the flag's dialect, or of
// the manifest's if one is named, or all.
func (p *Program) listChecks(c *cli.Context) error {
	d, err := dialect(c)
	if err != nil {
		return err
	}
	if d == "" && c.Args().Present() {
		f, err := readManifest(c, manifest.Options{})
		if err != nil {
			return err
		}
		if f.manifest != nil {
			d = f.manifest.Dialect
		}
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CHECK\tREQUIRED BY\tADVICE FOR\tSECTION\tWHAT\tSOURCE")
	for _, check := range conformance.Checks() {
		if d == "" || check.In(d) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", check.ID, dialectsOf(check, d, conformance.Required), dialectsOf(check, d, conformance.Advice),
				check.Section, check.Title+profileNote(check), sourceOf(check, d))
		}
	}
	return w.Flush()
}

// profileNote says when a check is made at all.
func profileNote(c conformance.Check) string {
	if c.Profile() == "" {
		return ""
	}
	return " (--profile " + c.Profile() + ")"
}

// sourceOf returns the section and link of the first dialect's documentation that has
// a check.
func sourceOf(c conformance.Check, only manifest.Dialect) string {
	for _, d := range manifest.Dialects() {
		if source := c.Source(d).String(); source != "" && c.In(d) && (only == "" || only == d) {
			return source
		}
	}
	return "-"
}

// dialectsOf names those that have a check at a level.
func dialectsOf(c conformance.Check, only manifest.Dialect, level conformance.Level) string {
	var in []string
	for _, d := range manifest.Dialects() {
		if c.In(d) && c.Level(d) == level && (only == "" || only == d) {
			in = append(in, string(d))
		}
	}
	switch len(in) {
	case 0:
		return "-"
	case len(manifest.Dialects()):
		return "all"
	}
	return strings.Join(in, ",")
}

// listenForCallbacks serves the marketplace's side of a test. Orders have its
// address, or what public says; "" means that nobody listens.
func listenForCallbacks(address, public string, o *conformance.Options) (stop func(), err error) {
	if address == "" && public != "" {
		return nil, errors.New("--callback-url needs --callback-listen")
	}
	if address == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --callback-listen", address, err)
	}
	if public == "" {
		if public, err = callbackRoot(listener.Addr(), o.Backend.Site.BaseURL); err != nil {
			_ = listener.Close()
			return nil, err
		}
	}
	o.Market, o.Async = manifest.NewMarket(o.Backend.Manifest), true
	o.Callback = strings.TrimSuffix(public, "/") + map[bool]string{true: "/addons", false: "/vendor/apps"}[o.Backend.Manifest.Dialect == manifest.HerokuV3]
	server := &http.Server{Handler: o.Market, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() }, nil
}

// callbackRoot returns the URL under which a back-end reaches a listener. Which address
// of this machine another one reaches is not for us to guess.
func callbackRoot(at net.Addr, backend string) (string, error) {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if manifest.IsLoopback(host) && !isLoopback(backend) {
		return "", (&diagnostic.Problem{Msg: "the back-end is on another machine, and cannot reach " + at.String()}).
			WithHint("say how it reaches this one: --callback-url https://…")
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// shell runs a command of the user's with an add-on's variables.
func (p *Program) shell(ctx context.Context, command string, config map[string]string) error {
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/C"
	}
	run := exec.CommandContext(ctx, name, flag, command)
	run.Stdout, run.Stderr = p.Err, p.Err // standard output is the report's
	run.Env = os.Environ()
	for key, value := range config {
		run.Env = append(run.Env, key+"="+value)
	}
	return run.Run()
}
