package clever

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// This file is the platform's side for those who sell: an organisation registers a
// provider, and gives it features and plans (docs/platform.md §7.1). The paths,
// methods and members are those of the platform's own JavaScript client [code];
// what the platform answers to mistakes no source tells.

// A ProviderRegistration registers a provider: what its vendor's back-end is, with both
// secrets. The platform answers none of what is below API.
type ProviderRegistration struct {
	ID   string      `json:"id"`
	Name string      `json:"name"`
	API  ProviderAPI `json:"api"`
}

// A ProviderAPI says how the platform reaches a vendor's back-end.
type ProviderAPI struct {
	ConfigVars []string     `json:"config_vars"`
	Regions    []string     `json:"regions"`
	Password   string       `json:"password"`
	SSOSalt    string       `json:"sso_salt"`
	Production ProviderSite `json:"production"`
	Test       ProviderSite `json:"test"` // what is called while the status is ALPHA
}

// A ProviderSite is where a back-end is reached.
type ProviderSite struct {
	BaseURL string `json:"base_url"`
	SSOURL  string `json:"sso_url"`
}

// ProviderTexts are what the catalogue shows of a provider, and what alone can be
// edited of it. All are sent together, so that it does not matter whether the
// platform keeps or clears what is left out.
type ProviderTexts struct {
	Name           string `json:"name"`
	Website        string `json:"website"`
	SupportEmail   string `json:"supportEmail"`
	GooglePlusName string `json:"googlePlusName"`
	TwitterName    string `json:"twitterName"`
	AnalyticsID    string `json:"analyticsId"`
	ShortDesc      string `json:"shortDesc"`
	LongDesc       string `json:"longDesc"`
	LogoURL        string `json:"logoUrl"`
}

// Texts returns what the catalogue shows of a provider.
func (p Provider) Texts() ProviderTexts {
	return ProviderTexts{Name: p.Name, Website: p.Website, SupportEmail: p.SupportEmail, GooglePlusName: p.GooglePlusName,
		TwitterName: p.TwitterName, AnalyticsID: p.AnalyticsID, ShortDesc: p.ShortDesc, LongDesc: p.LongDesc, LogoURL: p.LogoURL}
}

// A FeatureRequest returns a provider a feature. There is no call that changes one.
type FeatureRequest struct {
	Name string `json:"name"`
	Type string `json:"type"` // one of FeatureTypes
}

// A PlanRequest returns a provider a plan, or replaces what one says.
type PlanRequest struct {
	Name     string         `json:"name"` // the platform refuses a second plan of a name
	Slug     string         `json:"slug"` // what the provider's back-end gets
	Price    float64        `json:"price"`
	Features []FeatureValue `json:"features"`
}

// A FeatureValue is what a plan says of a feature of its provider.
type FeatureValue struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// FeatureTypes returns the types that a feature can have (docs/platform.md §3.1).
func FeatureTypes() []string {
	return []string{"BOOLEAN", "INTERVAL", "FILESIZE", "NUMBER", "PERCENTAGE", "STRING", "OBJECT", "BYTES", "BOOLEAN_SHARED"}
}

// selling returns a path under what an organisation sells. There is none for the
// personal space.
func selling(owner string, segments ...string) (string, error) {
	base, err := pathOf("/v2/organisations", owner)
	if err != nil {
		return "", err
	}
	return pathOf(base+"/addonproviders", segments...)
}

// OwnProvider reads a provider of an organisation, with its features and
// plans, each time anew; nil if it has none of that id. One whose status is DELETED
// is none, whether or not the platform still shows it.
func (c *Client) OwnProvider(ctx context.Context, owner, id string) (*Provider, error) {
	path, err := selling(owner, id)
	if err != nil {
		return nil, err
	}
	p, err := read[Provider](ctx, c, path)
	if IsNotFound(err) || p.Status == "DELETED" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		p.Features, err = listOf[Feature](ctx, c, path+"/features")
		return err
	})
	group.Go(func() (err error) {
		p.Plans, err = listOf[Plan](ctx, c, path+"/plans")
		return err
	})
	return &p, group.Wait()
}

// listOf reads a list; one that is not found is empty.
func listOf[V any](ctx context.Context, c *Client, path string) ([]V, error) {
	list, err := read[[]V](ctx, c, path)
	if IsNotFound(err) {
		return nil, nil
	}
	return list, err
}

// RegisterProvider registers a provider. Its id is unique on the whole platform, so
// a lost answer is followed by a look, and never ends in two.
func (c *Client) RegisterProvider(ctx context.Context, owner string, m ProviderRegistration) error {
	path, err := selling(owner)
	if err != nil {
		return err
	}
	return c.sell(ctx, path, m, func(ctx context.Context) (bool, error) {
		p, err := c.OwnProvider(ctx, owner, m.ID)
		return p != nil, err
	})
}

// AddFeature returns a provider a feature.
func (c *Client) AddFeature(ctx context.Context, owner, id string, f FeatureRequest) error {
	path, err := selling(owner, id, "features")
	if err != nil {
		return err
	}
	return c.sell(ctx, path, f, func(ctx context.Context) (bool, error) {
		all, err := listOf[Feature](ctx, c, path)
		return slices.ContainsFunc(all, func(g Feature) bool { return g.Name == f.Name }), err
	})
}

// AddPlan returns a provider a plan.
func (c *Client) AddPlan(ctx context.Context, owner, id string, plan PlanRequest) error {
	path, err := selling(owner, id, "plans")
	if err != nil {
		return err
	}
	return c.sell(ctx, path, plan, func(ctx context.Context) (bool, error) {
		all, err := listOf[Plan](ctx, c, path)
		return slices.ContainsFunc(all, func(p Plan) bool { return strings.EqualFold(p.Slug, plan.Slug) }), err
	})
}

// sell sends a POST whose effect can be looked for.
func (c *Client) sell(ctx context.Context, path string, body any, there func(context.Context) (bool, error)) error {
	defer c.catalogues.forget()
	q, err := jsonCall(http.MethodPost, path, body)
	if err != nil {
		return err
	}
	return c.postSeen(ctx, q, there)
}

// EditProvider changes what the catalogue shows of a provider.
func (c *Client) EditProvider(ctx context.Context, owner, id string, texts ProviderTexts) error {
	path, err := selling(owner, id)
	if err != nil {
		return err
	}
	defer c.catalogues.forget()
	return c.put(ctx, path, texts)
}

// ChangePlan replaces what a plan says; those who have it keep it. Whether features
// that are left out stay is documented both ways: send them all.
func (c *Client) ChangePlan(ctx context.Context, owner, id, planID string, plan PlanRequest) error {
	path, err := selling(owner, id, "plans", planID)
	if err != nil {
		return err
	}
	defer c.catalogues.forget()
	return c.put(ctx, path, plan)
}

// RemovePlan removes a plan from a provider. One that is gone already is no error.
func (c *Client) RemovePlan(ctx context.Context, owner, id, planID string) error {
	return c.unsell(ctx, owner, id, "plans", planID)
}

// RemoveProvider removes a provider. One that is gone already is no error.
func (c *Client) RemoveProvider(ctx context.Context, owner, id string) error {
	return c.unsell(ctx, owner, id)
}

func (c *Client) unsell(ctx context.Context, owner string, segments ...string) error {
	path, err := selling(owner, segments...)
	if err != nil {
		return err
	}
	defer c.catalogues.forget()
	err = c.do(ctx, call{method: http.MethodDelete, path: path, decode: anyJSON})
	if IsNotFound(err) {
		return nil
	}
	return err
}
