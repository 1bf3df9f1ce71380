package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"runner/clever"
)

// An outcome is what a client sees of a fault, and what was done nevertheless.
type outcome struct {
	status int    // 0: no answer
	body   string // its beginning
	after  string // Retry-After
	done   bool   // the add-on was ordered
}

var orderFaults = map[FaultKind]outcome{
	Refuse:      {},
	CutBefore:   {},
	CutAfter:    {done: true},
	TooMany:     {status: 429, body: `{"id":90052,`, after: "2"},
	Unavailable: {status: 503, body: `{"id":-500,`, after: "2"},
	Page503:     {status: 503, body: "<html>", after: "2"},
	Page500:     {status: 500, body: "<html>"},
	Truncated:   {status: 200, body: `{"id":"addon_`, done: true},
	Expired:     {status: 401, body: `{"id":90002,"message":"Not authenticated: the token has expired.`},
}

// TestFaults orders an add-on with each fault, over a socket and without one.
func TestFaults(t *testing.T) {
	for kind, want := range orderFaults {
		t.Run(string(kind), func(t *testing.T) {
			e, c := newEmulator(t, Options{})
			server := httptest.NewServer(e)
			defer server.Close()
			over := &client{t: t, http: server.Client(), base: server.URL, auth: c.auth}
			for _, c := range []*client{c, over} {
				before := len(e.Addons(e.User()))
				e.Recover()
				fault := Fault{Method: "POST", Path: "/addons$", To: 1, Kind: kind}
				if want.after != "" {
					fault.Wait = 2 * time.Second
				}
				if err := e.Fail(fault); err != nil {
					t.Fatal(err)
				}
				got := c.try()
				got.done = len(e.Addons(e.User())) > before
				if !strings.HasPrefix(got.body, want.body) {
					t.Errorf("%s: answered %.80q, want %q…", c.base, got.body, want.body)
				}
				if json.Valid([]byte(got.body)) && kind == Truncated {
					t.Errorf("%s: the answer is whole: %s", c.base, got.body)
				}
				got.body = want.body
				if got != want {
					t.Errorf("%s: %+v, want %+v", c.base, got, want)
				}
				c.order("/v2/self", order("afterwards")) // the next one is fine
			}
		})
	}
}

// try orders an add-on and returns what came of it.
func (c *client) try() (o outcome) {
	c.t.Helper()
	text, err := json.Marshal(order("x"))
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := http.NewRequest("POST", c.base+"/v2/self/addons", strings.NewReader(string(text)))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", c.auth)
	res, err := c.http.Do(r)
	if err != nil {
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return o
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
			c.t.Errorf("%v is no error of the network", err)
		}
		return o
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Errorf("reading the answer: %v", err)
	}
	return outcome{status: res.StatusCode, body: string(body), after: res.Header.Get("Retry-After")}
}

// TestFaultsThatTakeTime: who hangs does so until the client gives up, and a slow
// answer is whole at last.
func TestFaultsThatTakeTime(t *testing.T) {
	for _, test := range []struct {
		kind FaultKind
		wait time.Duration
		took time.Duration
		want outcome
	}{
		{Hang, 0, time.Minute, outcome{}},
		{Hang, 20 * time.Second, 20 * time.Second, outcome{}},
		{HangAfter, 0, time.Minute, outcome{done: true}},
		{Slow, 10 * time.Second, 10 * time.Second, outcome{status: 200, done: true}},
		{Slow, 10 * time.Minute, time.Minute, outcome{done: true}},
	} {
		synctest.Test(t, func(t *testing.T) {
			e, c := newEmulator(t, Options{Faults: []Fault{{Method: "POST", Kind: test.kind, Wait: test.wait}}})
			c.http.Timeout = time.Minute
			start := time.Now()
			got := c.try()
			got.done, got.body = len(e.Addons(e.User())) > 0, ""
			if took := time.Since(start); got != test.want || took != test.took {
				t.Errorf("%s: %+v after %v, want %+v after %v", test.kind, got, took, test.want, test.took)
			}
		})
	}
}

// TestEnvLate: half of the variables, until the add-on is old enough.
func TestEnvLate(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	e, c := newEmulator(t, Options{
		Now:    func() time.Time { return now },
		Faults: []Fault{{Path: "/env$", Kind: EnvLate, Wait: 5 * time.Second}},
	})
	a := c.order("/v2/self", order("x"))
	var early, late []clever.EnvVar
	c.ask("GET", "/v2/self/addons/"+a.ID+"/env", nil, &early)
	now = now.Add(5 * time.Second)
	c.ask("GET", "/v2/self/addons/"+a.ID+"/env", nil, &late)
	if len(early) == 0 || len(early) >= len(late) || len(late) != len(a.ConfigKeys) {
		t.Errorf("%d variables, later %d of %d", len(early), len(late), len(a.ConfigKeys))
	}
	if len(e.Addons(e.User())) != 1 {
		t.Error("it is gone")
	}
}

