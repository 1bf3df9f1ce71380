package console

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"runner/clever/emulator/store"
)

// A consoleThing is what an owner has beside add-ons: an application, a network group, a
// drain, a hook, an OAuth consumer or a bucket. Nothing secret is in it.
type consoleThing struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	About string `json:"about"`
}

// thingsOf returns what an owner has beside add-ons, as far as the word is in it.
func thingsOf(w *store.World, owner, word string) []consoleThing {
	things := []consoleThing{}
	add := func(kind, id, name string, about ...string) {
		t := consoleThing{kind, id, name, strings.Join(about, "; ")}
		text := strings.ToLower(strings.Join([]string{t.Kind, t.ID, t.Name, t.About}, "\n"))
		if len(things) < shownLimit && strings.Contains(text, word) {
			things = append(things, t)
		}
	}
	for _, a := range w.ApplicationsOf(owner) {
		add("Application", a.ID, a.Name, linksOf(w, a), count(len(a.Env), "variable"))
	}
	for _, g := range w.Groups.All() {
		if g.Owner == owner {
			add("Network group", g.ID, g.Label, membersOf(w, g))
		}
	}
	for _, d := range w.Drains.All() {
		if d.Owner == owner {
			add("Drain", d.ID, d.Kind+" of "+nameOf(w, d.Resource), "to "+recipientOf(d), drainState(d))
		}
	}
	for _, h := range w.Hooks.All() {
		if h.Owner == owner {
			add("Notification hook", h.ID, hookName(h), h.Channel)
		}
	}
	for _, c := range w.Consumers.All() {
		if c.Owner == owner {
			add("OAuth consumer", c.ConsumerKey, c.Name, c.BaseURL, count(len(c.Rights), "right"))
		}
	}
	for _, b := range w.Buckets.All() {
		if a := w.Addon(b.Addon); a != nil && a.Owner == owner {
			add("Bucket", "", b.Name, "of "+a.Name, count(len(b.Objects), "object"))
		}
	}
	return things
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// linksOf says what an application is linked to.
func linksOf(w *store.World, a *store.Application) string {
	var names []string
	for _, id := range append(append([]string{}, a.Addons...), a.Dependencies...) {
		names = append(names, nameOf(w, id))
	}
	if len(names) == 0 {
		return "linked to nothing"
	}
	return "linked to " + strings.Join(names, ", ")
}

func membersOf(w *store.World, g *store.Group) string {
	var names []string
	for _, m := range g.Members {
		names = append(names, nameOf(w, m.ID))
	}
	if len(names) == 0 {
		return "without members"
	}
	return strings.Join(names, ", ")
}

// nameOf returns the name of an add-on or an application; what is neither is its id.
func nameOf(w *store.World, id string) string {
	if a := w.Addon(id); a != nil {
		return a.Name
	}
	if a := w.Applications.Find(id); a != nil {
		return a.Name
	}
	return id
}

// recipientOf says where a drain leads, without credentials and paths.
func recipientOf(d *store.Drain) string {
	var r struct{ Type, URL string }
	_ = json.Unmarshal(d.Recipient, &r) // what has another form is said to lead nowhere known
	if u, err := url.Parse(r.URL); err == nil && u.Host != "" {
		return strings.TrimSpace(r.Type + " " + u.Host)
	}
	return r.Type
}

func drainState(d *store.Drain) string {
	if d.Disabled {
		return "disabled"
	}
	return "enabled"
}

func hookName(h *store.Hook) string {
	var body struct{ Name string }
	_ = json.Unmarshal(h.Body, &body) // without a name it is shown by its id
	return body.Name
}
