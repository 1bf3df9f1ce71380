package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"runner/clever/emulator"
)

const (
	oldAddons = 10_000
	customers = 50
)

// TestKilledEmulator kills an emulator with 10 000 add-ons while fifty read and
// write over sockets, and starts it again with the file that is left: what it has
// answered is there, and nothing else but what was under way. The first file is of
// version 1, and all have so much of the past that a fresh one is drawn at the
// first change, so that one kill or another comes while that is done.
func TestKilledEmulator(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state.json")
	world := seedState(t, state)
	for _, after := range kills() {
		m := &busyEmulator{state: state, enough: after.changes}
		m.open(t, world)
		stop := time.AfterFunc(after.time, m.kill)
		m.wait(t)
		stop.Stop()
		world = m.reopen(t, world)
		t.Logf("killed after %d answers, %d of them to changes: %d add-ons", m.answers.Load(), m.changes.Load(), len(world))
	}
}

// A kill comes after so many answered changes, or after a time.
type kill struct {
	changes int64
	time    time.Duration
}

// seedState writes a state file with many add-ons, and gives their names by id.
func seedState(t *testing.T, path string) map[string]string {
	t.Helper()
	world := map[string]string{}
	var b strings.Builder
	b.WriteString(`{"version":1,"user":{"id":"user_1","name":"x","created":1},"organisations":[],"addons":[`)
	for i := range oldAddons {
		id, name := fmt.Sprintf("addon_%d", i), fmt.Sprintf("old-%d", i)
		world[id] = name
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%q,"realId":"kv_%d","owner":"user_1","name":%q,"provider":"kv","plan":%q,"region":"par","created":1}`,
			id, i, name, kvPlan)
	}
	b.WriteString("]}")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return world
}

const kvPlan = "plan_310a853e-ec9a-42f2-8ea9-877af376bc25"

// A busyEmulator is an emulator's process with its customers.
type busyEmulator struct {
	state     string
	enough    int64 // answered changes, after which it is killed
	process   *exec.Cmd
	stderr    bytes.Buffer
	all       sync.WaitGroup
	customers []*customer
	answers   atomic.Int64
	changes   atomic.Int64
}

// open starts the process and lets the customers in.
func (m *busyEmulator) open(t *testing.T, world map[string]string) {
	t.Helper()
	m.process = newShell(t).process(t, "emulator", "--listen", "127.0.0.1:0", "--state", m.state)
	m.process.Stderr = &m.stderr
	stdout, err := m.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	_, base, ok := strings.Cut(lines.Text(), "export API_HOST=")
	if !ok {
		t.Fatalf("it says %q", lines.Text())
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: customers}}
	t.Cleanup(client.CloseIdleConnections)
	for i := range customers {
		c := &customer{market: m, client: client, base: base + "/v2/self/addons", number: i, kept: map[string]string{}}
		for n := i; n < oldAddons; n += customers {
			if id := fmt.Sprintf("addon_%d", n); world[id] != "" {
				c.kept[id], c.own = world[id], append(c.own, id)
			}
		}
		m.customers = append(m.customers, c)
		m.all.Go(func() { c.shop(t) })
	}
}

func (m *busyEmulator) kill() { _ = m.process.Process.Kill() }

// wait returns when the process has been killed and all customers have noticed.
func (m *busyEmulator) wait(t *testing.T) {
	t.Helper()
	m.all.Wait()
	_ = m.process.Wait() // killed
	if text := m.stderr.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic") {
		t.Errorf("the emulator says\n%s", text)
	}
}

// reopen reads what is left, holds it to what was answered, and gives it.
func (m *busyEmulator) reopen(t *testing.T, before map[string]string) map[string]string {
	t.Helper()
	e, err := emulator.New(emulator.Options{State: m.state, LockWait: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	left := map[string]string{}
	for _, a := range e.Addons(e.User()) {
		left[a.ID] = a.Name
	}
	known := map[string]bool{}
	for _, c := range m.customers {
		for id, name := range c.kept {
			known[id] = true
			if left[id] != name && (id != c.pending.id || left[id] != c.pending.name) {
				t.Errorf("%s was answered to be %q, and is %q", id, name, left[id])
			}
		}
		for _, id := range c.removed {
			if left[id] != "" {
				t.Errorf("%s was answered to be removed, and is there", id)
			}
		}
	}
	for id, name := range left {
		ordered := func(c *customer) bool { return c.pending.id == "" && c.pending.name == name }
		if !known[id] && before[id] == "" && !slices.ContainsFunc(m.customers, ordered) {
			t.Errorf("nobody ordered %s, %q", id, name)
		}
	}
	return left
}

// A customer reads, orders, renames and removes, until the process is gone.
type customer struct {
	market  *busyEmulator
	client  *http.Client
	base    string
	number  int
	own     []string          // ids of the add-ons that it has
	kept    map[string]string // their names, as they were answered
	removed []string          // ids of those whose removal was answered
	pending struct {          // the change that was under way at the end
		id   string // "" for an order
		name string // what it was to be; "" for a removal
	}
}

func (c *customer) shop(t *testing.T) {
	chance := rand.New(rand.NewPCG(uint64(c.market.enough), uint64(c.number)))
	for n := 0; ; n++ {
		i := chance.IntN(len(c.own))
		id, name := c.own[i], fmt.Sprintf("c%d-%d-%d", c.number, c.market.enough, n)
		var err error
		switch k := chance.IntN(100); {
		case k < 60:
			_, err = c.ask(t, http.MethodGet, "/"+id, "")
		case k < 80:
			_, err = c.ask(t, http.MethodGet, "/"+id+"/env", "")
		case k < 88:
			err = c.change(t, http.MethodPost, "", name)
		case k < 95:
			err = c.change(t, http.MethodPut, id, name)
		default:
			if err = c.change(t, http.MethodDelete, id, ""); err == nil {
				c.own = slices.Delete(c.own, i, i+1)
			}
		}
		if err != nil { // killed
			return
		}
	}
}

// change asks for a change, and notes what was answered.
func (c *customer) change(t *testing.T, method, id, name string) error {
	c.pending.id, c.pending.name = id, name
	body := ""
	if name != "" {
		body = fmt.Sprintf(`{"name":%q,"providerId":"kv","plan":%q,"region":"par"}`, name, kvPlan)
	}
	made, err := c.ask(t, method, strings.TrimSuffix("/"+id, "/"), body)
	if err != nil {
		return err
	}
	switch method {
	case http.MethodPost:
		c.own, c.kept[made.ID] = append(c.own, made.ID), name
	case http.MethodPut:
		c.kept[id] = name
	default:
		c.removed = append(c.removed, id)
		delete(c.kept, id)
	}
	c.pending.id, c.pending.name = "", ""
	if c.market.changes.Add(1) == c.market.enough {
		c.market.kill()
	}
	return nil
}

// ask sends one request; the error is of a connection that broke.
func (c *customer) ask(t *testing.T, method, path, body string) (made struct{ ID, Name string }, err error) {
	r, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		return made, err
	}
	r.Header.Set("Authorization", "Bearer anything")
	res, err := c.client.Do(r)
	if err != nil {
		return made, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return made, err
	}
	c.market.answers.Add(1)
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s %s: %d %s", method, path, res.StatusCode, text)
	}
	if method == http.MethodPost {
		err = json.Unmarshal(text, &made)
	}
	return made, err
}
