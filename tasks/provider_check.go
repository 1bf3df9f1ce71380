package tasks

import (
	"fmt"
	"strings"

	"runner/engine"
	"runner/engine/expr/value"
	"runner/marketplace/manifest"
)

// Check reports what is wrong with a provider as far as the playbook writes it down.
func (t *ProviderRegister) Check(c *engine.Checking) {
	checkSeller(c, t.Organisation)
	t.Auth.check(c)
	t.checkManifest(c)
	checkOffer(c, t.Features, t.Plans)
}

// checkSeller notes an organisation that cannot sell.
func checkSeller(c *engine.Checking, organisation string) {
	named(c, "organisation", organisation, "an organisation's name")
	if strings.HasPrefix(organisation, "user_") {
		c.Add("organisation", notSelling(organisation))
	}
}

// checkManifest reads a manifest that is named or written in the playbook. One of
// this machine is let pass: what the platform's address is, shows later. Warnings are
// for those who validate, who have no cloud.
func (t *ProviderRegister) checkManifest(c *engine.Checking) {
	v, ok := filledIn(t.Manifest, "")
	if !ok { // its value is not known yet
		return
	}
	text, err := paperOf(v, c.Dir)
	if err != nil {
		c.Add("manifest", err)
		return
	}
	if known, _ := value.HasUnknown(t.Manifest); known == nil {
		c.Secrets.Add(text.secrets()...)
	}
	_, problems := manifest.Read([]byte(text.text), manifest.Options{Dialect: manifest.Clever, Loopback: true})
	for _, p := range problems {
		if t.cloud == nil || !p.Warning {
			c.Add("", text.problem(p))
		}
	}
}

// filledIn returns a manifest with something in the place of its secrets that are not
// known, which are templates as a rule. False where another part is not known.
func filledIn(v engine.Value, pointer string) (engine.Value, bool) {
	switch v := v.(type) {
	case *value.Unknown:
		return strings.Repeat("x", 40) + pointer, isSecret(pointer)
	case []engine.Value:
		list := []engine.Value{}
		for i, item := range v {
			item, ok := filledIn(item, fmt.Sprintf("%s/%d", pointer, i))
			if !ok {
				return nil, false
			}
			list = append(list, item)
		}
		return list, true
	case *value.Map:
		m := &value.Map{}
		for key, item := range v.All() {
			item, ok := filledIn(item, pointer+"/"+value.Text(key))
			if !ok {
				return nil, false
			}
			m.Set(key, item)
		}
		return m, true
	}
	return v, true
}

func isSecret(pointer string) bool { return pointer == "/api/password" || pointer == "/api/sso_salt" }
