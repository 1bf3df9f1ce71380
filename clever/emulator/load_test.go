package emulator

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A load is many clients at work on one emulator at once.
type load struct {
	transport http.RoundTripper
	owner     string // of all add-ons: its path
	mu        sync.Mutex
	took      []time.Duration
	problems  []string
}

func (l *load) problem(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.problems) < 10 {
		l.problems = append(l.problems, fmt.Sprintf(format, args...))
	}
}

// ask does one request, which has to go well.
func (l *load) ask(method, path, body string) {
	r, err := http.NewRequest(method, "http://emulator.test"+l.owner+path, strings.NewReader(body))
	if err != nil {
		l.problem("%v", err)
		return
	}
	r.Header.Set("Authorization", "Bearer anything")
	began := time.Now()
	res, err := l.transport.RoundTrip(r)
	if err != nil {
		l.problem("%s %s: %v", method, path, err)
		return
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		l.problem("%s %s: %d %v %s", method, path, res.StatusCode, err, text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, time.Since(began))
}

// client reads and writes, as chance wants it, until there was enough: nine reads
// to a write. An add-on that it ordered it renames, and some it removes.
func (l *load) client(e *Emulator, number int, enough func(done int) bool) {
	chance := rand.New(rand.NewPCG(1, uint64(number)))
	var own []string
	for done := 0; !enough(done); done++ {
		ids := e.store.world().addons
		some := "/" + ids[chance.IntN(min(len(ids), 100))].ID // the oldest stay
		switch n := chance.IntN(100); {
		case n < 50:
			l.ask("GET", some, "")
		case n < 90:
			l.ask("GET", some+"/env", "")
		case n < 95 || len(own) == 0:
			name := fmt.Sprintf("client-%d-%d", number, done)
			l.ask("POST", "", fmt.Sprintf(`{"name":%q,"providerId":"postgresql-addon","plan":%q,"region":"par"}`, name, smallPostgres))
			own = own[:0]
			for _, a := range e.store.world().addons {
				if strings.HasPrefix(a.Name, fmt.Sprintf("client-%d-", number)) {
					own = append(own, a.ID)
				}
			}
		case n < 98:
			l.ask("PUT", "/"+own[chance.IntN(len(own))], fmt.Sprintf(`{"name":"client-%d-r%d"}`, number, done))
		default:
			i := chance.IntN(len(own))
			l.ask("DELETE", "/"+own[i], "")
			own = slices.Delete(own, i, i+1)
		}
	}
}

// fill puts add-ons into an emulator, in one save.
func fill(t testing.TB, e *Emulator, n int) {
	t.Helper()
	p := e.catalogue.provider("postgresql-addon")
	err := e.store.change(func(d *draft) error {
		for i := range n {
			uuid := newUUID()
			d.add(&addon{ID: "addon_" + uuid, RealID: p.RealPrefix + uuid, Owner: e.User(), Name: fmt.Sprint("old-", i),
				Provider: p.ID, Plan: smallPostgres, Region: "par", Created: 1, Version: "16", Facts: p.draw()})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run lets clients work, and holds the world to the journal, and the state file to
// the world.
func (l *load) run(t testing.TB, addons, clients int, enough func(done int) bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.json")
	e, err := New(Options{State: path})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, e, addons)
	l.transport, l.owner = e.Transport(), "/v2/organisations/"+e.User()+"/addons"
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() { l.client(e, i, enough) })
	}
	all.Wait()
	for _, p := range l.problems {
		t.Error(p)
	}
	want := addons
	for _, x := range e.Journal() {
		if x.Status != http.StatusOK {
			t.Errorf("%s %s: %d", x.Method, x.Path, x.Status)
		}
		switch x.Method {
		case http.MethodPost:
			want++
		case http.MethodDelete:
			want--
		}
	}
	if got := len(e.store.world().addons); got != want && len(l.took) < journalLimit {
		t.Errorf("%d add-ons, and the journal says %d", got, want)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	l.sameAfterwards(t, e, path)
}

func (l *load) sameAfterwards(t testing.TB, e *Emulator, path string) {
	t.Helper()
	again, err := New(Options{State: path})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	before, after := names(e), names(again)
	if !slices.Equal(before, after) {
		t.Errorf("%d add-ons were there, %d are in the file, or they are others", len(before), len(after))
	}
}

// names gives the ids of all add-ons with their names, in their order.
func names(e *Emulator) []string {
	var list []string
	for _, a := range e.store.world().addons {
		list = append(list, a.ID+" "+a.Name)
	}
	return list
}

func TestLoad(t *testing.T) {
	var l load
	l.run(t, 1000, 20, func(done int) bool { return done == 40 })
	if want := 20 * 40; len(l.took) != want {
		t.Errorf("%d requests were answered, want %d", len(l.took), want)
	}
}
