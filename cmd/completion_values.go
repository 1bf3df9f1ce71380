package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"runner/atomicfile"
	"runner/clever"
	"runner/cmd/config"
	"runner/cmd/flags"
	"runner/cmd/loading"
	"runner/cmd/platform"
	"runner/cmd/ui"
	"runner/engine"
	"runner/lsp"
	"runner/playbooks"
	"runner/playbooks/reading"
	"runner/tasks"
)

const (
	completionWait = 2 * time.Second // for the platform, while somebody waits for a word
	completionAge  = time.Minute     // after which it is asked again
)

// known is what a platform is completed with. Nothing of it is secret.
type known struct {
	Addons        []flags.Value `json:"addons"`
	Applications  []flags.Value `json:"applications"`
	Organisations []flags.Value `json:"organisations"`
	Providers     []flags.Value `json:"providers"`
	Plans         []flags.Value `json:"plans"`
	Zones         []flags.Value `json:"zones"`
	// Catalogue is all that can be ordered: what the language server wants.
	Catalogue *lsp.Catalogue `json:"catalogue"`
}

// fromPlatform completes with a part of what is known of the platform.
func (p *Program) fromPlatform(part func(known) []flags.Value) func(flags.Request) flags.Values {
	return func(r flags.Request) flags.Values {
		return flags.Values{All: part(p.known(specOf(r.Command), false))}
	}
}

func addonNames(k known) []flags.Value        { return k.Addons }
func organisationNames(k known) []flags.Value { return k.Organisations }
func providerNames(k known) []flags.Value     { return k.Providers }

// specOf returns the platform that the flags of a command name.
func specOf(command *cli.Command) platform.Spec {
	spec := platform.Default()
	for name, field := range map[string]*string{"endpoint": &spec.Endpoint, "emulator-state": &spec.State,
		"credentials": &spec.Credentials, "profile": &spec.Profile} {
		*field = flagValue(command, name)
	}
	spec.Emulator = flagValue(command, "emulator") == "true"
	return spec
}

func flagValue(command *cli.Command, name string) string {
	for _, f := range command.Flags {
		if ours, ok := f.(*flags.Flag); ok && ours.Name() == name {
			return ours.GetValue()
		}
	}
	return ""
}

// known returns what is known of a platform: what was read within a minute, else what
// it says now. What it does not say in time is missing. whole: the catalogue is wanted
// with versions and zones.
func (p *Program) known(spec platform.Spec, whole bool) known {
	streams := &ui.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Getenv: p.Getenv, Environ: p.Environ}
	ctx, cancel := context.WithTimeout(context.Background(), completionWait)
	defer cancel()
	pl, err := platform.New(streams, spec, ".", p.transport)
	if err != nil || pl.Start(ctx) != nil {
		return known{}
	}
	defer func() { _ = pl.Close() }()
	creds, _ := pl.Credentials(ctx) // without, there is the catalogue
	cache := p.completionCache(pl.EndpointFor(creds), pl.State(), creds.Token)
	if k, ok := readCompletions(cache); ok && pl.State() == "" && (k.Catalogue != nil || !whole) {
		return k
	}
	client, err := pl.ClientOf(creds)
	if err != nil {
		return known{}
	}
	k := readKnown(ctx, client, creds.Token != "")
	if whole {
		k.Catalogue = readCatalogue(ctx, client)
	}
	if text, err := json.Marshal(k); err == nil && cache != "" && len(k.Providers) > 0 && os.MkdirAll(filepath.Dir(cache), 0o700) == nil {
		_ = atomicfile.WriteFile(cache, text, atomicfile.Options{Regular: true})
	}
	return k
}

// completionCache returns the file in which completions are kept; "" where there is no
// folder for it.
func (p *Program) completionCache(parts ...string) string {
	base := p.Getenv("XDG_CACHE_HOME")
	if base == "" && p.Getenv("HOME") != "" {
		base = filepath.Join(p.Getenv("HOME"), ".cache")
	}
	if base == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return filepath.Join(base, "runner", "completion-"+hex.EncodeToString(sum[:16])+".json")
}

func readCompletions(path string) (k known, ok bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) > completionAge {
		return known{}, false
	}
	text, err := os.ReadFile(path)
	return k, err == nil && json.Unmarshal(text, &k) == nil
}

