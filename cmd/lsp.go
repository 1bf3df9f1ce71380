package cmd

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/cmd/flags"
	"runner/cmd/loading"
	"runner/cmd/platform"
	"runner/cmd/vaults"
	"runner/cmd/version"
	"runner/diagnostic"
	"runner/engine"
	"runner/lsp"
	"runner/playbooks"
	"runner/tasks"
)

// typingDelay is how long the language server waits for the next keystroke.
const typingDelay = 40 * time.Millisecond

// lspOptions are those of runner lsp.
type lspOptions struct {
	extraVars []string
	vault     vaults.Spec
	hosts     playbooks.Hosts
	platform  platform.Spec
	offline   bool
}

func (p *Program) lspCommand() *cli.Command {
	o := lspOptions{platform: platform.Default()}
	var stdio bool
	return &cli.Command{
		Name:  "lsp",
		Usage: "serve editors: report, complete and explain playbooks while they are written",
		Description: "This is a language server (LSP) on standard input and output: an editor starts it. docs/editors.md says how\n" +
			"VS Code, Neovim, Helix and Zed do. It reports what runner validate reports, for texts that are not saved yet.\n" +
			"Plans, versions and zones are those of the platform that is chosen, if it can be reached, else those of the\n" +
			"catalogue that is a part of the program.",
		Flags: append([]cli.Flag{
			flags.Strings(&o.extraVars, "extra-vars,e", "take `VARS` as given: name=value pairs, a JSON or YAML map, or @FILE (repeatable)").Adds().Setting(),
			flags.Bool(&o.offline, "offline", "complete from the catalogue that is part of the program, and ask no platform").Setting(),
			flags.Bool(&stdio, "stdio", "speak on standard input and output, as it always does; some editors say so"),
		}, append(append(hostFlags(&o.hosts), vaultFlags(&o.vault)...), p.platformFlags(&o.platform)...)...),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return (&diagnostic.Problem{Msg: "lsp takes no files: the editor names them"}).WithHint("runner validate %s", c.Args().First())
			}
			return p.serveEditor(c.Context, o)
		},
	}
}

func (p *Program) serveEditor(ctx context.Context, o lspOptions) error {
	vault, err := vaults.Open(ctx, &p.Streams, o.vault)
	if err != nil {
		return err
	}
	vault.Sealed = true
	extra, err := loading.ExtraVars(o.extraVars, vault)
	if err != nil {
		return err
	}
	opt := loading.Options(&p.Streams, tasks.Kinds(nil), extra, vault)
	opt.Stdin, opt.Hosts = nil, o.hosts
	known := &offer{read: func() *lsp.Catalogue { return p.known(o.platform, true).Catalogue }}
	if o.offline {
		known.read = func() *lsp.Catalogue { return nil }
	}
	go known.refresh()
	return lsp.Serve(ctx, p.In, unclosed{p.Out}, lsp.Options{
		Version: version.String(), Playbooks: opt, KindPage: kindPage, Catalogue: known.now, Mask: p.Secrets.Mask, Delay: typingDelay,
	})
}

// An unclosed writer stays open: it is the process's.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// kindPage returns the reference page of a kind, in Markdown.
func kindPage(k *engine.Kind) string {
	var m markdown
	m.kind(k)
	return strings.TrimSpace(m.String())
}

// An offer is what can be ordered, as far as it is known. It is asked for while somebody
// types, and so never waits: what the platform says takes the place of what the program
// brings along once it is there.
type offer struct {
	read func() *lsp.Catalogue // from the platform; nil where that says nothing

	mu      sync.Mutex
	known   *lsp.Catalogue
	at      time.Time
	reading bool
}

// now returns what is known now, and has it read again where it is old.
func (o *offer) now() *lsp.Catalogue {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.at) > completionAge && !o.reading {
		go o.refresh()
	}
	if o.known == nil {
		o.known = embeddedCatalogue()
	}
	return o.known
}

// refresh reads what there is.
func (o *offer) refresh() {
	o.mu.Lock()
	if o.reading {
		o.mu.Unlock()
		return
	}
	o.reading = true
	o.mu.Unlock()
	c := o.read()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at, o.reading = time.Now(), false
	if c != nil {
		o.known = c
	}
}

// embeddedCatalogue returns the catalogue that is part of the program.
func embeddedCatalogue() *lsp.Catalogue {
	c := &lsp.Catalogue{Infos: map[string]*clever.ProviderInfo{}}
	offered, err := catalogue.Load()
	if err != nil { // it is part of the program
		return c
	}
	c.Zones = offered.Zones
	for _, p := range offered.Providers {
		c.Providers = append(c.Providers, p.View)
		if len(p.Versions) > 0 {
			info := p.Info()
			c.Infos[p.ID] = &info
		}
	}
	return c
}

// readCatalogue asks a platform what can be ordered; nil where it does not say.
func readCatalogue(ctx context.Context, client *clever.Client) *lsp.Catalogue {
	offered, err := client.Catalogue(ctx, "")
	if err != nil || len(offered.Providers) == 0 {
		return nil
	}
	c := &lsp.Catalogue{Catalogue: *offered, Infos: map[string]*clever.ProviderInfo{}}
	c.Zones, _ = client.Zones(ctx)
	infos, _ := allVersions(ctx, client, offered.Providers)
	for i, info := range infos {
		if info != nil {
			c.Infos[offered.Providers[i].ID] = info
		}
	}
	return c
}
