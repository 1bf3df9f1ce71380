package login

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// BridgeRoutes adds those of the bridge: tokens that are sent as they are, in a Bearer
// header. On the platform it has a host of its own.
func (srv *Server) BridgeRoutes(add, open func(method, path string, serve func(*rest.Call) (rest.Response, error))) {
	open("POST", "/api-tokens", srv.createAPIToken)
	add("GET", "/api-tokens", srv.listAPITokens)
	add("PUT", "/api-tokens/{id}", srv.editAPIToken)
	add("DELETE", "/api-tokens/{id}", srv.deleteAPIToken)
}

// apiTokenLife is how long such a token may live at most.
const apiTokenLife = 366 * 24 * time.Hour

// createAPIToken makes a token for whoever knows the user's address and has a
// password: which one, the emulator does not know.
func (srv *Server) createAPIToken(c *rest.Call) (rest.Response, error) {
	var wanted struct {
		Email, Password, Name, Description string
		ExpirationDate                     time.Time
	}
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	if !strings.EqualFold(wanted.Email, srv.store.World().User.Email) || wanted.Password == "" {
		return rest.Response{Status: http.StatusUnauthorized, Body: map[string]string{"code": "invalid-credential", "error": "The e-mail address or the password is wrong."}}, nil
	}
	if err := rest.CheckName(wanted.Name); err != nil {
		return rest.Response{}, err
	}
	now := srv.now().UTC()
	if wanted.ExpirationDate.IsZero() {
		wanted.ExpirationDate = now.Add(apiTokenLife)
	}
	if !wanted.ExpirationDate.After(now) || wanted.ExpirationDate.After(now.Add(apiTokenLife)) {
		return rest.Response{}, rest.BadField(90087, "emulator.bad-token", "expirationDate", "it is past, or more than a year ahead")
	}
	t := &store.APIToken{ID: "api_token_" + catalogue.NewUUID(), Token: rand.Text(), Name: wanted.Name, Description: wanted.Description, Created: now, Expires: wanted.ExpirationDate}
	err := srv.store.Change(func(d *store.Draft) error {
		d.APITokens.Put(t)
		return nil
	})
	return rest.Response{Body: map[string]any{
		"apiToken": t.Token, "apiTokenId": t.ID, "creationDate": t.Created, "expirationDate": t.Expires, "name": t.Name, "description": t.Description,
	}}, err
}

func (srv *Server) listAPITokens(c *rest.Call) (rest.Response, error) {
	list := []any{}
	for _, t := range srv.store.World().APITokens.All() {
		state := "ACTIVE"
		if !srv.now().Before(t.Expires) {
			state = "EXPIRED"
		}
		list = append(list, map[string]any{
			"apiTokenId": t.ID, "userId": c.User, "creationDate": t.Created, "expirationDate": t.Expires, "ip": "192.0.2.1",
			"name": t.Name, "description": t.Description, "state": state,
		})
	}
	return rest.Response{Body: list}, nil
}

func (srv *Server) editAPIToken(c *rest.Call) (rest.Response, error) {
	var wanted struct{ Name, Description string }
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	if err := rest.CheckName(wanted.Name); err != nil {
		return rest.Response{}, err
	}
	return rest.Response{}, srv.store.Change(func(d *store.Draft) error {
		t := d.APITokens.Find(c.Path["id"])
		if t == nil {
			return rest.NotFound("token")
		}
		changed := *t
		changed.Name, changed.Description = wanted.Name, wanted.Description
		d.APITokens.Put(&changed)
		return nil
	})
}

func (srv *Server) deleteAPIToken(c *rest.Call) (rest.Response, error) {
	return rest.Response{}, srv.store.Change(func(d *store.Draft) error {
		if d.APITokens.Find(c.Path["id"]) == nil {
			return rest.NotFound("token")
		}
		d.APITokens.Remove(c.Path["id"])
		return nil
	})
}

// knowsAPIToken reports whether a Bearer token is one that is good now.
func (srv *Server) knowsAPIToken(token string) bool {
	for _, t := range srv.store.World().APITokens.All() {
		if t.Token == token && srv.now().Before(t.Expires) {
			return true
		}
	}
	return false
}
