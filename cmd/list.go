package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"runner/clever"
	"runner/cmd/flags"
	"runner/cmd/platform"
	"runner/diagnostic"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
	"runner/tasks"
)

// listOptions are those of runner list.
type listOptions struct {
	scope, format string
	platform      platform.Spec
}

func (p *Program) listCommand() *cli.Command {
	var o listOptions
	return &cli.Command{
		Name:  "list",
		Usage: "list the add-ons that there are",
		Description: "With plan, version, region, the scope that each belongs to, and what it costs a month as the catalogue says: empty where\n" +
			"that is not known. Nothing found is no error.",
		Flags: append([]cli.Flag{
			flags.String(&o.scope, "scope", "only what belongs to the scope `NAME`"),
			p.organisationFlag(&o.platform, "only this owner (all if left out)"),
			formatFlag(&o.format, "text", "json", "yaml"),
		}, p.platformFlags(&o.platform)...),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return (&diagnostic.Problem{Msg: fmt.Sprintf("list takes no %q", c.Args().First())}).WithHint("runner list --scope shop")
			}
			return p.withClient(c.Context, o.platform, false, func(ctx context.Context, client *clever.Client) error {
				return p.list(ctx, o, client)
			})
		},
	}
}

// A listed is an add-on as runner list shows it.
type listed struct {
	Name         string   `json:"name"`
	ID           string   `json:"addon_id"`
	Provider     string   `json:"provider"`
	Plan         string   `json:"plan"`
	Version      string   `json:"version"` // "" where it is not known
	Region       string   `json:"region"`
	Scope        string   `json:"scope"`         // "" for none
	Price        *float64 `json:"monthly_price"` // euros; null where it is not known
	Organisation string   `json:"organisation"`  // its id; "" for the personal space
	Owner        string   `json:"owner"`         // its name
}

func (p *Program) list(ctx context.Context, o listOptions, client *clever.Client) error {
	owners, err := ownersOf(ctx, client, o.platform.Organisation)
	if err != nil {
		return err
	}
	all := []listed{}
	for _, owner := range owners {
		found, err := listOwner(ctx, client, owner)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	if o.scope != "" {
		all = slices.DeleteFunc(all, func(l listed) bool { return !slices.Contains(strings.Split(l.Scope, ", "), o.scope) })
	}
	if o.format == "yaml" {
		return p.listYAML(all)
	}
	t := table{head: []string{"NAME", "ID", "PROVIDER", "PLAN", "VERSION", "REGION", "SCOPE", "€/MONTH", "OWNER"}, data: all}
	for _, l := range all {
		t.rows = append(t.rows, []string{l.Name, l.ID, l.Provider, l.Plan, l.Version, l.Region, l.Scope, l.price(), l.Owner})
	}
	return p.show(t, o.format)
}

func (l listed) price() string {
	if l.Price == nil {
		return ""
	}
	return fmt.Sprintf("%.2f", *l.Price)
}

// listYAML writes a list of maps, with the names that JSON has.
func (p *Program) listYAML(all []listed) error {
	list := make([]value.Value, len(all))
	for i, l := range all {
		var price value.Value
		if l.Price != nil {
			price = *l.Price
		}
		list[i] = value.MapOf("name", l.Name, "addon_id", l.ID, "provider", l.Provider, "plan", l.Plan, "version", l.Version,
			"region", l.Region, "scope", l.Scope, "monthly_price", price, "organisation", l.Organisation, "owner", l.Owner)
	}
	_, err := fmt.Fprint(p.Out, format.YAML(list, format.YAMLStyle{Indent: 2, Flow: format.FlowNever, Width: 1 << 20}))
	return err
}

// listOwner returns the add-ons of an owner, by name.
func listOwner(ctx context.Context, client *clever.Client, o owner) ([]listed, error) {
	addons, err := client.Addons(ctx, o.id)
	if err != nil {
		return nil, err
	}
	catalogue, err := client.Catalogue(ctx, o.id)
	if err != nil {
		return nil, err
	}
	all := make([]listed, len(addons))
	group, within := errgroup.WithContext(ctx)
	for i, a := range addons {
		group.Go(func() error {
			found, err := lookAt(within, client, o.id, a)
			if err != nil {
				return err
			}
			tags, err := client.TagsOf(within, o.id, a.ID)
			all[i] = listed{a.Name, a.ID, a.Provider.ID, a.Plan.Slug, found.version, a.Region, tasks.ScopeOf(tags), priceOf(catalogue, a), o.id, o.name}
			return err
		})
	}
	err = group.Wait()
	slices.SortStableFunc(all, func(a, b listed) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all, err
}

// priceOf returns what an add-on costs a month; nil where the catalogue does not know, and
// where it depends on what is used.
func priceOf(catalogue *clever.Catalogue, a clever.Addon) *float64 {
	for _, provider := range catalogue.Providers {
		for _, plan := range provider.Plans {
			if provider.ID == a.Provider.ID && plan.ID == a.Plan.ID && (plan.Monthly() > 0 || !clever.BilledByUse(provider.ID)) {
				return plan.Price
			}
		}
	}
	return nil
}
