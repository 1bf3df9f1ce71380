package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/store"
)

// A load is many clients at work on one emulator at once, each in an organisation
// of its own.
type load struct {
	transport http.RoundTripper
	base      string // where the emulator is
	mu        sync.Mutex
	reads     []time.Duration   // how long each took
	writes    []time.Duration   // how long each took
	names     map[string]string // of the add-ons that are there now, by id: what the clients were answered
	problems  []string
}

func (l *load) problem(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.problems) < 10 {
		l.problems = append(l.problems, fmt.Sprintf(format, args...))
	}
}

// ask does one request, which has to go well, and gives what is in the answer.
func (l *load) ask(method, path, body string) (made struct{ ID, Name string }) {
	r, err := http.NewRequest(method, l.base+path, strings.NewReader(body))
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
	took := time.Since(began)
	if method == http.MethodPost || method == http.MethodPut {
		err = errors.Join(err, json.Unmarshal(text, &made))
	}
	if err != nil || res.StatusCode != http.StatusOK {
		l.problem("%s %s: %d %v %s", method, path, res.StatusCode, err, text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if method == http.MethodGet {
		l.reads = append(l.reads, took)
	} else {
		l.writes = append(l.writes, took)
	}
	return made
}

// organisation returns the id of a client's organisation.
func organisation(client int) string { return fmt.Sprintf("orga_of-client-%d", client) }

// client reads and writes, as chance wants it, until there was enough: nine reads
// to a write. What it ordered it renames, and some it removes; old are the ids of
// what it has from before.
func (l *load) client(number int, old []string, enough func(done int) bool) {
	chance := rand.New(rand.NewPCG(1, uint64(number)))
	base := "/v2/organisations/" + organisation(number) + "/addons"
	var own []string
	names := map[string]string{}
	for done := 0; !enough(done); done++ {
		some := base + "/" + old[chance.IntN(len(old))]
		switch n := chance.IntN(100); {
		case n < 45:
			l.ask("GET", some, "")
		case n < 88:
			l.ask("GET", some+"/env", "")
		case n < 90:
			l.ask("GET", base, "")
		case n < 95 || len(own) == 0:
			made := l.ask("POST", base, fmt.Sprintf(`{"name":"order-%d","providerId":"postgresql-addon","plan":%q,"region":"par"}`, done, smallPostgres))
			own, names[made.ID] = append(own, made.ID), made.Name
		case n < 98:
			id := own[chance.IntN(len(own))]
			names[id] = l.ask("PUT", base+"/"+id, fmt.Sprintf(`{"name":"renamed-%d"}`, done)).Name
		default:
			i := chance.IntN(len(own))
			l.ask("DELETE", base+"/"+own[i], "")
			delete(names, own[i])
			own = slices.Delete(own, i, i+1)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(l.names, names)
}

// fill puts add-ons into an emulator, in one save, and gives each client's ids.
func fill(t testing.TB, e *Emulator, addons, clients int) [][]string {
	t.Helper()
	p := e.catalogue.Provider("postgresql-addon")
	ids := make([][]string, clients)
	err := e.store.Change(func(d *store.Draft) error {
		for i := range clients {
			d.AddOrganisation(store.Account{ID: organisation(i), Name: organisation(i), Created: 1})
		}
		for i := range addons {
			uuid := catalogue.NewUUID()
			a := &store.Addon{ID: "addon_" + uuid, RealID: p.RealPrefix + uuid, Owner: organisation(i % clients), Name: fmt.Sprint("old-", i),
				Provider: p.ID, Plan: smallPostgres, Region: "par", Created: 1, Version: "16", Facts: p.NewFacts()}
			d.Add(a)
			ids[i%clients] = append(ids[i%clients], a.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// run lets clients work, over the network or in the process, and holds the world
// to what they were answered and to the journal, and the state file to the world.
func (l *load) run(t testing.TB, network bool, addons, clients int, enough func(done int) bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.json")
	e, err := New(Options{State: path})
	if err != nil {
		t.Fatal(err)
	}
	ids := fill(t, e, addons, clients)
	l.transport, l.base, l.names = e.Transport(), "http://emulator.test", names(e)
	if network {
		server := httptest.NewServer(e)
		defer server.Close()
		l.transport, l.base = &http.Transport{MaxIdleConnsPerHost: clients}, server.URL
	}
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() { l.client(i, ids[i], enough) })
	}
	all.Wait()
	for _, p := range l.problems {
		t.Error(p)
	}
	if diff := cmp.Diff(l.names, names(e)); diff != "" {
		t.Errorf("the world is another than what was answered (-answered +world):\n%.2000s", diff)
	}
	l.holdToJournal(t, e, addons)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := New(Options{State: path})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if diff := cmp.Diff(names(e), names(again)); diff != "" {
		t.Errorf("the file holds another world (-world +file):\n%.2000s", diff)
	}
}

// holdToJournal counts the add-ons by what the journal says, if it has everything.
func (l *load) holdToJournal(t testing.TB, e *Emulator, addons int) {
	t.Helper()
	journal := e.Journal()
	want := addons
	for _, x := range journal {
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
	if got := len(e.store.World().Addons); got != want && len(journal) < journalLimit {
		t.Errorf("%d add-ons, and the journal says %d", got, want)
	}
	if answered := len(l.reads) + len(l.writes); len(journal) != min(answered, journalLimit) {
		t.Errorf("%d requests were answered, the journal has %d", answered, len(journal))
	}
}

func TestLoad(t *testing.T) {
	for _, network := range []bool{false, true} {
		t.Run(fmt.Sprintf("network=%v", network), func(t *testing.T) {
			t.Parallel()
			var l load
			l.run(t, network, 1000, 20, func(done int) bool { return done == 40 })
			if got, want := len(l.reads)+len(l.writes), 20*40; got != want {
				t.Errorf("%d requests were answered, want %d", got, want)
			}
		})
	}
}

// names returns the names of all add-ons by id.
func names(e *Emulator) map[string]string {
	m := map[string]string{}
	for _, a := range e.store.World().Addons {
		m[a.ID] = a.Name
	}
	return m
}

func textOf(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
