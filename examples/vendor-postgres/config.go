package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"runner/marketplace/manifest"
)

// readManifest reads the manifest, with the secrets of the environment in it, and
// reports what is wrong.
func readManifest(o options, getenv func(string) string, stderr io.Writer) (*manifest.Manifest, error) {
	text, err := os.ReadFile(o.manifest)
	if err != nil {
		return nil, fmt.Errorf("%w; runner vendor init writes a manifest", err)
	}
	if text, err = withSecrets(text, getenv("VENDOR_PASSWORD"), getenv("VENDOR_SSO_SALT")); err != nil {
		return nil, fmt.Errorf("%s: %w", o.manifest, err)
	}
	m, problems := manifest.Read(text, manifest.Options{Dialect: manifest.Dialect(o.dialect), Loopback: true})
	for _, p := range problems {
		fmt.Fprintf(stderr, "%s: %s: %s: %s %s\n", p.Level(), o.manifest, p.Pointer, p.Code, p.Message)
	}
	if m == nil || len(manifest.Errors(problems)) > 0 {
		return nil, fmt.Errorf("%s cannot be used: runner vendor validate shows where it is wrong", o.manifest)
	}
	return m, nil
}

// withSecrets puts the secrets of the environment into a manifest; those that are
// "" stay as they are.
func withSecrets(text []byte, password, salt string) ([]byte, error) {
	if password == "" && salt == "" {
		return text, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var manifest map[string]any
	if err := d.Decode(&manifest); err != nil {
		return nil, err
	}
	api, ok := manifest["api"].(map[string]any)
	if !ok {
		return nil, errors.New(`"api" is no object`)
	}
	for name, secret := range map[string]string{"password": password, "sso_salt": salt} {
		if secret != "" {
			api[name] = secret
		}
	}
	return json.Marshal(manifest)
}

// A plan is what a customer pays for.
type plan struct {
	name        string
	connections int // at once
}

type plans []plan

// parsePlans reads small=5,large=20. What the manifest lists has to be there.
func parsePlans(text string, m *manifest.Manifest) (plans, error) {
	var all plans
	for entry := range strings.SplitSeq(text, ",") {
		name, number, _ := strings.Cut(strings.TrimSpace(entry), "=")
		n, err := strconv.Atoi(number)
		if name == "" || err != nil || n < 1 || n > 10000 {
			return nil, fmt.Errorf("--plans: %q is no NAME=CONNECTIONS, such as small=5", entry)
		}
		if slices.Contains(all.names(), name) {
			return nil, fmt.Errorf("--plans: %s is there twice", name)
		}
		all = append(all, plan{name, n})
	}
	for _, p := range m.Plans {
		if !slices.Contains(all.names(), p.ID) {
			return nil, fmt.Errorf("the manifest has a plan %q, which --plans does not know", p.ID)
		}
	}
	return all, nil
}

func (p plans) names() []string {
	var all []string
	for _, one := range p {
		all = append(all, one.name)
	}
	return all
}

// connections returns how many a plan allows.
func (p plans) connections(name string) int {
	for _, one := range p {
		if one.name == name {
			return one.connections
		}
	}
	return 0
}
