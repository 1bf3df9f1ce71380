package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"runner/clever"
	"runner/cmd/flags"
	"runner/cmd/platform"
	"runner/diagnostic"
)

// importOptions are those of runner import.
type importOptions struct {
	output   string
	platform platform.Spec
}

func (p *Program) importCommand() *cli.Command {
	var o importOptions
	return &cli.Command{
		Name:  "import",
		Usage: "write a playbook of what exists",
		Description: "The playbook declares each add-on as it is, with links, network groups, and the variables of applications and\n" +
			"configuration providers: playing it changes nothing. Options are written as far as the platform lists them. No secrets\n" +
			"are written: of variables whose names, or values, are secrets there is a comment.",
		Flags: append([]cli.Flag{
			p.organisationFlag(&o.platform, "only this owner (all if left out)"),
			flags.String(&o.output, "output,o", "write to `FILE`, which must not exist yet (standard output if left out)"),
		}, p.platformFlags(&o.platform)...),
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return (&diagnostic.Problem{Msg: fmt.Sprintf("import takes no %q", c.Args().First())}).WithHint("runner import --output site.yml")
			}
			return p.withClient(c.Context, o.platform, false, func(ctx context.Context, client *clever.Client) error {
				return p.importAll(ctx, o, client)
			})
		},
	}
}

func (p *Program) importAll(ctx context.Context, o importOptions, client *clever.Client) error {
	owners, err := ownersOf(ctx, client, o.platform.Organisation)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, owner := range owners {
		if err := importOwner(ctx, &text, client, owner); err != nil {
			return err
		}
	}
	if text.Len() == 0 {
		return errors.New("there is nothing to import")
	}
	if o.output != "" {
		return writeNew(o.output, []byte("---\n"+text.String()))
	}
	_, err = io.WriteString(p.Out, "---\n"+text.String())
	return err
}

// An owner is whose add-ons one play declares.
type owner struct{ id, name string } // "" for the personal space

func ownersOf(ctx context.Context, client *clever.Client, word string) ([]owner, error) {
	if word != "" {
		id, err := client.Owner(ctx, word)
		return []owner{{id, word}}, err
	}
	summary, err := client.Summary(ctx)
	if err != nil {
		return nil, err
	}
	owners := []owner{{"", "Personal space"}}
	for _, o := range summary.Organisations {
		owners = append(owners, owner{o.ID, o.Name})
	}
	return owners, nil
}

// importOwner writes the play of one owner; nothing where there is nothing to declare.
func importOwner(ctx context.Context, w io.Writer, client *clever.Client, o owner) error {
	addons, err := client.Addons(ctx, o.id)
	if err != nil {
		return err
	}
	addons = slices.Clone(addons)
	slices.SortStableFunc(addons, func(a, b clever.Addon) int {
		return strings.Compare(a.Provider.ID+"\x00"+a.Name, b.Provider.ID+"\x00"+b.Name)
	})
	found := make([]existing, len(addons))
	group, within := errgroup.WithContext(ctx)
	for i, a := range addons {
		group.Go(func() (err error) {
			found[i], err = lookAt(within, client, o.id, a)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	around := importedOwner{owner: o, addons: addons}
	var apps strings.Builder
	if err := around.lookAtApps(ctx, client); err != nil {
		return err
	}
	if err := around.writeApps(ctx, &apps, client); err != nil {
		return err
	}
	rest := apps.String()
	if len(found) == 0 {
		rest = strings.TrimPrefix(rest, "\n")
	}
	if len(found) == 0 && rest == "" {
		return nil
	}
	fmt.Fprintf(w, "- name: %s\n  hosts: localhost\n  tasks:\n", yamlText(o.name))
	for i, f := range found {
		f.several = slices.ContainsFunc(addons, func(b clever.Addon) bool {
			return b.ID != f.ID && b.Name == f.Name && b.Provider.ID == f.Provider.ID
		})
		if i > 0 {
			fmt.Fprintln(w)
		}
		f.write(w, o.id)
	}
	_, err = io.WriteString(w, rest)
	return err
}

// An existing is an add-on with what is read of it apart.
type existing struct {
	clever.Addon
	version string
	options []string // switched on
	tags    []string
	several bool // others have the same name
}

// lookAt reads version, options and tags.
func lookAt(ctx context.Context, client *clever.Client, owner string, a clever.Addon) (existing, error) {
	f := existing{Addon: a}
	if clever.HasDetail(a.Provider.ID) {
		d, err := client.Detail(ctx, a)
		if err != nil {
			return f, err
		}
		f.version = d.Version
		for _, option := range slices.Concat(d.Features, d.Services) {
			if option.Enabled && !slices.Contains(f.options, option.Name) {
				f.options = append(f.options, option.Name)
			}
		}
	} else {
		var err error
		if f.version, err = versionOf(ctx, client, owner, a); err != nil {
			return f, err
		}
	}
	tags, err := client.TagsOf(ctx, owner, a.ID)
	f.tags = slices.DeleteFunc(tags, func(t string) bool { return strings.HasPrefix(t, "runner-") })
	return f, err
}

// versionOf returns the version of an add-on of a provider that has several.
func versionOf(ctx context.Context, client *clever.Client, owner string, a clever.Addon) (string, error) {
	info, err := client.Versions(ctx, a.Provider.ID)
	if err != nil || len(info.Versions()) < 2 {
		return "", err
	}
	version, err := client.OperatorVersion(ctx, a)
	if err != nil || version != "" {
		return version, err
	}
	env, err := client.Env(ctx, owner, a.ID)
	i := slices.IndexFunc(env, func(v clever.EnvVar) bool { return strings.HasSuffix(v.Name, "_VERSION") })
	if i < 0 {
		return "", err
	}
	return env[i].Value, err
}

func (f existing) write(w io.Writer, owner string) {
	line := func(indent int, key, value string) {
		fmt.Fprintf(w, "%*s%s: %s\n", indent, "", key, yamlText(value))
	}
	fmt.Fprintf(w, "    - name: %s\n      addon_register:\n", yamlText(f.Provider.Name+" "+f.Name))
	line(8, "name", f.Name)
	if f.several || strings.TrimSpace(f.Name) == "" {
		line(8, "addon", f.ID)
	}
	line(8, "provider", f.Provider.ID)
	if owner != "" {
		line(8, "organisation", owner)
	}
	fmt.Fprint(w, "        details:\n")
	line(10, "plan", f.Plan.Slug)
	if f.version != "" {
		line(10, "version", f.version)
	}
	line(10, "region", f.Region)
	if len(f.options) > 0 {
		fmt.Fprint(w, "          options:\n")
		for _, name := range f.options {
			fmt.Fprintf(w, "            %s: true\n", name)
		}
	}
	if len(f.tags) > 0 {
		fmt.Fprint(w, "        tags:\n")
		for _, tag := range f.tags {
			fmt.Fprintf(w, "          - %s\n", yamlText(tag))
		}
	}
}

// plainText is what YAML reads as text without quotes.
var plainText = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9_.]*( [-A-Za-z0-9_.]+)*$`)

// yamlWord is what YAML, or an older reader of it, takes for something else.
var yamlWord = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|y|n)$`)

// yamlText writes text so that a playbook reads just that: it is no template,
// whatever stands in it.
func yamlText(text string) string {
	if plainText.MatchString(text) && !yamlWord.MatchString(text) {
		return text
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	if strings.ContainsAny(text, "{}") {
		return "!unsafe " + string(quoted)
	}
	return string(quoted)
}
