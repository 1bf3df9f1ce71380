package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func compareIDs(a, b clever.Addon) int { return cmp.Compare(a.ID, b.ID) }

// realID is what the real ids of the platform's own providers look like: postgresql_ and a UUID.
var realID = regexp.MustCompile(`^[a-z0-9-]+_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// byID reports whether a word is an id rather than a name.
func byID(word string) bool {
	return strings.HasPrefix(word, "addon_") || isMadeUp(word) || realID.MatchString(word)
}

// addonResources names an add-on that a task uses: all of them where there is only an id, or
// nothing, since another task may know the same one by its name.
func addonResources(word string, read bool) []engine.Resource {
	if word == "" || byID(word) {
		return []engine.Resource{{Path: "addons", Read: read}}
	}
	return []engine.Resource{{Path: "addons/" + word, Read: read}, {Path: "addons/by-id", Read: read}}
}

// ofProvider reports whether an add-on is of the provider that a playbook names,
// by the rules of the catalogue: what is ordered by a word is found by it again.
func ofProvider(a clever.Addon, word string) bool {
	return strings.EqualFold(a.Provider.ID, clever.ProviderAlias(word)) || strings.EqualFold(a.Provider.Name, word)
}

// several is the problem of a name that fits more than one add-on.
func several(word string, found []clever.Addon) error {
	var ids []string
	for _, a := range found {
		ids = append(ids, fmt.Sprintf("%s (%s, created %s)", a.ID, a.Provider.ID, a.Created().UTC().Format("2006-01-02")))
	}
	return &diagnostic.Problem{Msg: fmt.Sprintf("%d add-ons are called %q: %s", len(found), word, strings.Join(ids, ", ")),
		Hint: "say which one: addon: " + found[0].ID}
}

// object is an add-on in plain words.
func object(a clever.Addon) string {
	if isMadeUp(a.ID) {
		return fmt.Sprintf("add-on %q", a.Name)
	}
	return fmt.Sprintf("add-on %q (%s)", a.Name, a.ID)
}

// result is what register holds of an add-on, without what must be read apart.
func result(a clever.Addon, owner string) *value.Map {
	return value.MapOf(
		"addon_id", idValue(a.ID, ""),
		"real_id", idValue(a.RealID, ""),
		"name", a.Name,
		"provider", a.Provider.ID,
		"organisation", orNothing(owner),
		"plan", planResult(a.Plan),
		"region", a.Region,
	)
}

// details returns all that is registered of an add-on. What costs a request, and is nil
// here, is read when it is used.
func details(h *engine.Host, at location, env []clever.EnvVar, tags []string) *value.Map {
	res := result(at.addon, at.owner)
	if task := at.client.plan(at.owner, at.addon.ID).task; isMadeUp(at.addon.ID) {
		res.Set("addon_id", idValue(at.addon.ID, task))
		res.Set("real_id", idValue(at.addon.RealID, task))
	}
	if plan := at.client.plan(at.owner, at.addon.ID); plan.unsure {
		unknown := &value.Unknown{Task: plan.task, Made: at.addon.ID}
		for _, name := range []string{"addon_id", "real_id", "plan", "version", "region", "tags", "env"} {
			res.Set(name, unknown)
		}
		return res
	}
	var reading sync.Mutex // version and env read the same
	variables := func() ([]clever.EnvVar, error) {
		reading.Lock()
		defer reading.Unlock()
		if env != nil {
			return env, nil
		}
		found, err := at.client.Env(h.Context, at.owner, at.addon.ID)
		if err != nil {
			return nil, fmt.Errorf("the variables of %s cannot be read: %w", object(at.addon), err)
		}
		env = append([]clever.EnvVar{}, found...)
		return env, nil
	}
	version := func(context.Context) (engine.Value, error) {
		found, err := variables()
		if u := unknownIn(err); u != nil {
			return orUnknown(at.client.plan(at.owner, at.addon.ID).version, u), nil
		}
		return orNothing(versionOf(found)), err
	}
	all := func(context.Context) (engine.Value, error) {
		found, err := variables()
		if u := unknownIn(err); u != nil {
			return u, nil
		}
		return envResult(h.Secrets, found), err
	}
	labels := func(ctx context.Context) (engine.Value, error) {
		if tags != nil {
			return texts(usersTags(tags)), nil
		}
		found, err := at.client.TagsOf(ctx, at.owner, at.addon.ID)
		return texts(usersTags(found)), err
	}
	object := at.client.objectOf(at.addon.ID)
	res.Set("version", now(h, object, env != nil, version))
	res.Set("tags", now(h, object, tags != nil, labels))
	res.Set("env", now(h, object, env != nil, all))
	return res
}

// now reads a part of an object at once where that costs nothing, and else when it is used.
func now(h *engine.Host, object string, known bool, read func(context.Context) (engine.Value, error)) engine.Value {
	if known {
		if v, err := read(h.Context); err == nil {
			return v
		}
	}
	return h.Later(object, read)
}

// addonReturns documents what result returns, with what is read after it.
func addonReturns() []engine.Return {
	return []engine.Return{
		{Name: "addon_id", Type: engine.TextParam, Doc: "its id, addon_…"},
		{Name: "real_id", Type: engine.TextParam, Doc: "its id as the provider knows it: postgresql_…"},
		{Name: "name", Type: engine.TextParam, Doc: "its name"},
		{Name: "provider", Type: engine.TextParam, Doc: "its provider's id"},
		{Name: "organisation", Type: engine.TextParam, Null: true, Doc: "who owns it; null for the personal space"},
		{Name: "plan", Type: engine.NestedParam, Doc: "its plan", Fields: []engine.Return{
			{Name: "slug", Type: engine.TextParam, Doc: "what it is ordered by: xxs_sml"},
			{Name: "id", Type: engine.TextParam, Doc: "its id"},
			{Name: "name", Type: engine.TextParam, Doc: "its name: XXS Small Space"},
		}},
		{Name: "version", Type: engine.TextParam, Null: true, Costs: true, Doc: "the version that runs, if the platform shows it"},
		{Name: "region", Type: engine.TextParam, Doc: "the zone where it runs"},
		{Name: "tags", Type: engine.ListParam, Costs: true, Doc: "its tags"},
		{Name: "env", Type: engine.TextMapParam, Secret: true, Costs: true, Open: true, Doc: "its variables"},
	}
}

// withVariables returns parts of a result with the variables that add-ons of the provider
// among the arguments are known to get; the platform may add others.
func withVariables(returns []engine.Return, args *expr.Node) []engine.Return {
	provider := args.Get("provider")
	if provider == nil || provider.Tmpl != nil {
		return returns
	}
	known := slices.Clone(returns)
	for i := range known {
		if known[i].Name != "env" {
			continue
		}
		for _, name := range clever.Variables(provider.Text) {
			known[i].Fields = append(known[i].Fields, engine.Return{Name: name, Type: engine.TextParam})
		}
	}
	return known
}

// plainReturns documents what result returns.
func plainReturns() []engine.Return {
	return slices.DeleteFunc(addonReturns(), func(r engine.Return) bool { return r.Costs })
}

// maybe says of parts of a result that they are there in some only.
func maybe(fields []engine.Return) []engine.Return {
	for i := range fields {
		fields[i].Maybe = true
	}
	return fields
}

func planResult(p clever.Plan) *value.Map {
	return value.MapOf("slug", p.Slug, "id", p.ID, "name", p.Name)
}

func orNothing(text string) engine.Value {
	if text == "" {
		return nil
	}
	return text
}

// envResult makes a map of variables and notes those that are secrets.
func envResult(secrets *engine.Secrets, env []clever.EnvVar) *value.Map {
	m := &value.Map{}
	for _, v := range env {
		m.Set(v.Name, v.Value)
		secrets.AddNamed(v.Name, v.Value)
	}
	return m
}

// versionOf finds the version among an add-on's variables: POSTGRESQL_ADDON_VERSION,
// REDIS_VERSION. It is "" where there is none.
func versionOf(env []clever.EnvVar) string {
	for _, v := range env {
		if strings.HasSuffix(v.Name, "_VERSION") {
			return v.Value
		}
	}
	return ""
}

// sameVersion reports whether a running version is what a playbook asks for:
// "15" is also 15.4.
func sameVersion(running, wanted string) bool {
	return running == wanted || strings.HasPrefix(running, wanted+".")
}

// slug makes a name of a task's name: "Order a Postgres Database" becomes
// "order-a-postgres-database". It is "" where nothing is left.
func slug(text string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			dash = false
		} else {
			dash = true
		}
	}
	return b.String()
}

var errNoName = errors.New("an add-on needs a name: give name, or give the task one")
