package playbooks

import (
	"context"

	"runner/engine"
)

// nothing is a task that does nothing.
type nothing struct{}

func (nothing) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{}, nil
}

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

// options gives kinds with the parameters of the real ones.
func options() Options {
	return Options{Kinds: []engine.Kind{
		{Name: "addon_register", Full: "noa.clevercloud.addon_register", New: func() engine.Task { return new(addonRegister) }},
		{Name: "addon_remove", Full: "noa.clevercloud.addon_remove", New: func() engine.Task { return new(addonRemove) }},
		{Name: "debug", Full: "ansible.builtin.debug", New: func() engine.Task { return new(debug) }},
	}}
}
