package platform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"runner/atomicfile"
	"runner/clever"
	"runner/cmd/history"
)

// An Identity is who somebody is at a platform.
type Identity struct {
	Name          string    `json:"name"`
	Email         string    `json:"email"`
	Organisations []string  `json:"organisations"` // their names
	Read          time.Time `json:"read"`
}

const (
	identityAge  = 24 * time.Hour  // after which it is read again
	identityWait = 5 * time.Second // for the platform to say it
)

// Identity returns whose credentials are: as it was read within a day, else from the
// platform, going out through a transport.
func (p *Platform) Identity(ctx context.Context, creds clever.Credentials, out http.RoundTripper) (Identity, error) {
	path := p.identityFile(creds)
	if known, ok := readIdentity(path); ok {
		return known, nil
	}
	client, err := clever.New(clever.Config{Endpoint: p.EndpointFor(creds), Credentials: creds, Method: p.Method(), Transport: out})
	if err != nil {
		return Identity{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, identityWait)
	defer cancel()
	summary, err := client.Summary(ctx)
	if err != nil {
		return Identity{}, err
	}
	who := Identity{Name: summary.User.Name, Email: summary.User.Email, Organisations: []string{}, Read: time.Now().UTC()}
	for _, o := range summary.Organisations {
		who.Organisations = append(who.Organisations, o.Name)
	}
	writeIdentity(path, who)
	return who, nil
}

// identityFile returns where an identity is kept; "" where nothing can be. The token
// is in its name as a digest only.
func (p *Platform) identityFile(creds clever.Credentials) string {
	dir, err := history.Dir(p.streams.Getenv)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(p.EndpointFor(creds) + "\x00" + creds.Token))
	return filepath.Join(dir, "identities", hex.EncodeToString(sum[:16])+".json")
}

func readIdentity(path string) (who Identity, ok bool) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return Identity{}, false
	}
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &who) != nil {
		return Identity{}, false
	}
	return who, time.Since(who.Read) < identityAge && !who.Read.After(time.Now())
}

// writeIdentity keeps an identity. Where it cannot, the next run reads it again.
func writeIdentity(path string, who Identity) {
	text, err := json.Marshal(who)
	if err == nil && path != "" && os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		_ = atomicfile.WriteFile(path, append(text, '\n'), atomicfile.Options{Regular: true})
	}
}
