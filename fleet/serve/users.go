package serve

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/bcrypt"

	"runner/fleet/secret"
	"runner/fleet/settings"
)

// users is how requests are held to who may see the page, and who may consent.
type users struct {
	file    map[string][]byte // the hash of each one's password; nil: there is no file
	header  string            // in which a proxy says who it is; "": in none
	proxies []netip.Prefix    // that are believed

	hashing chan struct{} // holds one while a password is compared, which takes much time by design
	mu      sync.Mutex
	known   map[string][32]byte // the digest of the password that was last right
	decoy   []byte              // stands for the hash of a user whom there is not, and takes as long to compare
}

// newUsers reads who there is. Its error holds all that is wrong with the file.
func newUsers(c settings.Serve) (*users, error) {
	u := &users{header: c.UserHeader, hashing: make(chan struct{}, 1), known: map[string][32]byte{}}
	for _, text := range c.Proxies {
		network, err := settings.Network(text)
		if err != nil {
			return nil, err
		}
		u.proxies = append(u.proxies, network)
	}
	if c.Users == "" {
		return u, nil
	}
	text, err := secret.Read(c.Users)
	if err != nil {
		return nil, fmt.Errorf("the file of users: %w", err)
	}
	if u.file, err = readUsers(c.Users, string(text)); err != nil {
		return nil, err
	}
	u.decoy = slowest(u.file)
	return u, nil
}

// slowest returns the hash that takes longest to compare.
func slowest(file map[string][]byte) []byte {
	return slices.MaxFunc(slices.Collect(maps.Values(file)), func(a, b []byte) int {
		costA, _ := bcrypt.Cost(a)
		costB, _ := bcrypt.Cost(b)
		return costA - costB
	})
}

// readUsers reads lines such as ann:$2y$10$…, as htpasswd -B writes them. Errors say the
// line, and nothing of a hash.
func readUsers(name, text string) (map[string][]byte, error) {
	file := map[string][]byte{}
	var wrong []string
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		user, hash, _ := strings.Cut(line, ":")
		_, err := bcrypt.Cost([]byte(hash))
		switch _, twice := file[user]; {
		case user == "" || err != nil:
			wrong = append(wrong, fmt.Sprintf("%s:%d: a line is NAME:HASH with a hash of bcrypt: htpasswd -nB NAME prints one", name, i+1))
		case twice:
			wrong = append(wrong, fmt.Sprintf("%s:%d: the user %q is there twice", name, i+1, user))
		}
		file[user] = []byte(hash)
	}
	if len(file) == 0 {
		wrong = append(wrong, name+" names no user: htpasswd -nB NAME prints a line")
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return file, nil
}

// right reports whether a password is a user's.
func (u *users) right(ctx context.Context, name, password string) bool {
	digest := sha256.Sum256([]byte(name + "\x00" + password))
	u.mu.Lock()
	known, ok := u.known[name]
	u.mu.Unlock()
	if ok && known == digest {
		return true
	}
	select {
	case u.hashing <- struct{}{}:
		defer func() { <-u.hashing }()
	case <-ctx.Done():
		return false
	}
	hash, ok := u.file[name]
	if !ok {
		hash = u.decoy
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil || !ok {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.known[name] = digest
	return true
}

// guard lets a request through with the name of its user: of the file, or of a proxy's
// header. Where there is neither, nobody has a name, nobody may consent, and only this
// machine may look.
func (u *users) guard(next func(w http.ResponseWriter, r *http.Request, user string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case u.file != nil:
			name, password, _ := r.BasicAuth()
			if !u.right(r.Context(), name, password) {
				w.Header().Set("WWW-Authenticate", `Basic realm="runner fleet", charset="UTF-8"`)
				http.Error(w, "not authorized", http.StatusUnauthorized)
				return
			}
			next(w, r, name)
		case u.header != "":
			said := r.Header.Values(u.header) // two: one of them may be of whoever is behind the proxy
			name := strings.TrimSpace(strings.Join(said, ""))
			if len(said) != 1 || name == "" || !u.believed(r.RemoteAddr) {
				http.Error(w, "the proxy in front does not say who you are", http.StatusForbidden)
				return
			}
			next(w, r, name)
		case !local(r):
			http.Error(w, "only the machine itself may look: set users_file or user_header of serve in fleet.yml", http.StatusForbidden)
		default:
			next(w, r, "")
		}
	}
}

// believed reports whether a connection comes from a proxy that is believed.
func (u *users) believed(remote string) bool {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, network := range u.proxies {
		if network.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// local reports whether a request came to an address that only this machine reaches.
func local(r *http.Request) bool {
	address, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}
