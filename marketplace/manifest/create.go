package manifest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// secretBytes is how much chance a secret holds: 43 characters of base64url,
// which every dialect takes.
const secretBytes = 32

// newSecret returns a secret that nobody else has.
func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Create writes a manifest for an add-on of a vendor who begins: all that the
// dialect asks for, two strong secrets, and URLs to be replaced. An id that the
// dialect refuses is an error.
func Create(d Dialect, id string) ([]byte, error) {
	type pair struct {
		Base string `json:"base_url"`
		SSO  string `json:"sso_url"`
	}
	type plan struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	place := pair{"https://addon.example.com/marketplace/resources", "https://addon.example.com/marketplace/sso"}
	variable := strings.ToUpper(strings.ReplaceAll(id, "-", "_"))
	manifest := struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Updateable bool   `json:"plan_updateable,omitempty"`
		Plans      []plan `json:"plans,omitempty"`
		API        struct {
			Vars       []string  `json:"config_vars"`
			Prefix     string    `json:"config_vars_prefix,omitempty"`
			Regions    []string  `json:"regions,omitempty"`
			Requires   *[]string `json:"requires,omitempty"`
			Password   string    `json:"password"`
			Salt       string    `json:"sso_salt"`
			Version    string    `json:"version,omitempty"`
			Production pair      `json:"production"`
			Test       *pair     `json:"test,omitempty"`
		} `json:"api"`
	}{ID: id, Name: id}
	api := &manifest.API
	api.Vars, api.Password, api.Salt = []string{variable + "_URL"}, newSecret(), newSecret()
	api.Production, api.Test = place, &place
	switch d {
	case Clever:
		api.Regions = []string{"eu"}
	case AppFog:
		manifest.Updateable, manifest.Plans = true, []plan{{"small", "small", "Small"}}
	case HerokuV1, HerokuV3:
		api.Regions, api.Requires, api.Prefix = []string{"us"}, &[]string{}, variable
		if d == HerokuV3 {
			api.Version = "3"
		}
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	if _, problems := Read(text, Options{Dialect: d}); len(problems) > 0 {
		return nil, fmt.Errorf("%s", problems[0].Message)
	}
	return text, nil
}
