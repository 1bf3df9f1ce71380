package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/collection"
	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/session"
	"runner/cmd/ui"
	"runner/cmd/version"
	"runner/diagnostic"
	"runner/engine/report"
	"runner/tasks"
)

func (p *Program) collectionCommand() *cli.Command {
	dir := "noa-clevercloud"
	return &cli.Command{
		Name:  "collection",
		Usage: "make an Ansible collection whose modules are runner",
		Subcommands: []*cli.Command{{
			Name:  "build",
			Usage: "write the collection noa.clevercloud: a module for each kind of task",
			Description: "ansible-galaxy collection install ./noa-clevercloud installs what was written,\n" +
				"ansible-galaxy collection build ./noa-clevercloud packs it. runner has to be in PATH\n" +
				"where the modules run.",
			Flags: []cli.Flag{flags.String(&dir, "out", "write it into the folder `DIR`: a new one, an empty one, or that of an earlier build")},
			Action: func(c *cli.Context) error {
				if c.Args().Present() {
					return (&diagnostic.Problem{Msg: "collection build takes no arguments"}).WithHint("runner collection build --out DIR")
				}
				n, err := collection.Write(dir, tasks.Kinds(nil), version.String())
				if err == nil {
					_, err = fmt.Fprintf(p.Out, "%s: noa.clevercloud with %s\n", filepath.Clean(dir), ui.Count(n, "module"))
				}
				return err
			},
		}},
	}
}

func (p *Program) moduleCommand() *cli.Command {
	spec := session.Default()
	return &cli.Command{
		Name:      "module",
		Usage:     "be an Ansible module: do one task, and print its result as JSON",
		ArgsUsage: "KIND FILE",
		Description: "Ansible calls it, by the modules of runner collection build. FILE holds the arguments of\n" +
			"the task as a JSON object, - is standard input.",
		Flags: p.platformFlags(&spec.Platform),
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return (&diagnostic.Problem{Msg: "module takes a kind and a file of arguments"}).WithHint("runner module addon_info arguments.json")
			}
			return p.module(c.Context, spec, c.Args().Get(0), c.Args().Get(1))
		},
	}
}

// module does one task for Ansible. Whatever comes of it is one JSON object on standard
// output, mistakes too.
func (p *Program) module(ctx context.Context, spec session.Spec, kind, file string) error {
	var log bytes.Buffer
	streams := ui.Streams{In: strings.NewReader(""), Out: io.Discard, Err: ui.Shared(&log), Getenv: p.Getenv, Environ: p.Environ}
	call, err := p.readCall(kind, file)
	out := report.NewModule(report.Options{Out: p.Out, Secrets: &streams.Secrets})
	if err != nil {
		out.End(report.End{Exit: exit.Usage, Problems: []*diagnostic.Problem{diagnostic.From(err, diagnostic.Place{})}})
		return &exit.Error{Code: exit.Usage}
	}
	out.Verbose, out.Invocation = call.Verbosity > 0, call.Invocation(&streams.Secrets)
	streams.Printed = func(problem *diagnostic.Problem) {
		if problem.Severity == diagnostic.Warning {
			out.Warn(problem)
		}
	}
	if call.Verbosity >= 3 && !call.NoLog {
		out.Log = log.String
	}
	return session.Play(ctx, session.World{Streams: &streams, Transport: p.transport, UnderWay: &p.underWay, Report: out}, specOfCall(spec, call))
}

// readCall reads the arguments of a module.
func (p *Program) readCall(name, file string) (*collection.Call, error) {
	kind, err := kindCalled(name, collection.Kinds(tasks.Kinds(nil)))
	if err != nil {
		return nil, err
	}
	var from io.Reader = p.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	return collection.ReadCall(kind, from)
}

// specOfCall returns how the task of a module is played: as the only one of a playbook that
// is in the working folder, which Ansible makes the playbook's.
func specOfCall(spec session.Spec, call *collection.Call) session.Spec {
	spec.Files, spec.Text, spec.Vars = []string{call.Kind.Full}, call.Playbook(), call.Vars()
	spec.Check, spec.Diff, spec.Verbosity = call.Check, call.Diff, call.Verbosity
	spec.LockTimeout, spec.Quiet = call.LockTimeout, call.Verbosity < 3
	if call.Endpoint != "" {
		spec.Platform.Endpoint, spec.Platform.Emulator = call.Endpoint, false
	}
	return spec
}
