package tasks

import "testing"

func TestSameVersion(t *testing.T) {
	for _, c := range []struct {
		running, wanted string
		same            bool
	}{
		{"15", "15", true},
		{"15.4", "15", true},
		{"15.4.1", "15.4", true},
		{"150", "15", false},
		{"15.40", "15.4", false},
		{"1.15", "15", false},
		{"15", "15.4", false},
		{"", "15", false},
	} {
		if got := sameVersion(c.running, c.wanted); got != c.same {
			t.Errorf("%q runs, %q is wanted: same = %v", c.running, c.wanted, got)
		}
	}
}

func TestSecretNames(t *testing.T) {
	for name, secret := range map[string]bool{
		"POSTGRESQL_ADDON_PASSWORD": true,
		"CC_APP_SECRET":             true,
		"CC_PULSAR_TOKEN":           true,
		"CELLAR_ADDON_KEY_ID":       true,
		"MONGODB_ADDON_URI":         true,
		"REDIS_URL":                 true,
		"BASIC_AUTH":                true,
		"DB_CREDENTIALS":            true,
		"redis_password":            true,
		"POSTGRESQL_ADDON_HOST":     false,
		"POSTGRESQL_ADDON_PORT":     false,
		"POSTGRESQL_ADDON_USER":     false,
		"POSTGRESQL_ADDON_DB":       false,
		"POSTGRESQL_ADDON_VERSION":  false,
	} {
		if secretName(name) != secret {
			t.Errorf("%s: secret = %v, want %v", name, !secret, secret)
		}
	}
}

func TestSlug(t *testing.T) {
	for text, want := range map[string]string{
		"Order a Postgres Database": "order-a-postgres-database",
		"  2 databases, please! ":   "2-databases-please",
		"":                          "",
		"…":                         "",
	} {
		if got := slug(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
