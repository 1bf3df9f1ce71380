package tasks

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/orderlog"
)

// scopes are what the tasks of a run say of scopes: who owns what is declared in them,
// and which add-on is in which.
type scopes struct {
	mu     sync.Mutex
	places map[string][]place   // by scope
	of     map[inScope]string   // the scope of what was declared
	orders map[string][]ordered // by scope: what is ordered in this run
}

// A place is an owner's list of add-ons. Credentials matter for a personal space only.
type place struct {
	creds clever.Credentials
	owner string // "": the personal space
}

// inScope names an add-on that is declared.
type inScope struct {
	place          place
	provider, name string
}

// An ordered is an add-on that is ordered in this run, as far as others may be compared with it.
type ordered struct {
	place                        place
	name, provider, plan, region string
	tags                         []string // the user's
	at                           time.Time
	run                          string
	now                          bool // by this run
}

// placeOf returns the place of an owner as credentials reach it.
func (c *Cloud) placeOf(ctx context.Context, client platform, auth Auth, owner string) (place, error) {
	if strings.HasPrefix(owner, "user_") {
		summary, err := client.Summary(ctx)
		if err != nil {
			return place{}, err
		}
		if owner == summary.User.ID {
			owner = ""
		}
	}
	creds, err := c.credentials(auth)
	return placeFor(creds, owner), err
}

// placeFor returns the place of an owner whose id is "" for the personal space.
func placeFor(creds clever.Credentials, owner string) place {
	if owner != "" {
		return place{owner: owner}
	}
	return place{creds: creds}
}

// enter notes that a task declares an add-on in a scope, and refuses one that an earlier
// task of the run declares in another.
func (s *scopes) enter(at place, provider, name, scope string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of, s.places = map[inScope]string{}, map[string][]place{}
	}
	if !slices.Contains(s.places[scope], at) {
		s.places[scope] = append(s.places[scope], at)
	}
	key := inScope{at, strings.ToLower(clever.ProviderAlias(provider)), name}
	if other, ok := s.of[key]; ok && other != scope {
		return &diagnostic.Problem{Msg: fmt.Sprintf("add-on %q is declared in the scope %s by a task above, and in %s here: it belongs to one scope", name, other, scope),
			Hint: "declare it in one play, or look it up with addon_info in the other"}
	}
	s.of[key] = scope
	return nil
}

// owners returns where this run declares something in a scope.
func (s *scopes) owners(scope string) []place {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.places[scope])
}

// order notes an add-on that is ordered in a scope in this run.
func (s *scopes) order(scope string, p ordered) {
	if scope == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orders == nil {
		s.orders = map[string][]ordered{}
	}
	s.orders[scope] = append(s.orders[scope], p)
}

// like returns what was ordered in a scope, by this run or since an add-on was declared
// last, and is as that add-on is, but for its name; "" where nothing is.
func (s *scopes) like(scope string, at place, a clever.Addon, tags []string, since orderlog.Declaration) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.orders[scope] {
		late := p.now || !since.Time.IsZero() && p.at.After(since.Time) && p.run != since.Run
		if late && p.place == at && p.provider == a.Provider.ID && p.plan == a.Plan.Slug && p.region == a.Region && slices.Equal(p.tags, usersTags(tags)) {
			return p.name
		}
	}
	return ""
}

// enter notes in which scope the task declares its add-on.
func (r *registration) enter(ctx context.Context) error {
	if r.scope == "" {
		return nil
	}
	var err error
	if r.place, err = r.cloud.placeOf(ctx, r.client, r.Auth, r.owner); err != nil {
		return err
	}
	for _, word := range []string{r.Name, r.Addon} {
		if word != "" {
			if err := r.cloud.scopes.enter(r.place, r.Provider, word, r.scope); err != nil {
				return engine.About("name", err)
			}
		}
	}
	return nil
}

// noteDeclared remembers, on this machine, that the playbook declares an add-on.
func (r *registration) noteDeclared(ctx context.Context, client platform, id string) error {
	if isMadeUp(id) {
		return nil
	}
	return client.Declared(ctx, r.owner, id, orderlog.Declaration{Playbook: absolute(r.playbook), Scope: r.scope, With: r.with})
}

// adopt finds out whether an add-on that comes into a scope was ordered for something
// else: not for that scope, nor by the playbook before it had one.
func (r *registration) adopt(ctx context.Context, a clever.Addon, tags []string) error {
	r.adopts = false
	if r.scope == "" {
		return nil
	}
	order, known, err := r.client.OrderOf(ctx, r.owner, a.ID)
	if known {
		r.cloud.scopes.order(r.scope, ordered{r.place, a.Name, a.Provider.ID, a.Plan.Slug, a.Region, usersTags(tags), order.Time, order.Run, false})
	}
	if err != nil || len(scopesOf(tags)) > 0 {
		return err
	}
	declared, err := r.client.Declarations(ctx, r.owner, a.ID)
	playbook := absolute(r.playbook)
	ours := known && (order.Scope == r.scope || slices.ContainsFunc(declared, func(d orderlog.Declaration) bool { return d.Playbook == playbook }))
	r.adopts = !ours
	return err
}

func absolute(playbook string) string {
	if path, err := filepath.Abs(playbook); err == nil && playbook != "-" {
		return path
	}
	return playbook
}
