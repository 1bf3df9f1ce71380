package cmd

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/cmd/config"
	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/diagnostic"
)

// configure sets the flags of a command that the command line leaves out: by the
// environment, by the runner.toml beside the playbook, by the user's own.
func (p *Program) configure(app *cli.App, line flags.Invocation) error {
	if line.Command == nil || len(flags.Settings(line.Command)) == 0 {
		return nil
	}
	source, err := p.configuration(app, line)
	if err != nil {
		return err
	}
	s := &settings{Source: source, command: strings.TrimPrefix(line.Path, app.Name+" "), flags: map[string]*flags.Flag{}}
	if s.command == "config" { // which shows those of play
		s.command = "play"
	}
	for _, f := range flags.Settings(line.Command) {
		s.flags[f.Name()] = f
	}
	problems := s.apply(flags.Settings(line.Command))
	return p.refuse(problems)
}

// refuse prints problems and ends the program; nil where there are none.
func (p *Program) refuse(problems []*diagnostic.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	p.PrintAll(problems, 0)
	return &exit.Error{Code: exit.Usage}
}

// configuration reads the files that are in force for a command line.
func (p *Program) configuration(app *cli.App, line flags.Invocation) (config.Source, error) {
	folder := "."
	if len(line.Files) > 0 && line.Files[0] != "-" && slices.Contains([]string{"play", "validate", "config"}, line.Command.Name) {
		folder = filepath.Dir(line.Files[0])
	}
	own, project := config.Paths(p.Getenv, folder)
	source := config.Source{Getenv: p.Getenv}
	var problems []*diagnostic.Problem
	for _, at := range []struct {
		path string
		own  bool
	}{{project, false}, {own, true}} {
		if at.path == "" || !at.own && sameFile(at.path, own) {
			continue
		}
		f, err := config.Read(at.path, at.own)
		if err != nil {
			problems = append(problems, diagnostic.From(err, diagnostic.Place{}).Each()...)
		} else if f != nil {
			problems = append(problems, f.Check(knownSettings(app))...)
			source.Files = append(source.Files, f)
		}
	}
	return source, p.refuse(problems)
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// knownSettings returns the names of the settings of each command by its path, and
// under "" those of all.
func knownSettings(app *cli.App) map[string][]string {
	known := map[string][]string{"": nil}
	var walk func(path string, commands []*cli.Command)
	walk = func(path string, commands []*cli.Command) {
		for _, c := range commands {
			at := strings.TrimSpace(path + " " + c.Name)
			if at == "config" {
				continue
			}
			for _, f := range flags.Settings(c) {
				known[at] = append(known[at], f.Name())
				if !slices.Contains(known[""], f.Name()) {
					known[""] = append(known[""], f.Name())
				}
			}
			walk(at, c.Subcommands)
		}
	}
	walk("", app.Commands)
	return known
}

// settings are those of one command, while they are found.
type settings struct {
	config.Source
	command string
	flags   map[string]*flags.Flag
}

// A found value is what sets a setting.
type foundValue struct {
	texts []string
	from  config.Origin
}

// apply sets the settings that are not on the command line.
func (s *settings) apply(order []*flags.Flag) []*diagnostic.Problem {
	var problems []*diagnostic.Problem
	set := func(f *flags.Flag, v foundValue) {
		problem := s.guard(f.Name(), v)
		if problem == nil {
			if err := config.Set(f, relative(f.Name(), v), v.from); err != nil {
				problem = diagnostic.From(err, diagnostic.Place{})
			}
		}
		if problem != nil {
			problems = append(problems, problem)
		}
	}
	explicit := s.chooseProfile(set)
	values := map[string]foundValue{}
	for _, f := range order {
		if texts, from, ok := s.Find(s.command, f); ok && !f.Given() && f.Name() != "profile" {
			values[f.Name()] = foundValue{texts, from}
		}
	}
	s.drop(values, explicit)
	for _, f := range order {
		if v, ok := values[f.Name()]; ok {
			set(f, v)
		}
	}
	problems = append(problems, s.login(values, explicit)...)
	return problems
}

// chooseProfile finds out which profile is meant, and reports whether the user said
// so now: on the command line or in the environment.
func (s *settings) chooseProfile(set func(*flags.Flag, foundValue)) (explicit bool) {
	f := s.flags["profile"]
	if f == nil {
		return false
	}
	explicit = f.Given()
	if texts, from, ok := s.Find(s.command, f); ok && !explicit {
		set(f, foundValue{texts, from})
		explicit = from.Place.IsZero()
	}
	s.Profile = f.Shown()
	return explicit
}

// drop leaves out what does not go with what is more important.
func (s *settings) drop(values map[string]foundValue, explicit bool) {
	emulator, endpoint := values["emulator"], values["endpoint"]
	given := func(name string) bool { return s.flags[name] != nil && s.flags[name].Given() }
	switch {
	case given("emulator"):
		delete(values, "endpoint")
	case given("endpoint"), endpoint.texts != nil && endpoint.from.Place.IsZero() && !emulator.from.Place.IsZero():
		delete(values, "emulator")
	case slices.Equal(emulator.texts, []string{"true"}):
		delete(values, "endpoint")
	}
	if on := values["emulator"]; !given("emulator") && !slices.Equal(on.texts, []string{"true"}) {
		delete(values, "emulator-state")
		delete(values, "emulator-owner")
	}
	if v, ok := values["credentials"]; ok && !v.from.Place.IsZero() && !explicit && s.Getenv("CLEVER_TOKEN") != "" {
		delete(values, "credentials") // the environment comes before files
	}
}

// login takes a profile that no file has for one of runner login's.
func (s *settings) login(values map[string]foundValue, explicit bool) []*diagnostic.Problem {
	f := s.flags["credentials"]
	if s.Profile == "" || f == nil || f.Given() || values["credentials"].texts != nil || !explicit && s.Getenv("CLEVER_TOKEN") != "" {
		return nil
	}
	for _, file := range s.Files {
		if _, ok := file.Profiles[s.Profile]; ok {
			return nil
		}
	}
	if err := f.Assign("profile "+s.Profile, "login:"+s.Profile); err != nil {
		return []*diagnostic.Problem{diagnostic.From(err, diagnostic.Place{})}
	}
	return nil
}

// guard refuses what a file beside a playbook, which may come from anybody, must
// not set.
func (s *settings) guard(name string, v foundValue) *diagnostic.Problem {
	if v.from.Own || v.from.Place.IsZero() {
		return nil
	}
	refused := func(format string, args ...any) *diagnostic.Problem {
		return diagnostic.Problemf(v.from.Place, format, args...).
			WithHint("set it in your own file, $XDG_CONFIG_HOME/runner/%s, on the command line or in the environment", config.Name)
	}
	for _, text := range v.texts {
		switch {
		case name == "endpoint" && !s.trusts(text):
			return refused("the endpoint %s is none of yours, and would get your token", text)
		case name == "allow" && slices.Contains(strings.Split(text, ","), "pipe"):
			return refused("a file beside a playbook cannot allow pipe, which runs programs")
		case name == "notify":
			return refused("a file beside a playbook cannot name a receiver of notifications")
		case name == "credentials" && strings.HasPrefix(text, "command:"):
			return refused("a file beside a playbook cannot name a command to run")
		case (name == "vault-password-file" || name == "vault-id") && isProgram(relative(name, foundValue{[]string{text}, v.from})[0]):
			return refused("%s can be executed, and a file beside a playbook cannot name a program to run", text)
		}
	}
	return nil
}

// trusts reports whether an endpoint is the real platform's, this machine's, or one
// that the user's own file names.
func (s *settings) trusts(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(u.Hostname()); endpoint == clever.DefaultEndpoint || u.Hostname() == "localhost" || err == nil && ip.IsLoopback() {
		return true
	}
	for _, f := range s.Files {
		if f.Own && slices.ContainsFunc(f.Entries, func(e config.Entry) bool {
			return e.Name == "endpoint" && slices.Contains(e.Texts, endpoint)
		}) {
			return true
		}
	}
	return false
}

func isProgram(path string) bool {
	if _, source, ok := strings.Cut(path, "@"); ok {
		path = source
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// relative returns the texts of a setting that names files: those of a configuration
// file are looked for from its folder.
func relative(name string, v foundValue) []string {
	if v.from.Place.IsZero() {
		return v.texts
	}
	folder := filepath.Dir(v.from.Place.Source.Name)
	join := func(path string) string {
		if path == "" || path == "prompt" || filepath.IsAbs(path) || strings.HasPrefix(path, "~") || strings.HasPrefix(path, "env:") {
			return path
		}
		return filepath.Join(folder, path)
	}
	var all []string
	for _, text := range v.texts {
		switch path, isFile := strings.CutPrefix(text, "file:"); {
		case name == "vault-password-file", name == "emulator-state", name == "inventory" && !strings.Contains(text, ","):
			text = join(text)
		case name == "vault-id":
			label, source, ok := strings.Cut(text, "@")
			if !ok {
				label, source = "", text
			}
			text = strings.TrimPrefix(fmt.Sprintf("%s@%s", label, join(source)), "@")
		case name == "credentials" && isFile:
			text = "file:" + join(path)
		}
		all = append(all, text)
	}
	return all
}
