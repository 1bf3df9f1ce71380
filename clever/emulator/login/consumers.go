package login

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"

	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// ConsumerRoutes adds those by which owners register consumers. Owner returns the id
// of the owner that a path names.
func (srv *Server) ConsumerRoutes(add func(method, path string, serve func(*rest.Call) (rest.Response, error)), owner func(*rest.Call) (string, error)) {
	cs := consumers{srv.store, owner}
	const base = "{base}/consumers"
	add("GET", base, cs.list)
	add("POST", base, cs.create)
	add("GET", base+"/{key}", cs.get)
	add("PUT", base+"/{key}", cs.update)
	add("DELETE", base+"/{key}", cs.remove)
	add("GET", base+"/{key}/secret", cs.secret)
}

// consumers answers for those that owners register.
type consumers struct {
	store *store.Store
	owner func(*rest.Call) (string, error)
}

// secretOf returns the secret of a consumer that is known.
func (srv *Server) secretOf(key string) (string, bool) {
	if secret, known := srv.consumers[key]; known {
		return secret, true
	}
	if c := srv.store.World().Consumers.Find(key); c != nil {
		return c.Secret, true
	}
	return "", false
}

// Consumers returns an owner's consumers as the platform's summary shows them.
func Consumers(w *store.World, owner string) []any {
	list := []any{}
	for _, c := range w.Consumers.All() {
		if c.Owner == owner {
			list = append(list, map[string]string{"name": c.Name, "key": c.ConsumerKey, "picture": c.Picture})
		}
	}
	return list
}

func consumerView(c *store.Consumer) map[string]any {
	return map[string]any{
		"key": c.ConsumerKey, "name": c.Name, "description": c.Description, "url": c.URL, "picture": c.Picture,
		"baseUrl": c.BaseURL, "rights": consumerRights(c.Rights),
	}
}

// consumerRights returns rights by name, "almighty" too, which no consumer of an
// owner's has.
func consumerRights(some []string) map[string]bool {
	all := allowed(some)
	all[rightToAll] = false
	return all
}

func (cs consumers) list(c *rest.Call) (rest.Response, error) {
	owner, err := cs.owner(c)
	list := []any{}
	for _, k := range cs.store.World().Consumers.All() {
		if k.Owner == owner {
			list = append(list, consumerView(k))
		}
	}
	return rest.Response{Body: list}, err
}

// find returns the consumer that a path names.
func (cs consumers) find(w *store.World, c *rest.Call) (*store.Consumer, error) {
	owner, err := cs.owner(c)
	if err != nil {
		return nil, err
	}
	k := w.Consumers.Find(c.Path["key"])
	if k == nil || k.Owner != owner {
		return nil, rest.NotFound("consumer")
	}
	return k, nil
}

func (cs consumers) get(c *rest.Call) (rest.Response, error) {
	k, err := cs.find(cs.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: consumerView(k)}, nil
}

func (cs consumers) secret(c *rest.Call) (rest.Response, error) {
	k, err := cs.find(cs.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: map[string]string{"secret": k.Secret}, Headers: map[string]string{"Cache-Control": "no-store"}}, nil
}

// take reads what is sent of a consumer; what is left out stays.
func take(c *rest.Call, k *store.Consumer) error {
	var sent struct {
		Name, Description, URL, Picture, BaseURL *string
		Rights                                   map[string]bool
	}
	if err := c.Decode(&sent); err != nil {
		return err
	}
	for to, text := range map[*string]*string{&k.Name: sent.Name, &k.Description: sent.Description, &k.URL: sent.URL, &k.Picture: sent.Picture, &k.BaseURL: sent.BaseURL} {
		if text != nil {
			*to = *text
		}
	}
	if err := rest.CheckName(k.Name); err != nil {
		return err
	}
	if u, err := url.Parse(k.BaseURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return rest.BadField(90086, "emulator.bad-consumer", "baseUrl", fmt.Sprintf("%q is no http or https URL", k.BaseURL))
	}
	if sent.Rights == nil {
		return nil
	}
	k.Rights = nil
	for _, r := range rights() {
		if sent.Rights[r] {
			k.Rights = append(k.Rights, r)
		}
	}
	return nil
}

func (cs consumers) create(c *rest.Call) (rest.Response, error) {
	owner, err := cs.owner(c)
	if err != nil {
		return rest.Response{}, err
	}
	k := &store.Consumer{ConsumerKey: rand.Text(), Secret: rand.Text(), Owner: owner}
	if err := take(c, k); err != nil {
		return rest.Response{}, err
	}
	err = cs.store.Change(func(d *store.Draft) error {
		d.Consumers.Put(k)
		return nil
	})
	return rest.Response{Body: consumerView(k)}, err
}

func (cs consumers) update(c *rest.Call) (rest.Response, error) {
	var changed store.Consumer
	err := cs.store.Change(func(d *store.Draft) error {
		k, err := cs.find(&d.World, c)
		if err != nil {
			return err
		}
		changed = *k
		if err := take(c, &changed); err != nil {
			return err
		}
		d.Consumers.Put(&changed)
		return nil
	})
	return rest.Response{Body: consumerView(&changed)}, err
}

// remove ends a consumer, and the tokens that people gave it.
func (cs consumers) remove(c *rest.Call) (rest.Response, error) {
	return rest.Response{}, cs.store.Change(func(d *store.Draft) error {
		k, err := cs.find(&d.World, c)
		if err != nil {
			return err
		}
		d.Consumers.Remove(k.ConsumerKey)
		if slices.ContainsFunc(d.Tokens, func(t store.Token) bool { return t.Consumer == k.ConsumerKey }) {
			d.RemoveTokens(func(t store.Token) bool { return t.Consumer == k.ConsumerKey })
		}
		return nil
	})
}

// leadsBack reports whether a callback is on the host that its consumer registered;
// those that nobody registered may be called back anywhere.
func (srv *Server) leadsBack(key string, callback *url.URL) bool {
	c := srv.store.World().Consumers.Find(key)
	if c == nil {
		return true
	}
	base, err := url.Parse(c.BaseURL)
	return err == nil && base.Hostname() == callback.Hostname()
}
