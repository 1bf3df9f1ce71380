package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"runner/cmd/flags"
	"runner/diagnostic"
	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/lease"
	"runner/fleet/metrics"
	"runner/fleet/player"
	"runner/fleet/settings"
	"runner/fleet/worker"
	"runner/suggest"
)

var errSlots = errors.New("--slots takes a number from 1 on")

func (p *program) workerCommand() *cli.Command {
	var queue, listen string
	name, slots := machineName(), 4
	return &cli.Command{
		Name: "worker", Usage: "play what schedules and people start", Before: takesNothing,
		Description: "Ends on SIGTERM, with exit code 0: what is under way is finished as far as it has begun, and is taken over elsewhere.",
		Flags: []cli.Flag{
			flags.String(&queue, "queue", "play the projects of `QUEUE`").Complete(p.queueNames),
			slotsFlag(&slots),
			flags.String(&name, "name", "be known as `NAME`"),
			flags.String(&listen, "metrics", "serve metrics for Prometheus at `HOST:PORT`"),
		},
		Action: func(c *cli.Context) error {
			if slots < 1 {
				return errSlots
			}
			f, err := p.settings()
			if err != nil {
				return err
			}
			if err := p.hasQueue(f, queue); err != nil {
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
	return flags.Int(to, "slots", "play `N` playbooks at the same time")
}

// hasQueue refuses a worker without a queue, and warns of one that no project has.
func (p *program) hasQueue(f *settings.File, queue string) error {
	queues := queuesOf(f)
	known := "available: " + strings.Join(queues, ", ")
	if queue == "" {
		return (&diagnostic.Problem{Msg: "worker needs --queue QUEUE: it plays the projects of one queue"}).WithHint("%s", known)
	}
	if !slices.Contains(queues, queue) {
		p.Warn(fmt.Sprintf("no project of %s has the queue %q; %s", p.file, queue, cmp.Or(suggest.DidYouMean(queue, queues), known)))
	}
	return nil
}

// machineName is how a worker is known that nobody names.
func machineName() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// warnOfSecrets says which secrets of the queues' projects this machine lacks. Plays that
// need one end at once, with the same message; the others are played.
func (p *program) warnOfSecrets(f *settings.File, queues []string, plays *player.Player) {
	for _, name := range slices.Sorted(maps.Keys(f.Projects)) {
		project := f.Projects[name]
		if !slices.Contains(queues, project.Queue) {
			continue
		}
		for _, err := range plays.Missing(project) {
			p.Warn(fmt.Sprintf("project %s cannot be played here: %v", name, err))
		}
	}
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
	plays := &player.Player{State: filepath.Join(folder, "state"), Secrets: p.secrets(f), Getenv: p.Getenv}
	p.warnOfSecrets(f, queues, plays)
	all, ctx := errgroup.WithContext(ctx)
	for _, queue := range queues {
		w := &worker.Worker{
			Client: conn, Settings: f, Queue: queue, Slots: slots, Name: name, Leases: leases, Sources: p.sources(f), Logger: logger,
			Logs:   kept,
			Player: plays,
		}
		all.Go(func() error { return w.Run(ctx) })
	}
	return all.Wait()
}
