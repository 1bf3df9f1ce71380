package session_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"runner/clever/emulator"
)

// sixTasks order two add-ons, make one larger, read and remove.
const sixTasks = `
- addon_register: {name: small, provider: pg, details: {plan: dev}}
- addon_register: {name: cache, provider: redis, tags: [shop], details: {plan: s_mono}}
  register: cache
- addon_register: {name: grows, provider: pg, details: {plan: xs_sml}}
  register: db
- addon_info: {addon: cache}
- debug: {msg: "{{ db.env.POSTGRESQL_ADDON_HOST }} {{ cache.env.REDIS_HOST }}"}
- addon_remove: {addon: old, provider: redis}
`

// A faultyWay does with every twentieth request what it is to do, over all plays.
type faultyWay struct {
	next  http.RoundTripper
	n     *atomic.Int64
	fault func(n int64, pass func() (*http.Response, error)) (*http.Response, error)
}

func (w faultyWay) RoundTrip(r *http.Request) (*http.Response, error) {
	pass := func() (*http.Response, error) { return w.next.RoundTrip(r) }
	if n := w.n.Add(1); n%20 == 0 {
		return w.fault(n, pass)
	}
	return pass()
}

func said(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// TestEveryTwentiethRequestIsFaulty: plays end well all the same, and each makes what
// is declared, once.
func TestEveryTwentiethRequestIsFaulty(t *testing.T) {
	t.Parallel()
	type response = func(n int64, pass func() (*http.Response, error)) (*http.Response, error)
	refuse := func(response func() *http.Response) response {
		return func(int64, func() (*http.Response, error)) (*http.Response, error) { return response(), nil }
	}
	for name, fault := range map[string]response{
		"503":        refuse(func() *http.Response { return said(503, `{"id":-500,"message":"busy","type":"error"}`) }),
		"429":        refuse(func() *http.Response { return said(429, `{}`, "Retry-After", "1") }),
		"a 500 page": refuse(func() *http.Response { return said(500, "<html>oops") }),
		"cut": func(n int64, pass func() (*http.Response, error)) (*http.Response, error) {
			if n%40 == 0 {
				_, _ = pass()
			}
			return nil, io.ErrUnexpectedEOF
		},
		"truncated JSON": func(_ int64, pass func() (*http.Response, error)) (*http.Response, error) {
			response, err := pass()
			if err == nil {
				body, _ := io.ReadAll(response.Body)
				response.Body = io.NopCloser(strings.NewReader(string(body[:len(body)/2])))
			}
			return response, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				well := 0
				for play := range 25 {
					if printed := playFaulty(t, &n, fault); printed == "" {
						well++
					} else {
						t.Logf("play %d: %s", play, printed)
					}
				}
				if well != 25 || n.Load() < 200 {
					t.Errorf("%d of 25 plays ended well, with %d requests", well, n.Load())
				}
			})
		})
	}
}

// playFaulty plays on a new platform, and returns what went wrong; "" if nothing did.
func playFaulty(t *testing.T, n *atomic.Int64, fault func(int64, func() (*http.Response, error)) (*http.Response, error)) string {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, order := range []string{
		`{"name":"old","providerId":"redis-addon","plan":"plan_c62dd71e-15c3-483e-879d-75e4c836e21e","region":"par","options":{}}`,
		`{"name":"grows","providerId":"postgresql-addon","plan":"plan_c32d00fb-6c06-48a9-a0a3-9d808937ec68","region":"par","options":{}}`,
	} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://chaos.invalid/v2/self/addons", strings.NewReader(order))
		r.Header.Set("Authorization", "Bearer anything")
		if response, err := e.Transport().RoundTrip(r); err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
	}
	m := newMachine(t, nil, nil)
	code, out := m.through(sixTasks, faultyWay{e.Transport(), n, fault}, func(s *specOf) { s.Allow = []string{"migrate"} })
	var names []string
	for _, a := range e.Addons(e.User()) {
		names = append(names, a.Name+" "+a.Plan.Slug)
	}
	slices.Sort(names)
	if want := []string{"cache s_mono", "grows xs_sml", "small dev"}; code != 0 || !slices.Equal(names, want) {
		return fmt.Sprintf("exit %d, there is %v\n%s", code, names, out)
	}
	return ""
}
