package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"runner/cmd/flags"
	"runner/fleet/control"
	"runner/fleet/settings"
)

// A dev is a fleet on this machine alone.
type dev struct {
	program string // the development server; "": it is looked for
	state   string // a file; "": in the worker's folder
	ui      string // HOST:PORT of the server's pages
	slots   int
}

func (p *program) devCommand() *cli.Command {
	d := dev{program: p.Getenv("RUNNER_FLEET_DEVSERVER"), ui: "127.0.0.1:8233", slots: 4}
	return &cli.Command{
		Name: "dev", Usage: "run a server, its web pages and a worker on this machine", Before: takesNothing,
		Description: "For trying a fleet. Makes the schedules match fleet.yml, and plays until Ctrl-C or SIGTERM, which end all of it; " +
			"schedules and plays are there again next time. For a team, a server runs on its own: docs/fleet.md.",
		Flags: []cli.Flag{
			slotsFlag(&d.slots),
			flags.String(&d.state, "state", "keep the server's state in `FILE` (default: server.db in the worker's folder)"),
			flags.String(&d.ui, "ui", "serve the server's web pages at `HOST:PORT`"),
			flags.String(&d.program, "server", "run the program `FILE`, instead of "+serverProgram+" beside runner-fleet or in $PATH ($RUNNER_FLEET_DEVSERVER)"),
		},
		Action: func(c *cli.Context) error {
			if d.slots < 1 {
				return errSlots
			}
			f, err := p.settings()
			if err != nil {
				return err
			}
			return p.dev(c.Context, d, f)
		},
	}
}

// dev runs a fleet until the context ends: first the worker ends, then the server.
func (p *program) dev(ctx context.Context, d dev, f *settings.File) error {
	if err := isHere(f.Server); err != nil {
		return err
	}
	d.state = cmp.Or(d.state, filepath.Join(p.folder(f), "server.db"))
	log, err := openLog(d.state + ".log")
	if err != nil {
		return err
	}
	defer log.Close()
	server, err := p.startServer(ctx, d, f.Server, log)
	if err != nil {
		return err
	}
	defer server.stop()
	fmt.Fprintf(p.Out, "server at %s, its pages at http://%s; state in %s\n", f.Server.Address, d.ui, d.state)
	if err := p.applyHere(ctx, f); err != nil {
		fmt.Fprintf(p.Err, "warning: the schedules are as they were: %v\n", err)
	}
	queues := queuesOf(f)
	fmt.Fprintf(p.Out, "a worker plays %s, %d at a time; Ctrl-C ends all\n", strings.Join(queues, ", "), d.slots)
	group, ctx := errgroup.WithContext(ctx)
	working, ended := context.WithCancel(ctx)
	group.Go(func() error { return server.await(working) })
	group.Go(func() error {
		defer ended()
		return p.work(ctx, f, queues, d.slots, machineName(), logTo(log))
	})
	return group.Wait()
}

// applyHere makes the schedules match the settings.
func (p *program) applyHere(ctx context.Context, f *settings.File) error {
	conn, data, err := control.Dial(ctx, f.Server, nil, p.quiet())
	if err != nil {
		return err
	}
	defer conn.Close()
	return p.apply(ctx, f, &control.Fleet{Client: conn, Data: data}, applying{})
}

// isHere refuses settings whose server is not to be started here.
func isHere(s settings.Server) error {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return fmt.Errorf("the server's address %q in fleet.yml is not HOST:PORT", s.Address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("fleet.yml names the server at %s: dev starts one on this machine, at 127.0.0.1:7233 where server.address is left out", s.Address)
	}
	if s.TLS != (settings.TLS{}) {
		return errors.New("fleet.yml says server.tls: the server that dev starts has none")
	}
	return nil
}

// openLog begins a log anew. It is appended to, as another program may begin it again. That
// the disk is full is an error here, as the server could not say it there.
func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := log.WriteString("\n"); err != nil {
		log.Close()
		return nil, err
	}
	return log, nil
}

// queuesOf returns whose projects are played, sorted.
func queuesOf(f *settings.File) []string {
	queues := map[string]bool{}
	for _, project := range f.Projects {
		queues[project.Queue] = true
	}
	return slices.Sorted(maps.Keys(queues))
}

// lastLine returns the last line of what a program wrote, for a message.
func lastLine(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > 4096 {
		_, _ = file.Seek(-4096, io.SeekEnd)
	}
	text, _ := io.ReadAll(file)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
