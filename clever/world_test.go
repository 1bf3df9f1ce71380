package clever

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A world is a small platform for the tests of what goes wrong: one personal
// space with add-ons. What goes well is tested against the emulator.
type world struct {
	mu     sync.Mutex
	addons []Addon
	posts  int
	gets   map[string]int

	// onPost says what happens to the nth order, from 1. It may call make to have
	// the add-on, and answers as it likes. Nil: the order is made and answered.
	onPost func(n int, create func() Addon) (*http.Response, error)
	// onGet comes before the nth GET of a path; a reply of its status 0 lets it pass.
	onGet func(path string, n int) reply
	// env answers the nth reading of variables.
	env func(n int) reply
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Method == http.MethodPost {
		return w.post(r)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	path := r.URL.Path
	if r.Method == http.MethodGet {
		if w.gets == nil {
			w.gets = map[string]int{}
		}
		w.gets[path]++
		if w.onGet != nil {
			if said := w.onGet(path, w.gets[path]); said.status != 0 || said.err != nil {
				return said.response()
			}
		}
	}
	id := strings.TrimPrefix(path, "/v2/self/addons/")
	switch {
	case strings.HasSuffix(path, "/addons"):
		return answerJSON(append([]Addon{}, w.addons...))
	case strings.HasSuffix(path, "/env"):
		return w.env(w.gets[path]).response()
	case r.Method == http.MethodDelete:
		return w.remove(id)
	}
	for _, a := range w.addons {
		if a.ID == id {
			return answerJSON(a)
		}
	}
	return reply{status: 404, body: `{"id":11001,"message":"This addon does not exist.","type":"error"}`}.response()
}

func (w *world) post(r *http.Request) (*http.Response, error) {
	var order CreateRequest
	if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
		return nil, err
	}
	r.Body.Close()
	w.mu.Lock()
	w.posts++
	n := w.posts
	w.mu.Unlock()
	create := func() Addon { return w.create(order) }
	if w.onPost == nil {
		return answerJSON(create())
	}
	return w.onPost(n, create)
}

// create makes the add-on that is ordered, as somebody else might as well.
func (w *world) create(order CreateRequest) Addon {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := Addon{ID: fmt.Sprintf("addon_%d", len(w.addons)+1), Name: order.Name, Region: order.Region,
		Provider: Provider{ID: order.ProviderID}, Plan: Plan{ID: order.Plan}}
	w.addons = append(w.addons, a)
	return a
}

func (w *world) remove(id string) (*http.Response, error) {
	for i, a := range w.addons {
		if a.ID == id {
			w.addons = append(w.addons[:i:i], w.addons[i+1:]...)
			return reply{status: 200, body: `{"id":318,"message":"gone","type":"success"}`}.response()
		}
	}
	return reply{status: 404, body: `{"id":11001,"message":"This addon does not exist.","type":"error"}`}.response()
}

// there returns the ids of what there is.
func (w *world) there() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return idsOf(w.addons)
}

func idsOf(list []Addon) []string {
	ids := []string{}
	for _, a := range list {
		ids = append(ids, a.ID)
	}
	return ids
}

func answerJSON(v any) (*http.Response, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return reply{status: 200, body: string(text)}.response()
}

// overHTTP serves a world on a real socket; a world's error cuts the connection.
func (w *world) overHTTP(t *testing.T) *Client {
	return serve(t, func(out http.ResponseWriter, r *http.Request) {
		resp, err := w.RoundTrip(r)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer resp.Body.Close()
		out.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(out, resp.Body)
	})
}
