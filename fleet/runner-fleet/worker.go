package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/lease"
	"runner/fleet/metrics"
	"runner/fleet/player"
	"runner/fleet/settings"
	"runner/fleet/worker"
)

var errSlots = errors.New("--slots takes a number from 1 on")

func (p *program) workerCommand() *cli.Command {
	var queue, name, listen string
	var slots int
	return &cli.Command{
		Name: "worker", Usage: "play what schedules and people start",
		Description: "Ends on SIGTERM, with exit code 0: what is under way is finished as far as it has begun, and is taken over\nelsewhere.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "queue", Usage: "play the projects of `QUEUE`", Required: true, Destination: &queue},
			slotsFlag(&slots),
			&cli.StringFlag{Name: "name", Value: machineName(), Usage: "be known as `NAME`", Destination: &name},
			&cli.StringFlag{Name: "metrics", Usage: "serve metrics for Prometheus at `HOST:PORT`", Destination: &listen},
		},
		Action: func(c *cli.Context) error {
			if slots < 1 {
				return errSlots
			}
			f, err := settings.Read(p.file)
			if err != nil {
				return err
			}
			logger := p.logger()
			if listen == "" {
				return p.work(c.Context, f, []string{queue}, slots, name, logger)
			}
			registry := metrics.NewRegistry()
			if err := metrics.Serve(c.Context, listen, registry, logger); err != nil {
				return err
			}
			return p.work(c.Context, f, []string{queue}, slots, name, logger, func(o *client.Options) { o.MetricsHandler = metrics.Client(registry) })
		},
	}
}

func slotsFlag(to *int) cli.Flag {
	return &cli.IntFlag{Name: "slots", Value: 4, Usage: "play `N` playbooks at the same time", Destination: to}
}

// machineName is how a worker is known that nobody names.
func machineName() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// work plays what is in queues until the context ends. The slots are for each queue; more
// changes the options of the connection.
func (p *program) work(ctx context.Context, f *settings.File, queues []string, slots int, name string, logger *slog.Logger, more ...func(*client.Options)) error {
	leases := lease.New(flow.LeaseTime)
	conn, _, err := control.Dial(ctx, f.Server, leases, logger, more...)
	if err != nil {
		return err
	}
	defer conn.Close()
	folder := p.folder(f)
	kept, err := p.logs(f)
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, queue := range queues {
		w := &worker.Worker{
			Client: conn, Settings: f, Queue: queue, Slots: slots, Name: name, Leases: leases, Sources: p.sources(f), Logger: logger,
			Logs:   kept,
			Player: &player.Player{State: filepath.Join(folder, "state"), Secrets: p.secrets(f), Getenv: p.Getenv},
		}
		all.Go(func() error { return w.Run(ctx) })
	}
	return all.Wait()
}
