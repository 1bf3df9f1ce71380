package clever

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A Detail is what v4 tells of an add-on beyond what the list shows: its version
// and its options (docs/platform.md §4.8).
type Detail struct {
	Version  string          `json:"version"`
	Features []FeatureSwitch `json:"features"`
	Services []FeatureSwitch `json:"services"` // Elasticsearch only
	Plugins  []string        `json:"plugins"`  // Elasticsearch only
	Locale   string          `json:"locale"`   // PostgreSQL only; "" where it is not shown
}

// HasDetail reports whether the platform tells the options of a provider's add-ons.
func HasDetail(providerID string) bool {
	return slices.Contains([]string{"postgresql-addon", "mysql-addon", "mongodb-addon", "es-addon"}, providerID)
}

// Detail reads the detail of an add-on whose provider HasDetail.
func (c *Client) Detail(ctx context.Context, addon Addon) (Detail, error) {
	path, err := pathOf("/v4/addon-providers", addon.Provider.ID, "addons", addon.ID)
	if err != nil {
		return Detail{}, err
	}
	return read[Detail](ctx, c, path)
}

// Option returns an option as an order would say it: "true", "false", a list with
// commas. False where the platform does not tell it.
func (d Detail) Option(name string) (string, bool) {
	if name == "plugins" && d.Plugins != nil {
		return strings.Join(slices.Sorted(slices.Values(d.Plugins)), ","), true
	}
	if name == "locale" && d.Locale != "" {
		return d.Locale, true
	}
	for _, f := range slices.Concat(d.Features, d.Services) {
		if f.Name == name {
			return strconv.FormatBool(f.Enabled), true
		}
	}
	return "", false
}

// isOperator reports whether a provider's add-ons are applications that the
// platform runs: their version is read, and changed, apart (docs/platform.md §4.9).
func isOperator(providerID string) bool {
	return slices.Contains([]string{"keycloak", "addon-matomo", "metabase", "otoroshi"}, providerID)
}

// operatorPath returns the path of an operator's add-on, which v4 knows by its real
// id, below a name that always begins with "addon-".
func operatorPath(addon Addon, segments ...string) (string, error) {
	name := "addon-" + strings.TrimPrefix(addon.Provider.ID, "addon-")
	return pathOf("/v4/addon-providers", append([]string{name, "addons", addon.RealID}, segments...)...)
}

// OperatorVersion reads the version of an operator's add-on; "" for an add-on of
// any other provider.
func (c *Client) OperatorVersion(ctx context.Context, addon Addon) (string, error) {
	if !isOperator(addon.Provider.ID) {
		return "", nil
	}
	path, err := operatorPath(addon)
	if err != nil {
		return "", err
	}
	said, err := read[struct{ Version string }](ctx, c, path)
	return said.Version, err
}

// UpdatesVersion reports whether the version of a provider's add-ons is changed in
// place, by UpdateVersion.
func UpdatesVersion(providerID string) bool { return isOperator(providerID) }

// UpdateVersion changes the version of an operator's add-on. Called twice for the
// same it does nothing more, so it may be repeated.
func (c *Client) UpdateVersion(ctx context.Context, addon Addon, version string) error {
	path, err := operatorPath(addon, "version", "update")
	if err != nil {
		return err
	}
	q, err := jsonCall(http.MethodPost, path, map[string]string{"targetVersion": version})
	if err != nil {
		return err
	}
	q.repeatable = true
	return c.do(ctx, q)
}
