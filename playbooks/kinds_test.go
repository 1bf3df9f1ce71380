package playbooks

import (
	"context"
	"slices"
	"strings"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// nothing is a task that does nothing.
type nothing struct{}

func (nothing) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{}, nil
}

// defining is part of a task that may define any variable.
type defining struct{}

func (defining) Defines(*expr.Node) (names []string, more bool) { return nil, true }

type auth struct {
	ConsumerKey    string `arg:"consumer_key"`
	ConsumerSecret string `arg:"consumer_secret"`
	ResourceKey    string `arg:"resource_key" alias:"ressource_key,token"`
	ResourceSecret string `arg:"resource_secret" alias:"ressource_secret,secret"`
}

type details struct {
	Plan       string            `arg:"plan" required:"true" doc:"Its plan."`
	Version    string            `arg:"version"`
	Region     string            `arg:"region" alias:"zone"`
	Encryption *bool             `arg:"encryption"`
	Options    map[string]string `arg:"options"`
}

type addonRegister struct {
	nothing
	Name         string  `arg:"name"`
	Provider     string  `arg:"provider" required:"true" doc:"Its provider."`
	Organisation string  `arg:"organisation"`
	Addon        string  `arg:"addon"`
	Auth         auth    `arg:"auth"`
	Details      details `arg:"details"`
}

func (*addonRegister) Declares() {}

type addonPrune struct {
	nothing
	Scope        string   `arg:"scope" required:"true" doc:"Its scope."`
	Organisation []string `arg:"organisation"`
	Keep         []string `arg:"keep"`
}

func (*addonPrune) Prunes() {}

func (*addonRegister) Result(returns []engine.Return, args *expr.Node) []engine.Return {
	known := slices.Clone(returns)
	if p := args.Get("provider"); p != nil && p.Text == "pg" {
		known[len(known)-1].Fields = []engine.Return{{Name: "PG_HOST"}, {Name: "PG_PORT"}}
	}
	return known
}

type addonRemove struct {
	nothing
	Addon        string `arg:"addon" required:"true" doc:"Its name or id."`
	Organisation string `arg:"organisation"`
	Provider     string `arg:"provider"`
	Auth         auth   `arg:"auth"`
}

type debug struct {
	nothing
	Msg       engine.Value      `arg:"msg" excludes:"var"`
	Var       engine.Expression `arg:"var" excludes:"msg"`
	Verbosity int               `arg:"verbosity"`
}

type factSetter struct {
	nothing
	Facts *value.Map `arg:"*"`
}

// Defines returns the names that are set; others too, as if one were a template.
func (*factSetter) Defines(args *expr.Node) (names []string, more bool) {
	names, _ = (*exactSetter)(nil).Defines(args)
	return names, true
}

type fail struct {
	nothing
	Msg string `arg:"msg"`
}

type assert struct {
	nothing
	That engine.Conditions `arg:"that" required:"true"`
}

type include struct {
	nothing
	defining
	File  string       `arg:"file" required:"true" plain:"true" doc:"The file."`
	Apply engine.Value `arg:"apply"`
	Name  string       `arg:"name"`
}

func (*include) Includes() engine.Inclusion { return engine.IncludesTasks }

// includeFileVars is include, for variables.
type includeFileVars include

func (*includeFileVars) Includes() engine.Inclusion { return engine.IncludesVars }

type meta struct {
	nothing
	Action string `arg:"free_form" required:"true" plain:"true" choices:"noop,end_play,flush_handlers"`
}

func (*meta) MayEnd(args *expr.Node) bool {
	does := args.Get("free_form")
	return does != nil && (does.Tmpl != nil || does.Text == "end_play")
}

// builtinKind returns a kind of Ansible's own.
func builtinKind[T any, P interface {
	*T
	engine.Task
}](name string) engine.Kind {
	return engine.Kind{Name: name, Full: core + name, New: func() engine.Task { return P(new(T)) }}
}

// options returns kinds with the parameters of the real ones.
func options() Options {
	return Options{Kinds: []engine.Kind{
		{Name: "addon_register", Full: "noa.clevercloud.addon_register", Returns: []engine.Return{{Name: "addon_id"}, {Name: "real_id"}, {Name: "name"}, {Name: "provider"}, {Name: "organisation"}, {Name: "plan"}, {Name: "version"}, {Name: "region"}, {Name: "tags"}, {Name: "env", Type: engine.TextMapParam, Open: true}}, New: func() engine.Task { return new(addonRegister) }},
		{Name: "addon_remove", Full: "noa.clevercloud.addon_remove", New: func() engine.Task { return new(addonRemove) }},
		{Name: "addon_prune", Full: "noa.clevercloud.addon_prune", New: func() engine.Task { return new(addonPrune) }},
		builtinKind[debug]("debug"),
		builtinKind[fail]("fail"),
		builtinKind[assert]("assert"),
		builtinKind[factSetter]("set_fact"),
		builtinKind[include]("include_tasks"),
		builtinKind[includeFileVars]("include_vars"),
		builtinKind[meta]("meta"),
	}}
}

func (*includedRole) Includes() engine.Inclusion { return engine.IncludesRole }

type includedRole struct {
	nothing
	defining
	Name string `arg:"name" required:"true" doc:"The role."`
}

// exactSetter is set_fact as it is: what it defines is known.
type exactSetter struct {
	nothing
	Facts *value.Map `arg:"*"`
}

func (*exactSetter) Defines(args *expr.Node) (names []string, more bool) {
	for _, e := range args.Entries {
		names = append(names, e.Key.Text)
		more = more || e.Key.Tmpl != nil || strings.Contains(e.Key.Text, "{{")
	}
	return names, more
}
