// Package collection makes an Ansible collection of the kinds of tasks: its modules are
// this program, its documentation is the kinds' own. It writes the collection's files, and
// makes a playbook of what Ansible hands to a module.
//
// It knows kinds and Ansible's conventions. It plays nothing.
package collection

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"runner/atomicfile"
	"runner/engine"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
	"runner/engine/report"
)

// The name of the collection.
const (
	Namespace = "noa"
	Name      = "clevercloud"
	prefix    = Namespace + "." + Name + "."
)

// taskName is the argument by which the collection's action plugin hands on the task's
// name, which Ansible does not tell modules.
const taskName = "_task"

//go:embed files
var files embed.FS

// Kinds returns the kinds that are modules of the collection: those of its namespace.
// One that removes what a play does not declare is none, since a module sees no play.
func Kinds(all []engine.Kind) []engine.Kind {
	return slices.DeleteFunc(slices.Clone(all), func(k engine.Kind) bool {
		_, prunes := engine.As[engine.Pruner](&k)
		return prunes || !strings.HasPrefix(k.Full, prefix)
	})
}

// Files returns the files of the collection by their paths, with slashes.
func Files(all []engine.Kind, version string) (map[string]string, error) {
	kinds := Kinds(all)
	made := map[string]string{
		"galaxy.yml":                           galaxy(version),
		"meta/runtime.yml":                     runtime(kinds),
		"plugins/action/" + actionName + ".py": "",
	}
	for path, from := range map[string]string{"README.md": "README.md.tmpl", "plugins/action/" + actionName + ".py": actionName + ".py.tmpl"} {
		text, err := fill(from, map[string]any{"Kinds": kinds, "Prefix": prefix, "TaskName": taskName, "SecretResult": report.SecretResult, "Version": galaxyVersion(version)})
		if err != nil {
			return nil, err
		}
		made[path] = text
	}
	for i := range kinds {
		k := &kinds[i]
		made["plugins/modules/"+k.Name+".sh"] = "#!/bin/sh\nexec runner module " + k.Name + " \"$1\" # WANT_JSON\n"
		made["plugins/modules/"+k.Name+".yml"] = documentation(k, version)
	}
	return made, nil
}

func fill(name string, data any) (string, error) {
	t, err := template.New(name).ParseFS(files, "files/"+name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, data)
	return b.String(), err
}

func yaml(v value.Value) string {
	return "---\n" + format.YAML(v, format.YAMLStyle{Indent: 2, Width: 100})
}

// semantic matches what Galaxy takes for a version.
var semantic = regexp.MustCompile(`^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$`)

// galaxyVersion makes a version that Galaxy takes of the program's.
func galaxyVersion(version string) string {
	if version = strings.TrimPrefix(version, "v"); semantic.MatchString(version) {
		return version
	}
	return "0.0.0"
}

func galaxy(version string) string {
	return yaml(value.MapOf(
		"namespace", Namespace, "name", Name, "version", galaxyVersion(version), "readme", "README.md",
		"authors", texts("the authors of runner"), "description", "Modules for Clever Cloud: add-ons, providers, applications. They are runner itself.",
		"license", texts("Apache-2.0"), "tags", texts("cloud", "clevercloud", "database", "infrastructure"),
	))
}

// runtime routes all modules through the action plugin, and groups those that take
// credentials for module_defaults.
func runtime(kinds []engine.Kind) string {
	routes, group := &value.Map{}, []value.Value{}
	for i := range kinds {
		k := &kinds[i]
		routes.Set(k.Name, value.MapOf("action_plugin", prefix+actionName))
		if slices.ContainsFunc(k.Params(), func(p engine.Param) bool { return p.Name == "auth" }) {
			group = append(group, k.Name)
		}
	}
	return yaml(value.MapOf("requires_ansible", ">=2.14.0", "action_groups", value.MapOf("all", group), "plugin_routing", value.MapOf("modules", routes)))
}

// actionName is the name of the action plugin.
const actionName = "module"

func texts(all ...string) []value.Value {
	list := []value.Value{}
	for _, text := range all {
		list = append(list, text)
	}
	return list
}

// Write writes the files of the collection into a folder: a new one, an empty one, or one
// that has an earlier build, of which nothing stays. It returns how many modules there are.
func Write(dir string, all []engine.Kind, version string) (modules int, err error) {
	made, err := Files(all, version)
	if err != nil {
		return 0, err
	}
	if err := clear(dir); err != nil {
		return 0, err
	}
	for path, text := range made {
		at := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return 0, err
		}
		if err := atomicfile.WriteFile(at, []byte(text), atomicfile.Options{Mode: 0o644}); err != nil {
			return 0, err
		}
	}
	return len(Kinds(all)), nil
}

// clear removes the modules of an earlier build from a folder, and refuses one that holds
// anything else.
func clear(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "galaxy.yml"))
	if err != nil || !strings.HasPrefix(string(text), "---\nnamespace: "+Namespace+"\nname: "+Name+"\n") {
		return fmt.Errorf("%q is not empty, and no earlier build of this collection: give --out another folder", dir)
	}
	old, err := filepath.Glob(filepath.Join(dir, "plugins", "modules", "*"))
	for _, path := range old {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
