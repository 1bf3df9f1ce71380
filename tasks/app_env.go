package tasks

import (
	"context"

	"runner/engine"
	"runner/engine/expr/value"
)

func appEnv(cloud *Cloud) engine.Kind {
	return engine.Kind{
		Name: "app_env",
		Full: "noa.clevercloud.app_env",
		Doc: "Sets an application's own variables; those of the add-ons that it is linked to are the add-ons'. " +
			"Variables that are not named stay as they are; with exact: true there are just those that are declared, and removing others needs consent (delete). " +
			"Values of variables whose names say that they are secrets, and vaulted ones, are hidden in diffs. " +
			"The application has new values with its next start, and is restarted only with restart: true.",
		New: func() engine.Task { return &AppEnv{cloud: cloud} },
		Example: `- name: Tell the shop where its customers are
  noa.clevercloud.app_env:
    application: shop
    vars:
      PUBLIC_URL: https://shop.example.com
      LOG_LEVEL: info
    absent: [DEBUG]
`,
		Returns: []engine.Return{
			{Name: "application_id", Type: engine.TextParam, Doc: "the application's id"},
			{Name: "application", Type: engine.TextParam, Doc: "its name"},
			{Name: "names", Type: engine.ListParam, Doc: "the names of all its own variables"},
			{Name: "restart_needed", Type: engine.BoolParam, Doc: "whether the application runs, and with the variables that it had before"},
			{Name: "restarted", Type: engine.BoolParam, Doc: "whether it was restarted"},
		},
	}
}

// AppEnv sets an application's own variables.
type AppEnv struct {
	Application  string       `arg:"application" alias:"app" required:"true" doc:"the application's id or name"`
	Organisation string       `arg:"organisation" doc:"who owns it: orga_…, user_…, or an organisation's name; looked up if left out"`
	Vars         engine.Value `arg:"vars" written:"true" marks:"kept" doc:"names and values; a scalar counts as it is written. Others stay as they are, unless exact says otherwise"`
	Absent       []string     `arg:"absent" doc:"names of variables that are not to be there"`
	Exact        bool         `arg:"exact" default:"false" doc:"whether there are to be just these variables: others are removed, which needs consent (delete)"`
	Restart      bool         `arg:"restart" default:"false" doc:"restart the application when a variable changed; one that was never deployed is left alone"`
	Auth         Auth         `arg:"auth" doc:"the credentials; the run's own if left out"`

	cloud *Cloud
}

var (
	_ engine.ResourceUser = (*AppEnv)(nil)
	_ engine.Checker      = (*AppEnv)(nil)
)

// Resources names the application.
func (t *AppEnv) Resources() []engine.Resource {
	return []engine.Resource{applicationResource(t.Application)}
}

func (t *AppEnv) variables() variables { return variables{t.Vars, t.Absent, t.Exact} }

// Check notes what is wrong with the parameters.
func (t *AppEnv) Check(c *engine.Checking) {
	named(c, "application", t.Application, "an application's id or name")
	notBlank(c, "organisation", t.Organisation, "an organisation's name")
	t.Auth.check(c)
	t.variables().checkArguments(c)
}

// Plan compares its variables with what is declared.
func (t *AppEnv) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	app, err := t.cloud.findApplication(ctx, h, t.Auth, t.Organisation, t.Application)
	if err != nil {
		return engine.Change{}, err
	}
	now, err := app.client.AppEnv(ctx, app.owner, app.ID)
	if err != nil {
		return engine.Change{}, err
	}
	note(h.Secrets, now)
	r, err := t.variables().revise(now)
	if err != nil {
		return engine.Change{}, err
	}
	change := r.plan("variables of " + app.object())
	changes := len(r.attrs) > 0
	change.Result = value.MapOf("application_id", app.ID, "application", app.Name, "names", names(r.after),
		"restart_needed", changes && app.Runs() && !t.Restart, "restarted", changes && app.Runs() && t.Restart)
	if changes {
		change.Assume = func() { app.client.planned.variables.put("application", app.ID, r.after) }
		change.Do = func(ctx context.Context, h *engine.Host) (engine.Value, error) {
			if err := t.apply(ctx, via(app.client, h), app, r); err != nil {
				return nil, err
			}
			return restarted(ctx, h, app.client, app.owner, app.Application, t.Restart, change.Result)
		}
	}
	return change, nil
}

// apply writes what differs, one by one, so that what others changed meanwhile stays; with exact
// it writes all at once.
func (t *AppEnv) apply(ctx context.Context, client platform, app application, r revision) error {
	if t.Exact {
		return client.SetAppEnv(ctx, app.owner, app.ID, r.after)
	}
	for _, v := range r.set {
		if err := client.SetAppVar(ctx, app.owner, app.ID, v); err != nil {
			return err
		}
	}
	for _, name := range r.drop {
		if err := client.RemoveAppVar(ctx, app.owner, app.ID, name); err != nil {
			return err
		}
	}
	return nil
}