// TestDeletedByHand: what the path names is gone, or what the fault names.
func TestDeletedByHand(t *testing.T) {
	e, c := newEmulator(t, Options{})
	for _, name := range []string{"by-path", "by-name", "stays"} {
		c.order("/v2/self", order(name))
	}
	for _, f := range []Fault{{Path: "/env$", Kind: Deleted}, {Path: "/self$", Kind: Deleted, Addon: "by-name"}} {
		if err := e.Fail(f); err != nil {
			t.Fatal(err)
		}
	}
	if status := c.ask("GET", "/v2/self/addons/"+e.Addons(e.User())[0].ID+"/env", nil, nil); status != 404 {
		t.Errorf("its variables: %d", status)
	}
	if status := c.ask("GET", "/v2/self", nil, nil); status != 200 {
		t.Errorf("something else: %d", status)
	}
	if left := e.Addons(e.User()); len(left) != 1 || left[0].Name != "stays" {
		t.Errorf("left: %+v", left)
	}
}

// TestMigrationFailed: the add-on stays what it was, and its migration says so.
func TestMigrationFailed(t *testing.T) {
	e, c := newEmulator(t, Options{Faults: []Fault{{Method: "POST", Path: "/migrations$", To: 1, Kind: MigrationFailed}}})
	a := c.order("/v2/self", order("x"))
	path := "/v2/organisations/" + e.User() + "/addons/" + a.ID + "/migrations"
	for _, want := range []string{"FAILED", "OK"} {
		var m clever.Migration
		if status := c.ask("POST", path, clever.MigrationRequest{PlanID: devPostgres, Region: "par"}, &m); status != 200 {
			t.Fatalf("asking for it: %d", status)
		}
		c.ask("GET", path+"/"+m.ID, nil, &m)
		moved := e.Addons(e.User())[0].Plan.ID != a.Plan.ID
		if m.Status != want || moved != (want == "OK") {
			t.Errorf("the migration is %s, want %s; moved: %v; %+v", m.Status, want, moved, m.Steps)
		}
	}
}

// TestMigrationLate: until its time has come the add-on is what it was, its
// migration runs, and there is no other.
func TestMigrationLate(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	o := Options{Now: func() time.Time { return now }, State: filepath.Join(t.TempDir(), "state.json"),
		Faults: []Fault{{Method: "POST", Path: "/migrations$", Kind: MigrationLate, Wait: time.Minute}}}
	e, c := newEmulator(t, o)
	a := c.order("/v2/self", order("x"))
	path := "/v2/organisations/" + e.User() + "/addons/" + a.ID
	wanted := clever.MigrationRequest{PlanID: devPostgres, Region: "par"}
	var m clever.Migration
	if status := c.ask("POST", path+"/migrations", wanted, &m); status != 200 {
		t.Fatalf("asking for it: %d", status)
	}
	if err := e.Close(); err != nil { // it goes on though the emulator is started anew
		t.Fatal(err)
	}
	e, c = newEmulator(t, o)
	for _, want := range []string{"RUNNING", "OK"} {
		var seen clever.Addon
		c.ask("GET", path+"/migrations/"+m.ID, nil, &m)
		c.ask("GET", path, nil, &seen)
		if moved := seen.Plan.ID == devPostgres; m.Status != want || moved != (want == "OK") {
			t.Errorf("the migration is %s, want %s; moved: %v; %+v", m.Status, want, moved, m.Steps)
		}
		if want == "RUNNING" {
			if status := c.ask("POST", path+"/migrations", wanted, nil); status != 400 {
				t.Errorf("asking for another one: %d", status)
			}
		}
		now = now.Add(time.Minute)
	}
	if len(e.Addons(e.User())) != 1 {
		t.Error("it is gone")
	}
}

// TestFaultsCount: which of the requests are found.
func TestFaultsCount(t *testing.T) {
	for spec, want := range map[string]string{
		"/self:2=503":             ".X......",
		"/self:2-4=503":           ".XXX....",
		"/self:6+=503":            ".....XXX",
		"/self:*/3=503":           "..X..X..",
		"/self=503":               "XXXXXXXX",
		"POST:/self=503":          "........",
		"/nothing=503":            "........",
		"/self:1=503 /self:1=429": "X.......",
		"/self:1=503 /self:2=429": "XX......",
	} {
		var o Options
		for text := range strings.FieldsSeq(spec) {
			f, err := ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			o.Faults = append(o.Faults, f)
		}
		_, c := newEmulator(t, o)
		got := ""
		for range 8 {
			if c.ask("GET", "/v2/self", nil, nil) == 200 {
				got += "."
			} else {
				got += "X"
			}
		}
		if got != want {
			t.Errorf("%s found %s, want %s", spec, got, want)
		}
	}
}
