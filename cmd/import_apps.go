package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"runner/clever"
	"runner/engine/expr/value"
)

// This file writes what import finds of an owner's applications: variables, links, network groups.

// An importedOwner is what there is of an owner.
type importedOwner struct {
	owner
	addons []clever.Addon
	apps   []clever.Application
	groups []clever.Group
}

// lookAtApps reads the owner's applications and network groups.
func (o *importedOwner) lookAtApps(ctx context.Context, client *clever.Client) (err error) {
	if o.apps, err = client.Applications(ctx, o.id); err != nil {
		return err
	}
	o.groups, err = client.Groups(ctx, o.id)
	if clever.IsNotFound(err) { // the platform offers none to this owner
		return nil
	}
	return err
}

// writeApps writes the variables of configuration providers and applications, the links, and
// the network groups.
func (o *importedOwner) writeApps(ctx context.Context, w io.Writer, client *clever.Client) error {
	for _, a := range o.addons {
		if a.Provider.ID != clever.ConfigProvider {
			continue
		}
		env, err := client.Config(ctx, a)
		if err != nil {
			return err
		}
		o.writeVariables(w, "Variables of "+a.Name, "addon_config", "addon", o.addonWord(a), env)
	}
	for _, app := range o.apps {
		env, err := client.AppEnv(ctx, o.id, app.ID)
		if err != nil {
			return err
		}
		o.writeVariables(w, "Variables of "+app.Name, "app_env", "application", o.appWord(app), env)
		linked, err := client.LinkedAddons(ctx, o.id, app.ID)
		if err != nil {
			return err
		}
		for _, a := range linked {
			o.task(w, "Link "+app.Name+" to "+a.Name, "addon_link", "addon", o.addonWord(a), "application", o.appWord(app))
		}
	}
	for _, g := range o.groups {
		o.writeGroup(w, g)
	}
	return nil
}

// writeVariables writes those that are no secrets, and says which are.
func (o *importedOwner) writeVariables(w io.Writer, name, kind, key, word string, env []clever.EnvVar) {
	if len(env) == 0 {
		return
	}
	o.task(w, name, kind, key, word)
	var secrets []string
	fmt.Fprint(w, "        vars:")
	written := 0
	for _, v := range env {
		if value.SecretName(v.Name) || value.HoldsSecret(value.MarkNamed(v.Value)) {
			secrets = append(secrets, v.Name)
			continue
		}
		fmt.Fprintf(w, "\n          %s: %s", yamlText(v.Name), yamlText(v.Value))
		written++
	}
	if written == 0 {
		fmt.Fprint(w, " {}")
	}
	fmt.Fprintln(w)
	if len(secrets) > 0 {
		fmt.Fprintf(w, "          # secrets, which stay as they are; give them from a vault to declare them: %s\n", strings.Join(secrets, ", "))
	}
}

func (o *importedOwner) writeGroup(w io.Writer, g clever.Group) {
	o.task(w, "Network group "+g.Label, "network_group", "name", g.Label)
	if g.Description != "" {
		fmt.Fprintf(w, "        description: %s\n", yamlText(g.Description))
	}
	var words []string
	for _, m := range g.Members {
		if m.Kind != "EXTERNAL" {
			words = append(words, o.memberWord(m))
		}
	}
	writeList(w, "members", words)
	writeList(w, "tags", g.Tags)
}

func writeList(w io.Writer, key string, words []string) {
	if len(words) == 0 {
		return
	}
	fmt.Fprintf(w, "        %s:\n", key)
	for _, word := range words {
		fmt.Fprintf(w, "          - %s\n", yamlText(word))
	}
}

// task begins a task with arguments, which are keys and values in turn, and its owner.
func (o *importedOwner) task(w io.Writer, name, kind string, args ...string) {
	fmt.Fprintf(w, "\n    - name: %s\n      %s:\n", yamlText(name), kind)
	for i := 0; i < len(args); i += 2 {
		fmt.Fprintf(w, "        %s: %s\n", args[i], yamlText(args[i+1]))
	}
	if o.id != "" {
		fmt.Fprintf(w, "        organisation: %s\n", yamlText(o.id))
	}
}

// addonWord returns an add-on's name, or its id where others have the name.
func (o *importedOwner) addonWord(a clever.Addon) string {
	if slices.ContainsFunc(o.addons, func(b clever.Addon) bool { return b.ID != a.ID && b.Name == a.Name }) || strings.TrimSpace(a.Name) == "" {
		return a.ID
	}
	return a.Name
}

// appWord is addonWord for an application.
func (o *importedOwner) appWord(a clever.Application) string {
	if slices.ContainsFunc(o.apps, func(b clever.Application) bool { return b.ID != a.ID && b.Name == a.Name }) || strings.TrimSpace(a.Name) == "" {
		return a.ID
	}
	return a.Name
}

// memberWord returns what names a member of a group, and nothing else of the owner's.
func (o *importedOwner) memberWord(m clever.GroupMember) string {
	word := m.ID
	for _, a := range o.addons {
		if a.RealID == m.ID {
			word = o.addonWord(a)
		}
	}
	for _, a := range o.apps {
		if a.ID == m.ID {
			word = o.appWord(a)
		}
	}
	isAddon := slices.ContainsFunc(o.addons, func(a clever.Addon) bool { return a.Means(word) })
	isApp := slices.ContainsFunc(o.apps, func(a clever.Application) bool { return a.Means(word) })
	if isAddon && isApp {
		return m.ID
	}
	return word
}