// readKnown asks a platform. Who logs nobody in has the catalogue only.
func readKnown(ctx context.Context, client *clever.Client, loggedIn bool) known {
	var k known
	if c, err := client.Catalogue(ctx, ""); err == nil {
		for _, provider := range c.Providers {
			k.Providers = append(k.Providers, flags.Value{Text: provider.ID, Doc: provider.Name})
			for _, plan := range provider.Plans {
				k.Plans = append(k.Plans, flags.Value{Text: plan.Slug, Doc: plan.Name})
			}
		}
	}
	if zones, err := client.Zones(ctx); err == nil {
		for _, z := range zones {
			k.Zones = append(k.Zones, flags.Value{Text: z.Name, Doc: z.City})
		}
	}
	if summary, err := client.Summary(ctx); loggedIn && err == nil {
		owners := []string{""}
		for _, o := range summary.Organisations {
			k.Organisations = append(k.Organisations, flags.Value{Text: o.Name, Doc: o.ID})
			owners = append(owners, o.ID)
		}
		for _, owner := range owners {
			addons, _ := client.Addons(ctx, owner)
			for _, a := range addons {
				k.Addons = append(k.Addons, flags.Value{Text: a.Name, Doc: a.Provider.Name})
			}
			apps, _ := client.Applications(ctx, owner)
			for _, a := range apps {
				k.Applications = append(k.Applications, flags.Value{Text: a.Name, Doc: a.ID})
			}
		}
	}
	for _, list := range []*[]flags.Value{&k.Plans, &k.Addons, &k.Applications} {
		slices.SortFunc(*list, func(a, b flags.Value) int { return strings.Compare(a.Text, b.Text) })
		*list = slices.CompactFunc(*list, func(a, b flags.Value) bool { return a.Text == b.Text })
	}
	return k
}

// extraVarValues completes -e: a file behind @, and plans, zones, providers, add-ons,
// applications and organisations for variables that are called so.
func (p *Program) extraVarValues(r flags.Request) flags.Values {
	name, _, ok := strings.Cut(r.Word, "=")
	if !ok {
		return flags.Values{Files: strings.HasPrefix(r.Word, "@")}
	}
	var all []flags.Value
	for part, values := range map[string]func(known) []flags.Value{"plan": func(k known) []flags.Value { return k.Plans }, "provider": providerNames,
		"addon": addonNames, "organisation": organisationNames, "application": func(k known) []flags.Value { return k.Applications },
		"region": func(k known) []flags.Value { return k.Zones }, "zone": func(k known) []flags.Value { return k.Zones }} {
		if strings.HasSuffix(strings.ToLower(name), part) {
			all = values(p.known(specOf(r.Command), false))
		}
	}
	return flags.Values{All: all, Glued: name + "="}
}

// tagNames completes the tags of the playbooks that the command line names.
func (p *Program) tagNames(r flags.Request) flags.Values {
	var tags []string
	p.eachStep(r.Files, func(s *engine.Step) { tags = append(tags, s.Tags...) })
	slices.Sort(tags)
	return flags.Texts(slices.Compact(tags)...)
}

// taskNames completes the names of their tasks.
func (p *Program) taskNames(r flags.Request) flags.Values {
	var names []string
	p.eachStep(r.Files, func(s *engine.Step) {
		if s.Name != nil && !slices.Contains(names, s.Name.Text) {
			names = append(names, s.Name.Text)
		}
	})
	return flags.Texts(names...)
}

// eachStep calls do with the steps of playbooks; with none where they have mistakes.
func (p *Program) eachStep(files []string, do func(*engine.Step)) {
	streams := &ui.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Getenv: p.Getenv}
	opt := loading.Options(streams, tasks.Kinds(nil), nil, &reading.Vault{Sealed: true, Secrets: &streams.Secrets})
	program, _ := playbooks.Load(files, opt)
	if program == nil {
		return
	}
	for _, play := range program.Plays {
		for step := range play.Steps() {
			do(step)
		}
	}
}

// anyProfile completes a profile: of the configuration files, and of runner login.
func (p *Program) anyProfile(r flags.Request) flags.Values {
	v := p.profileNames(r)
	folder := "."
	if len(r.Files) > 0 {
		folder = filepath.Dir(r.Files[0])
	}
	own, project := config.Paths(p.Getenv, folder)
	for _, path := range []string{project, own} {
		if f, err := config.Read(path, true); f != nil && err == nil {
			for name := range f.Profiles {
				v.All = append(v.All, flags.Value{Text: name, Doc: path})
			}
		}
	}
	return v
}
