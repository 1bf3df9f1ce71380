package emulator

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/login"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// organisationID is what a lax emulator takes for the id of an organisation that
// it has not seen before.
var organisationID = regexp.MustCompile(`^orga_[0-9A-Za-z-]{1,64}$`)

// owner returns the id of the owner that the path names: the user for /v2/self.
func (e *Emulator) owner(c *rest.Call) (string, error) {
	id, named := c.Path["owner"]
	if !named {
		return c.User, nil
	}
	if e.store.World().HasOwner(id) {
		return id, nil
	}
	if e.options.KnownOwners {
		return "", rest.UnknownOwner(id, e.owners())
	}
	if e.options.Strict || !organisationID.MatchString(id) {
		return "", rest.NoSuchOwner()
	}
	return id, e.store.Change(func(d *store.Draft) error {
		if !d.HasOwner(id) {
			d.AddOrganisation(store.Account{ID: id, Name: id, Created: e.options.Now().UnixMilli()})
		}
		return nil
	})
}

// owners names all that there are.
func (e *Emulator) owners() []string {
	w := e.store.World()
	list := []string{w.User.ID + " (" + w.User.Name + ")"}
	for _, o := range w.Organisations {
		list = append(list, o.ID+" ("+o.Name+")")
	}
	return list
}

// makeOwners makes the organisations that the options name.
func (e *Emulator) makeOwners() error {
	if len(e.options.Owners) == 0 {
		return nil
	}
	return e.store.Change(func(d *store.Draft) error {
		for _, name := range e.options.Owners {
			if err := rest.CheckName(name); err != nil {
				return fmt.Errorf("the owner %q: %w", name, err)
			}
		}
		for _, name := range e.options.Owners {
			named := func(a store.Account) bool { return a.Name == name || a.ID == name }
			if slices.ContainsFunc(d.Organisations, named) {
				continue
			}
			id := "orga_" + catalogue.NewUUID()
			if organisationID.MatchString(name) {
				id = name
			}
			d.AddOrganisation(store.Account{ID: id, Name: name, Created: e.options.Now().UnixMilli()})
		}
		return nil
	})
}

// makeApplications makes those that a new world begins with.
func (e *Emulator) makeApplications() error {
	if !e.fresh {
		return nil
	}
	for _, name := range e.options.Applications {
		if err := e.apps.Make(e.User(), name); err != nil {
			return fmt.Errorf("the application %q: %w", name, err)
		}
	}
	return nil
}

func (e *Emulator) getSelf(*rest.Call) (rest.Response, error) {
	u := e.store.World().User
	return rest.Response{Body: clever.Self{
		ID: u.ID, Email: u.Email, Name: u.Name, Country: "FR", CreationDate: u.Created, Lang: "FR",
		EmailValidated: true, OAuthApps: []string{}, CanPay: true, PreferredMFA: "NONE", HasPassword: true,
	}}, nil
}

func (e *Emulator) getSelfID(c *rest.Call) (rest.Response, error) {
	return rest.Response{Body: map[string]string{"id": c.User}}, nil
}

func (e *Emulator) listOrganisations(*rest.Call) (rest.Response, error) {
	list := []clever.Organisation{}
	for _, o := range e.store.World().Organisations {
		list = append(list, organisationView(&o))
	}
	return rest.Response{Body: list}, nil
}

func (e *Emulator) getOrganisation(c *rest.Call) (rest.Response, error) {
	id, err := e.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: organisationView(e.store.World().Account(id))}, nil
}

func organisationView(a *store.Account) clever.Organisation {
	return clever.Organisation{
		ID: a.ID, Name: a.Name, BillingEmail: "billing@example.test", Country: "FR", VATState: "NOT_NEEDED",
		CustomerFullName: "Example Operator", CanPay: true, CanSEPA: true, IsTrusted: true,
	}
}

// getSummary lists everything at once. The personal space is not repeated among
// the organisations: names would be ambiguous.
func (e *Emulator) getSummary(*rest.Call) (rest.Response, error) {
	w := e.store.World()
	user := e.summaryOf(w, &w.User)
	user.Email, user.Lang = w.User.Email, "FR"
	s := clever.Summary{User: user, Organisations: []clever.SummaryOwner{}}
	for i := range w.Organisations {
		o := e.summaryOf(w, &w.Organisations[i])
		o.Role, o.VATState = "ADMIN", "NOT_NEEDED"
		s.Organisations = append(s.Organisations, o)
	}
	return rest.Response{Body: s}, nil
}

func (e *Emulator) summaryOf(w *store.World, owner *store.Account) clever.SummaryOwner {
	s := clever.SummaryOwner{
		ID: owner.ID, Name: owner.Name, Applications: raw(e.apps.Summaries(w, owner.ID)), Consumers: raw(login.Consumers(w, owner.ID)), Addons: []clever.SummaryAddon{},
	}
	for _, a := range w.AddonsOf(owner.ID) {
		s.Addons = append(s.Addons, clever.SummaryAddon{
			ID: a.ID, Name: a.Name, RealID: a.RealID, ProviderID: a.Provider,
			LogoURL: e.store.World().ProviderOf(a).View.LogoURL, SystemTags: []string{}, CustomerTags: a.TagList(),
		})
	}
	return s
}

// raw writes values as JSON one by one.
func raw(list []any) []json.RawMessage {
	all := []json.RawMessage{}
	for _, x := range list {
		text, err := json.Marshal(x)
		if err == nil { // our own types can be written
			all = append(all, text)
		}
	}
	return all
}
