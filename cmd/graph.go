package cmd

import (
	"context"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/cmd/loading"
	"runner/cmd/vaults"
	"runner/engine"
	"runner/engine/report/graph"
	"runner/playbooks"
)

// graphOptions are those of runner graph.
type graphOptions struct {
	files, extraVars []string
	vault            vaults.Spec
	hosts            playbooks.Hosts
	selection        engine.Selection
	format           string
}

func (p *Program) graphCommand() *cli.Command {
	var o graphOptions
	return &cli.Command{
		Name:      "graph",
		Usage:     "print what waits for what in playbooks, and why",
		ArgsUsage: "FILE…",
		Description: "The graph is the one that a run goes by. A task waits for those above that may define a name which it reads, for those\n" +
			"that use the same add-on or file, and for barriers: blocks, includes, and tasks that may stop the play. What is only\n" +
			"known while a playbook runs (included files, templated names of add-ons) is not in it.\n\n" +
			"  runner graph --format svg site.yml > site.svg",
		Flags: append([]cli.Flag{
			formatFlag(&o.format, graph.Formats()...),
			flags.Words(&o.selection.Tags, "tags,t", "only what has one of these `TAGS` (repeatable, or with commas)"),
			flags.Words(&o.selection.Skip, "skip-tags", "without what has one of these `TAGS`"),
			flags.Strings(&o.extraVars, "extra-vars,e", "take `VARS` as given: name=value pairs, a JSON or YAML map, or @FILE (repeatable)").Adds().Setting(),
		}, append(hostFlags(&o.hosts), vaultFlags(&o.vault)...)...),
		Action: func(c *cli.Context) error {
			o.files = c.Args().Slice()
			return p.graph(c.Context, o)
		},
	}
}

func (p *Program) graph(ctx context.Context, o graphOptions) error {
	opt, err := p.offline(ctx, "graph", o.files, o.extraVars, o.vault)
	if err != nil {
		return err
	}
	opt.Hosts = o.hosts
	program, err := loading.Load(&p.Streams, o.files, opt, 0)
	if err != nil {
		return err
	}
	var names []string
	for _, v := range opt.ExtraVars {
		names = append(names, v.Name)
	}
	return graph.Write(p.Out, o.format, engine.Graph(program, o.selection, names))
}
