package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"runner/clever/emulator"
	"runner/clever/emulator/market"
	"runner/diagnostic"
	"runner/marketplace/manifest"
)

func (p *Program) vendorServeCommand() *cli.Command {
	return &cli.Command{
		Name: "serve", Usage: "be the marketplace of one vendor, with a page to order on", ArgsUsage: "[MANIFEST]",
		Description: "Sells the manifest's add-on, and nothing else, on this machine. On the page that it prints the address of one orders,\n" +
			"changes plans, removes, and opens the add-on's dashboard; each of that calls the back-end, and what came of it is\n" +
			"printed as it happens. The back-end need not be there before the first order. Exit codes: 0 ended by Ctrl-C, 4 the\n" +
			"manifest is wrong.\n\n" +
			"   runner vendor serve addon-manifest.json --plan small --plan large\n" +
			"   export CLEVER_TOKEN=x CLEVER_SECRET=x     # any are good\n" +
			"   runner play --endpoint http://127.0.0.1:8080 site.yml",
		Flags: []cli.Flag{
			dialectFlag(),
			environmentFlag(),
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", Usage: "listen on `ADDRESS`; port 0 takes a free one"},
			&cli.StringFlag{Name: "state", Usage: "keep what is ordered in `FILE`; in memory only if left out"},
			&cli.StringSliceFlag{Name: "plan", Aliases: []string{"p"}, Usage: "sell this `PLAN` (repeatable), where the manifest has none;\n" +
				strings.Join(market.StandardPlans(), " and ") + " where it is left out"},
		},
		Action: p.vendorServe,
	}
}

func (p *Program) vendorServe(c *cli.Context) error {
	if c.NArg() > 1 {
		return fmt.Errorf("one manifest only: %q is one too many", c.Args().Get(1))
	}
	f, err := p.soundManifest(c, cmp.Or(c.Args().First(), manifestName), "nothing is served")
	if err != nil {
		return err
	}
	listener, err := listen(c.String("listen"))
	if err != nil {
		return err
	}
	says := &ticker{p: p}
	e, err := emulator.New(emulator.Options{
		State: c.String("state"), VendorsOnly: true, URL: reachedAt(listener.Addr()), Called: says.called, OnRequest: says.request, Warn: says.warn,
		Vendors: []market.Vendor{{
			Manifest: f.text, Dialect: f.manifest.Dialect, Environment: c.String("env"), Plans: c.StringSlice("plan"),
		}},
	})
	if err != nil {
		return p.First(err, listener.Close())
	}
	announce := func() error { return p.announceMarket(f, e, c.String("env"), listener.Addr()) }
	return p.First(serve(c.Context, e, c.String("listen"), listener, announce), e.Close())
}

// announceMarket prints where to order, and what is called then.
func (p *Program) announceMarket(f *manifestFile, e *emulator.Emulator, environment string, at net.Addr) error {
	var plans []string
	for _, one := range e.Providers() {
		if one.ID == f.manifest.ID {
			for _, plan := range one.Plans {
				plans = append(plans, plan.Slug)
			}
		}
	}
	_, err := fmt.Fprintf(p.Err, "order %s (%s; plans %s) on http://%s\nits back-end is called at %s\n",
		f.manifest.ID, f.manifest.Dialect, strings.Join(plans, ", "), at, f.manifest.Site(environment).BaseURL)
	return err
}

// A ticker prints what happens, line by line.
type ticker struct {
	p  *Program
	mu sync.Mutex
}

func (t *ticker) say(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.p.Err, t.p.Secrets.Mask(time.Now().Format(time.TimeOnly)+" "+text))
}

func (t *ticker) warn(text string) { t.say("warning: " + text) }

// called prints a call to the back-end.
func (t *ticker) called(a manifest.Attempt) {
	what := a.Call
	if a.Plan != "" {
		what += ", plan " + a.Plan
	}
	if a.Number > 1 {
		what += fmt.Sprintf(", try %d", a.Number)
	}
	t.say(fmt.Sprintf("%s: %s %s, %s: %s", what, a.Method, a.URL, took(a.Took), came(a)))
}

func took(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// came reports what came of a call: names of variables, and no values.
func came(a manifest.Attempt) string {
	if f, ok := errors.AsType[*manifest.Failure](a.Err); ok {
		return strings.TrimPrefix((&diagnostic.Problem{Msg: f.Error(), Hint: f.Hint()}).Error(), a.Call+": ")
	}
	if errors.Is(a.Err, context.Canceled) {
		return "no answer before the end; it is asked for again at the next start with the same --state"
	}
	if a.Err != nil {
		return a.Err.Error()
	}
	parts := []string{fmt.Sprint(a.Status)}
	r := a.Resource
	if r.Pending {
		parts = append(parts, "it will call back")
	}
	if r.ID != "" {
		parts = append(parts, fmt.Sprintf("id %q", r.ID))
	}
	if len(r.Config) > 0 {
		parts = append(parts, "sets "+strings.Join(slices.Sorted(maps.Keys(r.Config)), " "))
	}
	if len(r.Dropped) > 0 {
		parts = append(parts, fmt.Sprintf("left out, as config_vars has them not: %q", r.Dropped))
	}
	if r.Message != "" {
		parts = append(parts, fmt.Sprintf("says %q", r.Message))
	}
	return strings.Join(parts, ", ")
}

// request prints the back-end's own calls, and no others.
func (t *ticker) request(x emulator.Exchange) {
	if strings.HasPrefix(x.Path, "/v2/vendor/") || strings.HasPrefix(x.Path, "/vendor/") || strings.HasPrefix(x.Path, "/addons") {
		t.say(fmt.Sprintf("the back-end called: %s %s, %s: %d", x.Method, x.Path, took(x.Took), x.Status))
	}
}
