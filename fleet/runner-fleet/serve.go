package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/fleet/control"
	"runner/fleet/serve"
)

func (p *program) serveCommand() *cli.Command {
	var listen string
	return &cli.Command{
		Name: "serve", Usage: "take web hooks, show the overview page, and count for Prometheus", Before: takesNothing,
		Description: "POST /hook/PROJECT starts the playbooks with on_push: true of a project with hook: NAME. Ends on SIGTERM.",
		Flags: []cli.Flag{
			flags.String(&listen, "listen", "listen at `HOST:PORT`, instead of at serve.listen of fleet.yml"),
		},
		Action: func(c *cli.Context) error {
			f, err := p.settings()
			if err != nil {
				return err
			}
			f.Serve.Listen = cmp.Or(listen, f.Serve.Listen)
			f.Serve.Secrets = cmp.Or(f.Serve.Secrets, filepath.Join(p.folder(f), "secrets")) // as a worker's
			conn, data, err := control.DialLater(f.Server, p.quiet())
			if err != nil {
				return err
			}
			defer conn.Close()
			s, err := serve.New(serve.Options{
				Settings: f, Fleet: &control.Fleet{Client: conn, Data: data}, Sources: p.sources(f), Getenv: p.Getenv, Logger: p.logger(),
			})
			if err != nil {
				return err
			}
			return s.Run(c.Context, func(address string) { fmt.Fprintf(p.Out, "listening at %s\n", address) })
		},
	}
}
