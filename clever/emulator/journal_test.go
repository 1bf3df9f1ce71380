package emulator

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestJournal(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	e, c := newEmulator(t, Options{Now: func() time.Time { return noon }})
	c.ask("GET", "/v2/self/addons/a%2Fb?b=2&a=1&oauth_signature=hidden&cli_token=hidden", nil, nil)
	c.auth = ""
	c.ask("POST", "/v2/self/addons?%zz=hidden", "{}", nil)
	want := []Exchange{
		{Time: noon, Method: "GET", Path: "/v2/self/addons/a%2Fb", Query: "a=1&b=2&cli_token=%2A%2A%2A&oauth_signature=%2A%2A%2A", Status: 404, User: e.User()},
		{Time: noon, Method: "POST", Path: "/v2/self/addons", Status: 401},
	}
	if diff := cmp.Diff(want, e.Journal()); diff != "" {
		t.Error(diff)
	}
	e.ResetJournal()
	if left := e.Journal(); len(left) != 0 || e.Peak() != 0 {
		t.Errorf("left %v, peak %d", left, e.Peak())
	}
}

func TestJournalIsBounded(t *testing.T) {
	var j journal
	for i := range journalLimit + 10 {
		j.begin()
		j.end(Exchange{Status: i})
	}
	all := j.all()
	if len(all) != journalLimit || all[0].Status != 10 || all[len(all)-1].Status != journalLimit+9 {
		t.Errorf("%d from %d to %d", len(all), all[0].Status, all[len(all)-1].Status)
	}
}

func TestLatencyAndPeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, c := newEmulator(t, Options{Latency: time.Second})
		started := time.Now()
		var all sync.WaitGroup
		for range 7 {
			all.Go(func() { c.must("GET", "/v2/self", nil, nil) })
		}
		all.Wait()
		if took := time.Since(started); took != time.Second || e.Peak() != 7 {
			t.Errorf("took %v, peak %d", took, e.Peak())
		}
		for _, x := range e.Journal() {
			if x.Took != time.Second {
				t.Errorf("%+v", x)
			}
		}
	})
}

func TestClientLeavesDuringLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := newEmulator(t, Options{Latency: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		body := strings.NewReader(`{"name":"x","providerId":"postgresql-addon","plan":"` + smallPostgres + `","region":"par"}`)
		r, err := http.NewRequestWithContext(ctx, "POST", "http://x.test/v2/self/addons", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer x")
		started := time.Now()
		res, err := e.Transport().RoundTrip(r)
		if err == nil {
			_ = res.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != time.Second {
			t.Errorf("%v after %v", err, time.Since(started))
		}
		if made := e.Addons(e.User()); len(made) != 0 {
			t.Errorf("ordered all the same: %v", made)
		}
	})
}

func TestJournalSince(t *testing.T) {
	var j journal
	at := Mark{Epoch: -1}
	if list, next := j.since(at); len(list) != 0 || next != (Mark{}) {
		t.Errorf("empty: %v %v", list, next)
	}
	for i := range linesAtOnce + 5 {
		j.begin()
		j.end(Exchange{Status: i})
	}
	list, at := j.since(Mark{})
	if len(list) != linesAtOnce || list[0].Status != 5 || list[len(list)-1].Status != linesAtOnce+4 {
		t.Errorf("many: %d from %d", len(list), list[0].Status)
	}
	j.begin()
	j.end(Exchange{Status: 7})
	if list, _ := j.since(at); len(list) != 1 || list[0].Status != 7 {
		t.Errorf("one more: %v", list)
	}
	j.reset()
	if list, next := j.since(at); len(list) != 0 || next.Epoch != 1 {
		t.Errorf("reset: %v %v", list, next)
	}
}
