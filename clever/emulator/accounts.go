package emulator

import (
	"encoding/json"
	"regexp"

	"runner/clever"
)

// organisationID is what a lax emulator takes for the id of an organisation that
// it has not seen before.
var organisationID = regexp.MustCompile(`^orga_[0-9A-Za-z-]{1,64}$`)

// owner gives the id of the owner that the path names: the user for /v2/self.
func (e *Emulator) owner(c *call) (string, error) {
	id, named := c.path["owner"]
	if !named {
		return c.user, nil
	}
	if e.store.world().owns(id) {
		return id, nil
	}
	if e.options.Strict || !organisationID.MatchString(id) {
		return "", noSuchOwner()
	}
	return id, e.store.change(func(d *draft) error {
		if !d.owns(id) {
			d.adopt(account{ID: id, Name: id, Created: e.options.Now().UnixMilli()})
		}
		return nil
	})
}

// empty answers for what an owner could have here, and never has.
func (e *Emulator) empty(c *call) (answer, error) {
	_, err := e.owner(c)
	return answer{body: []any{}}, err
}

// refuseApplication answers for applications, of which there are none.
func (e *Emulator) refuseApplication(c *call) (answer, error) {
	if _, err := e.owner(c); err != nil {
		return answer{}, err
	}
	return answer{}, foreignApplication()
}

func (e *Emulator) getSelf(*call) (answer, error) {
	u := e.store.world().user
	return answer{body: clever.Self{
		ID: u.ID, Email: u.Email, Name: u.Name, Country: "FR", CreationDate: u.Created, Lang: "FR",
		EmailValidated: true, OAuthApps: []string{}, CanPay: true, PreferredMFA: "NONE", HasPassword: true,
	}}, nil
}

func (e *Emulator) getSelfID(c *call) (answer, error) {
	return answer{body: map[string]string{"id": c.user}}, nil
}

func (e *Emulator) listOrganisations(*call) (answer, error) {
	list := []clever.Organisation{}
	for _, o := range e.store.world().organisations {
		list = append(list, organisationView(&o))
	}
	return answer{body: list}, nil
}

func (e *Emulator) getOrganisation(c *call) (answer, error) {
	id, err := e.owner(c)
	if err != nil {
		return answer{}, err
	}
	return answer{body: organisationView(e.store.world().account(id))}, nil
}

func organisationView(a *account) clever.Organisation {
	return clever.Organisation{
		ID: a.ID, Name: a.Name, BillingEmail: "billing@example.test", Country: "FR", VATState: "NOT_NEEDED",
		CustomerFullName: "Example Operator", CanPay: true, CanSEPA: true, IsTrusted: true,
	}
}

// getSummary lists everything at once. The personal space is not repeated among
// the organisations: names would be ambiguous.
func (e *Emulator) getSummary(*call) (answer, error) {
	w := e.store.world()
	user := e.summaryOf(w, &w.user)
	user.Email, user.Lang = w.user.Email, "FR"
	s := clever.Summary{User: user, Organisations: []clever.SummaryOwner{}}
	for i := range w.organisations {
		o := e.summaryOf(w, &w.organisations[i])
		o.Role, o.VATState = "ADMIN", "NOT_NEEDED"
		s.Organisations = append(s.Organisations, o)
	}
	return answer{body: s}, nil
}

func (e *Emulator) summaryOf(w *world, owner *account) clever.SummaryOwner {
	none := []json.RawMessage{}
	s := clever.SummaryOwner{
		ID: owner.ID, Name: owner.Name, Applications: none, Consumers: none, Addons: []clever.SummaryAddon{},
	}
	for _, a := range w.of(owner.ID) {
		s.Addons = append(s.Addons, clever.SummaryAddon{
			ID: a.ID, Name: a.Name, RealID: a.RealID, ProviderID: a.Provider,
			LogoURL: e.store.world().providerOf(a).view.LogoURL, SystemTags: []string{}, CustomerTags: a.tags(),
		})
	}
	return s
}
