package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"runner/marketplace/manifest"
)

const (
	// shortestPause comes before a call is repeated; the next ones are twice as long.
	shortestPause = time.Second
	longestPause  = 5 * time.Minute
)

// A Client calls the marketplace on behalf of the vendor. A marketplace that is
// not well is asked again until the context ends.
type Client struct {
	Manifest  *manifest.Manifest
	Transport *manifest.Transport
	Pause     time.Duration // before a call is repeated, for the first time; 0 means a second
	// Authorize sets the credentials of a request that is about an order; nil: the
	// manifest's. Heroku v3 wants a token, which the order's Grant buys.
	Authorize func(r *http.Request, o manifest.Order) error
}

// NewClient returns a client; with loopback it may call this machine.
func NewClient(m *manifest.Manifest, loopback bool) *Client {
	return &Client{Manifest: m, Transport: manifest.NewTransport(manifest.TransportOptions{Loopback: loopback})}
}

// An App is an add-on as the marketplace has it.
type App struct {
	Key      string // the market's id
	Plan     string
	Callback string // where it is read and changed
	Owner    string // "" where the dialect has none
}

// List returns the vendor's add-ons: what is there and not in a Store was lost, and
// the other way round. The API is https://api.clever-cloud.com/v2 at Clever Cloud.
func (c *Client) List(ctx context.Context, api string) ([]App, error) {
	var all []App
	seen := map[string]bool{}
	for before := -1; before < len(all); {
		before = len(all)
		var page []struct {
			AddonID  string `json:"addon_id"`
			Callback string `json:"callback_url"`
			Plan     string `json:"plan"`
			Owner    string `json:"owner_id"`
			Resource struct {
				UUID string `json:"uuid"`
			} `json:"resource"`
		}
		if err := c.call(ctx, manifest.Order{}, http.MethodGet, api+"/vendor/apps?offset="+strconv.Itoa(before), nil, &page); err != nil {
			return nil, err
		}
		for _, e := range page {
			a := App{Key: e.AddonID + e.Resource.UUID, Plan: e.Plan, Callback: e.Callback, Owner: e.Owner} // a dialect has one of the two
			if !seen[a.Key] {
				seen[a.Key] = true
				all = append(all, a)
			}
		}
	}
	return all, nil
}

// Config reads the variables of an order's add-on. These are secrets.
func (c *Client) Config(ctx context.Context, o manifest.Order) (map[string]string, error) {
	var app struct {
		Config map[string]string `json:"config"`
	}
	err := c.call(ctx, o, http.MethodGet, o.Callback, nil, &app)
	return app.Config, err
}

// SetConfig changes the variables of an order's add-on that config names.
func (c *Client) SetConfig(ctx context.Context, o manifest.Order, config map[string]string) error {
	if c.Manifest.Dialect != manifest.HerokuV3 {
		return c.call(ctx, o, http.MethodPut, o.Callback, map[string]any{"config": config}, nil)
	}
	type pair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	pairs := []pair{}
	for name, value := range config {
		pairs = append(pairs, pair{name, value})
	}
	return c.call(ctx, o, http.MethodPatch, o.Callback+"/config", map[string]any{"config": pairs}, nil)
}

// finish says that a slow order is ready.
func (c *Client) finish(ctx context.Context, o manifest.Order, config map[string]string) error {
	err := c.SetConfig(ctx, o, config)
	if err == nil && c.Manifest.Dialect == manifest.HerokuV3 {
		err = c.call(ctx, o, http.MethodPost, o.Callback+"/actions/provision", nil, nil)
	}
	return err
}

// giveUp says that a slow order came to nothing, where the dialect has a word for
// it.
func (c *Client) giveUp(ctx context.Context, o manifest.Order) error {
	if c.Manifest.Dialect != manifest.HerokuV3 {
		return nil
	}
	return c.call(ctx, o, http.MethodPost, o.Callback+"/actions/deprovision", nil, nil)
}

func (c *Client) pause() time.Duration {
	if c.Pause > 0 {
		return c.Pause
	}
	return shortestPause
}

// call repeats a call while that may help.
func (c *Client) call(ctx context.Context, o manifest.Order, method, address string, body, into any) error {
	for wait := c.pause(); ; wait = min(2*wait, longestPause) {
		a, err := c.once(ctx, o, method, address, body)
		_, silent := errors.AsType[*manifest.NoResponse](err)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !silent:
			return err
		case err == nil && a.Status/100 == 2 && into != nil:
			if err := json.Unmarshal(a.Body, into); err != nil {
				return fmt.Errorf("the marketplace's answer cannot be read: %w", err)
			}
			return nil
		case err == nil && a.Status/100 == 2:
			return nil
		case err == nil && a.Status < 500 && a.Status != http.StatusTooManyRequests && a.Status != http.StatusRequestTimeout:
			return fmt.Errorf("the marketplace answers %s to %s %s", strconv.Itoa(a.Status), method, place(address))
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

func (c *Client) once(ctx context.Context, o manifest.Order, method, address string, body any) (*manifest.Response, error) {
	text := []byte{}
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if local := r.URL.Scheme == "http" && manifest.IsLoopback(r.URL.Hostname()); r.URL.Host == "" || r.URL.Scheme != "https" && !local {
		return nil, fmt.Errorf("%q is no https URL: the marketplace is not called there", place(address))
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.Authorize != nil {
		err = c.Authorize(r, o)
	} else {
		r.SetBasicAuth(c.Manifest.ID, c.Manifest.Password)
	}
	if err != nil {
		return nil, err
	}
	return c.Transport.Send(r)
}

// place returns a URL without what may be secret in it.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "its URL"
	}
	u.RawQuery, u.Fragment = "", ""
	return u.Redacted()
}
