package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"runner/clever"
	"runner/cmd/platform"
	"runner/diagnostic"
	"runner/suggest"
)

// A table is what catalog shows: rows for people, data for programs.
type table struct {
	head []string
	rows [][]string
	data any
}

// catalogTables are the parts of the catalogue. A provider narrows plans and versions.
var catalogTables = map[string]func(ctx context.Context, client *clever.Client, owner, provider string) (table, error){
	"providers": providerTable,
	"plans":     planTable,
	"versions":  versionTable,
	"zones":     zoneTable,
}

// catalogOptions are those of runner catalog.
type catalogOptions struct {
	format   string
	platform platform.Spec
}

func (p *Program) catalogCommand() *cli.Command {
	var o catalogOptions
	return &cli.Command{
		Name:      "catalog",
		Usage:     "list what can be ordered: providers, plans, versions, zones",
		ArgsUsage: "[providers|plans|versions|zones] [PROVIDER]",
		Description: "PROVIDER, an id, display name or alias, narrows plans and versions. The catalogue is public: it needs no credentials.\n" +
			"Prices are euros a month, as the platform's catalogue has them: an indication, no offer.",
		Flags: append([]cli.Flag{
			formatFlag(&o.format, "table", "json"),
			p.organisationFlag(&o.platform, "the catalogue as an organisation sees it"),
		}, p.platformFlags(&o.platform)...),
		Action: func(c *cli.Context) error { return p.catalog(c.Context, o, c.Args().Slice()) },
	}
}

// catalogParts lists the tables of the catalogue.
func catalogParts() []string { return slices.Sorted(maps.Keys(catalogTables)) }

func (p *Program) catalog(ctx context.Context, o catalogOptions, args []string) error {
	args = append(args, make([]string, 2)...)
	part := cmp.Or(args[0], "providers")
	table, ok := catalogTables[part]
	if !ok || len(args) > 4 {
		return (&diagnostic.Problem{Msg: fmt.Sprintf("catalog knows no %q", part)}).
			WithHint("%s", cmp.Or(suggest.DidYouMean(part, catalogParts()), "it takes "+strings.Join(catalogParts(), ", ")))
	}
	return p.withClient(ctx, o.platform, true, func(ctx context.Context, client *clever.Client) error {
		owner, err := client.Owner(ctx, o.platform.Organisation)
		if err != nil {
			return err
		}
		t, err := table(ctx, client, owner, args[1])
		if err != nil {
			return err
		}
		return p.show(t, o.format)
	})
}

