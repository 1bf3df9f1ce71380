package cmd

import (
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

	"runner/clever/conformance"
	"runner/clever/vendor"
	"runner/engine"
)

func (p *Program) vendorTestCommand() *cli.Command {
	return &cli.Command{
		Name: "test", Usage: "test a back-end as a marketplace will use it", ArgsUsage: "[MANIFEST]",
		Description: "Orders add-ons, changes and removes them, signs in, and does all of that wrong on purpose. Goes on after a\n" +
			"failure, and removes what it made. Exit codes: 0 all is well, 2 a check failed, 4 the manifest is wrong, 5 the\n" +
			"back-end does not answer. Warnings do not count.",
		Flags: callFlags(
			&cli.StringFlag{Name: "plan", Aliases: []string{"p"}, Usage: "order this `PLAN`; the manifest's first where it is left out, else test"},
			&cli.StringFlag{Name: "other-plan", Usage: "change to this `PLAN`; the manifest's second where it is left out, else no check does"},
			&cli.StringSliceFlag{Name: "only", Usage: "make these checks, `ID,…` (repeatable)"},
			&cli.StringSliceFlag{Name: "skip", Usage: "make all but these checks, `ID,…` (repeatable)"},
			&cli.BoolFlag{Name: "list", Usage: "list the checks of the dialect, and make none"},
			&cli.StringFlag{Name: "report", Aliases: []string{"F"}, Value: "text", Usage: "write `FORMAT`: text, json, junit or markdown"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "tell of checks that passed or were skipped, too"},
			&cli.StringFlag{Name: "callback-listen", Usage: "answer the back-end's calls on `ADDRESS`, for those that answer 202 and go on later: 127.0.0.1:0"},
			&cli.DurationFlag{Name: "callback-wait", Value: time.Minute, Usage: "wait for a slow order as long as `DURATION`"},
			&cli.StringFlag{Name: "run", Usage: "run this shell `COMMAND` with the variables of an add-on; it has to end with 0"},
		),
		Action: p.vendorTest,
	}
}

func (p *Program) vendorTest(c *cli.Context) error {
	format := c.String("report")
	if !slices.Contains(conformance.Formats(), format) {
		return (&engine.Problem{Msg: fmt.Sprintf("unknown format %q", format)}).WithHint("there is %s", strings.Join(conformance.Formats(), ", "))
	}
	if c.Bool("list") {
		return p.listChecks(c)
	}
	side, err := p.vendorSideOr(c, manifestName)
	if err != nil {
		return err
	}
	o := conformance.Options{
		Backend: side.backend, Problems: side.file.problems, Only: separated(c.StringSlice("only")), Skip: separated(c.StringSlice("skip")),
		Wait: c.Duration("callback-wait"), Hard: c.Duration("timeout"), Plan: orElse(c.String("plan"), firstPlan(side.file.manifest)),
		OtherPlan: c.String("other-plan"),
	}
	if plans := side.file.manifest.Plans; o.OtherPlan == "" && len(plans) > 1 {
		o.OtherPlan = plans[1].ID
	}
	if command := c.String("run"); command != "" {
		o.Run = func(ctx context.Context, config map[string]string) error { return p.shell(ctx, command, config) }
	}
	stop, err := listenForCallbacks(c.String("callback-listen"), &o)
	if err != nil {
		return err
	}
	defer stop()
	report, err := conformance.Run(c.Context, o)
	if report == nil {
		return err
	}
	return tested(c, report, errors.Join(err, p.writeTest(report, format, c.Bool("verbose"), err)))
}

// writeTest writes a report, unless nothing was tested.
func (p *Program) writeTest(report *conformance.Report, format string, more bool, err error) error {
	if _, gone := errors.AsType[*conformance.Unreachable](err); gone {
		return nil
	}
	return report.Write(p.Out, format, more)
}

// tested gives the exit code of a test.
func tested(c *cli.Context, report *conformance.Report, err error) error {
	_, gone := errors.AsType[*conformance.Unreachable](err)
	switch {
	case c.Err() != nil:
		return &exit{code: exitInterrupted}
	case gone:
		return &exit{exitCredentials, (&engine.Problem{Msg: err.Error(), Err: err}).WithHint("start it, or check base_url in the manifest")}
	case err != nil:
		return err
	case report.Count(conformance.Failed) > 0 || len(report.Left) > 0:
		return &exit{code: exitFailed}
	}
	return nil
}

// vendorSideOr is vendorSide for commands whose manifest has a usual name.
func (p *Program) vendorSideOr(c *cli.Context, name string) (*vendorSide, error) {
	if c.NArg() > 1 {
		return nil, fmt.Errorf("one manifest only: %q is one too many", c.Args().Get(1))
	}
	return p.sideOf(c, orElse(c.Args().First(), name))
}

// separated takes lists of ids apart.
func separated(lists []string) []string {
	var all []string
	for _, list := range lists {
		for id := range strings.SplitSeq(list, ",") {
			if id = strings.ToUpper(strings.TrimSpace(id)); id != "" {
				all = append(all, id)
			}
		}
	}
	return all
}

// listChecks lists what a dialect's back-ends are held to: the flag's, or the
// manifest's, or Clever Cloud's.
func (p *Program) listChecks(c *cli.Context) error {
	d, err := dialect(c)
	if err != nil {
		return err
	}
	if d == "" {
		d = vendor.Clever
		if f, err := readManifest(c, vendor.Options{}); err == nil && f.manifest != nil {
			d = f.manifest.Dialect
		} else if c.Args().Present() && err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CHECK\tBREACH\tSECTION\tWHAT")
	for _, check := range conformance.Checks() {
		if check.In(d) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", check.ID, map[bool]string{true: "warns", false: "fails"}[check.Warning], check.Section, check.Title)
		}
	}
	return w.Flush()
}

// listenForCallbacks serves the marketplace's side of a test. The back-end is
// told the address; "" means that nobody listens.
func listenForCallbacks(address string, o *conformance.Options) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --callback-listen", address, err)
	}
	o.Market, o.Async = vendor.NewMarket(o.Backend.Manifest), true
	o.Callback = "http://" + listener.Addr().String() + "/vendor/apps"
	if o.Backend.Manifest.Dialect == vendor.HerokuV3 {
		o.Callback = "http://" + listener.Addr().String() + "/addons"
	}
	server := &http.Server{Handler: o.Market, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() }, nil
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
