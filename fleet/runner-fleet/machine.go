package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"runner/cmd/exit"
	"runner/diagnostic"
	"runner/fleet/checkout"
	"runner/fleet/control"
	"runner/fleet/logs"
	"runner/fleet/settings"
)

// settings reads fleet.yml.
func (p *program) settings() (*settings.File, error) {
	f, err := settings.Read(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		err = &exit.Error{Code: exit.Playbook, Err: (&diagnostic.Problem{Msg: "there is no file " + p.file}).
			WithHint("it declares the projects and schedules of the fleet: docs/fleet.md begins with one; --file FILE names another")}
	}
	return f, err
}

// folder returns where a worker keeps things.
func (p *program) folder(f *settings.File) string {
	state := cmp.Or(p.Getenv("XDG_STATE_HOME"), filepath.Join(p.Getenv("HOME"), ".local", "state"))
	return cmp.Or(f.Worker.Folder, filepath.Join(state, "runner", "fleet"))
}

// secrets returns the folder of the secrets of this machine.
func (p *program) secrets(f *settings.File) string {
	return cmp.Or(f.Worker.Secrets, filepath.Join(p.folder(f), "secrets"))
}

// logs returns where logs are kept.
func (p *program) logs(f *settings.File) (*logs.Store, error) {
	return logs.Open(f.Logs, f.Worker.KeepLog, filepath.Join(p.folder(f), "logs"), p.secrets(f))
}

func (p *program) sources(f *settings.File) *checkout.Repositories {
	env := []string{"PATH=" + p.Getenv("PATH"), "HOME=" + p.Getenv("HOME")}
	for _, name := range []string{"SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "HTTPS_PROXY", "NO_PROXY"} {
		if value := p.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return &checkout.Repositories{Dir: filepath.Join(p.folder(f), "git"), Env: env}
}

// connected reads the settings, connects, and calls do.
func (p *program) connected(ctx context.Context, do func(f *settings.File, fleet *control.Fleet) error) error {
	f, err := p.settings()
	if err != nil {
		return err
	}
	c, data, err := control.Dial(ctx, f.Server, nil, p.quiet())
	if err != nil {
		return err
	}
	defer c.Close()
	return do(f, &control.Fleet{Client: c, Data: data})
}

func whoAmI(getenv func(string) string) string {
	host, _ := os.Hostname()
	name := getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return name + "@" + host
}