func (p *Program) show(t table, format string) error {
	if format == "json" {
		e := json.NewEncoder(p.Out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(t.data)
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(t.head, "\t"))
	for _, row := range t.rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// chosen returns the providers that are meant: one, or all.
func chosen(ctx context.Context, client *clever.Client, owner, word string) ([]clever.Provider, error) {
	c, err := client.Catalogue(ctx, owner)
	if err != nil {
		return nil, err
	}
	if word == "" {
		return c.Providers, nil
	}
	one, err := c.Provider(word)
	if err != nil {
		return nil, err
	}
	return []clever.Provider{*one}, nil
}

func providerTable(ctx context.Context, client *clever.Client, owner, word string) (table, error) {
	providers, err := chosen(ctx, client, owner, word)
	t := table{head: []string{"PROVIDER", "NAME", "PLANS", "ZONES", "STATUS"}}
	type row struct {
		ID     string   `json:"id"`
		Name   string   `json:"name"`
		Plans  int      `json:"plans"`
		Zones  []string `json:"zones"`
		Status string   `json:"status"`
	}
	rows := []row{}
	for _, p := range providers {
		rows = append(rows, row{p.ID, p.Name, len(p.Plans), p.Regions, p.Status})
		t.rows = append(t.rows, []string{p.ID, p.Name, strconv.Itoa(len(p.Plans)), strings.Join(p.Regions, " "), strings.ToLower(p.Status)})
	}
	t.data = rows
	return t, err
}

func planTable(ctx context.Context, client *clever.Client, owner, word string) (table, error) {
	providers, err := chosen(ctx, client, owner, word)
	t := table{head: []string{"PROVIDER", "PLAN", "NAME", "€/MONTH", "MEMORY", "DISK", "VCPU", "CONNECTIONS"}}
	type row struct {
		Provider string            `json:"provider"`
		Slug     string            `json:"slug"`
		ID       string            `json:"id"`
		Name     string            `json:"name"`
		Price    *float64          `json:"price"`
		Zones    []string          `json:"zones"`
		Features map[string]string `json:"features"`
	}
	rows := []row{}
	for _, p := range providers {
		plans := slices.Clone(p.Plans)
		slices.SortStableFunc(plans, func(a, b clever.Plan) int { return int(100*a.Monthly()) - int(100*b.Monthly()) })
		for _, pl := range plans {
			features := map[string]string{}
			for _, f := range pl.Features {
				features[f.Name] = f.Value
			}
			rows = append(rows, row{p.ID, pl.Slug, pl.ID, pl.Name, pl.Price, pl.Zones, features})
			t.rows = append(t.rows, []string{p.ID, pl.Slug, pl.Name, priceText(pl),
				pl.Feature("memory"), pl.Feature("disk-size"), pl.Feature("cpu"), pl.Feature("connection-limit")})
		}
	}
	t.data = rows
	return t, err
}

// priceText returns what a plan costs, as the table shows it.
func priceText(pl clever.Plan) string {
	if pl.Price == nil {
		return "unknown"
	}
	return strconv.FormatFloat(*pl.Price, 'f', 2, 64)
}

func versionTable(ctx context.Context, client *clever.Client, owner, word string) (table, error) {
	t := table{head: []string{"PROVIDER", "VERSION", "DEFAULT", "OPTIONS"}}
	providers, err := chosen(ctx, client, owner, word)
	if err != nil {
		return t, err
	}
	type row struct {
		Provider string   `json:"provider"`
		Version  string   `json:"version"`
		Default  bool     `json:"default"`
		Options  []string `json:"options"`
	}
	rows := []row{}
	infos, err := allVersions(ctx, client, providers)
	for i, p := range providers {
		info := infos[i]
		for _, v := range info.Versions() {
			r := row{Provider: p.ID, Version: v, Default: v == info.DefaultDedicatedVersion, Options: []string{}}
			for _, f := range info.Dedicated[v].Features {
				r.Options = append(r.Options, f.Name)
			}
			mark := ""
			if r.Default {
				mark = "yes"
			}
			rows = append(rows, r)
			t.rows = append(t.rows, []string{p.ID, v, mark, strings.Join(r.Options, " ")})
		}
	}
	t.data = rows
	return t, err
}

// allVersions asks for the versions of several providers at once. A provider
// without versions has nil.
func allVersions(ctx context.Context, client *clever.Client, providers []clever.Provider) ([]*clever.ProviderInfo, error) {
	infos := make([]*clever.ProviderInfo, len(providers))
	group, ctx := errgroup.WithContext(ctx)
	for i, p := range providers {
		group.Go(func() (err error) {
			infos[i], err = client.Versions(ctx, p.ID)
			return err
		})
	}
	return infos, group.Wait()
}

func zoneTable(ctx context.Context, client *clever.Client, _, _ string) (table, error) {
	zones, err := client.Zones(ctx)
	t := table{head: []string{"ZONE", "CITY", "COUNTRY", "TAGS"}}
	type row struct {
		Name    string   `json:"name"`
		City    string   `json:"city"`
		Country string   `json:"country"`
		Tags    []string `json:"tags"`
	}
	rows := []row{}
	for _, z := range zones {
		rows = append(rows, row{z.Name, z.City, z.Country, z.Tags})
		t.rows = append(t.rows, []string{z.Name, z.City, z.Country, strings.Join(z.Tags, " ")})
	}
	t.data = rows
	return t, err
}
