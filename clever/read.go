package clever

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Self reads the user whose credentials these are, once per client.
func (c *Client) Self(ctx context.Context) (Self, error) {
	return c.self.get(ctx, "", func() (Self, error) {
		return read[Self](ctx, c, "/v2/self")
	})
}

// Summary reads the user and all organisations with what they own, once per
// client: what was ordered since is not in it.
func (c *Client) Summary(ctx context.Context) (Summary, error) {
	return c.summary.get(ctx, "", func() (Summary, error) {
		return read[Summary](ctx, c, "/v2/summary")
	})
}

// Organisations reads the organisations that the user belongs to, once per
// client. The slice is shared: leave it as it is.
func (c *Client) Organisations(ctx context.Context) ([]Organisation, error) {
	return c.organisations.get(ctx, "", func() ([]Organisation, error) {
		return read[[]Organisation](ctx, c, "/v2/organisations")
	})
}

// Owner returns the owner that a word names: "" (that of the configuration, else the personal space) and ids as
// they are, without asking the platform; else the id of the organisation of that
// name, case mattering only between several. It fails with *UnknownError or
// *AmbiguousError.
func (c *Client) Owner(ctx context.Context, word string) (string, error) {
	if word == "" {
		word = c.owner
	}
	if word == "" || isOwnerID(word) {
		return word, nil
	}
	all, err := c.Summary(ctx)
	if err != nil {
		return "", err
	}
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		var ids []string
		for _, o := range all.Organisations {
			if same(o.Name, word) {
				ids = append(ids, o.ID)
			}
		}
		switch {
		case len(ids) == 1:
			return ids[0], nil
		case len(ids) > 1:
			return "", &AmbiguousError{What: "organisation", Word: word, All: ids}
		}
	}
	names := make([]string, 0, len(all.Organisations))
	for _, o := range all.Organisations {
		names = append(names, o.Name)
	}
	return "", Unknown("organisation", word, "", names)
}

func isOwnerID(word string) bool {
	return strings.HasPrefix(word, "orga_") || strings.HasPrefix(word, "user_")
}

// Catalogue reads what an owner can order, once per client and owner. It is
// public: without credentials, ask for the owner "".
func (c *Client) Catalogue(ctx context.Context, owner string) (*Catalogue, error) {
	return c.catalogues.get(ctx, owner, func() (*Catalogue, error) {
		q := call{method: http.MethodGet, path: "/v2/products/addonproviders", public: true}
		if isOwnerID(owner) {
			q.query = url.Values{"orgaId": {owner}}
		}
		list, err := fetch[[]Provider](ctx, c, q)
		if err != nil {
			return nil, err
		}
		return &Catalogue{Providers: list}, nil
	})
}

// Zones reads where the platform runs, once per client. It is public. The slice
// is shared: leave it as it is.
func (c *Client) Zones(ctx context.Context) ([]Zone, error) {
	return c.zones.get(ctx, "", func() ([]Zone, error) {
		return fetch[[]Zone](ctx, c, call{method: http.MethodGet, path: "/v4/products/zones", public: true})
	})
}

// Versions reads the versions and options of a provider, once per client; nil
// for a provider without versions. It is public.
func (c *Client) Versions(ctx context.Context, providerID string) (*ProviderInfo, error) {
	path, err := pathOf("/v4/addon-providers", providerID)
	if err != nil {
		return nil, err
	}
	return c.versions.get(ctx, providerID, func() (*ProviderInfo, error) {
		info, err := fetch[ProviderInfo](ctx, c, call{method: http.MethodGet, path: path, public: true})
		if unversioned(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return &info, nil
	})
}

// unversioned reports whether an error is how the platform says that a provider
// has no versions. Which one it is no source tells (U6): anything that is not
// about who asks or how often.
func unversioned(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Status < 400 || e.Status > 499 {
		return false
	}
	return e.Status != http.StatusUnauthorized && e.Status != http.StatusForbidden && e.Status != http.StatusTooManyRequests
}

// pathOf appends escaped segments to a path. A segment that would lead elsewhere
// is refused.
func pathOf(base string, segments ...string) (string, error) {
	for _, s := range segments {
		if s == "" || s == "." || s == ".." {
			return "", &UnknownError{What: "id", Word: s}
		}
		base += "/" + url.PathEscape(s)
	}
	return base, nil
}

// space returns the path below which an owner's add-ons are (docs/platform.md §2.5).
func space(owner string) (string, error) {
	if owner == "" {
		return "/v2/self", nil
	}
	return pathOf("/v2/organisations", owner)
}

// below returns a path under an owner's add-ons: its list, an add-on, a part of it.
func below(owner string, segments ...string) (string, error) {
	base, err := space(owner)
	if err != nil {
		return "", err
	}
	return pathOf(base+"/addons", segments...)
}
