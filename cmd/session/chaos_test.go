package session_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"runner/cmd/session"
	"runner/cmd/ui"
)

// The tests of this file are the promises of docs/orders.md, against a platform that
// keeps none. `go test -tags chaos` plays many more of them.

const chaosBook = `
- hosts: localhost
  prune: {scope: shop}
  tasks:
    - addon_register: {name: main, provider: postgresql-addon, details: {plan: dev}}
    - addon_register: {name: cache, provider: redis-addon, details: {plan: dev}}
`

const emptyBook = `
- hosts: localhost
  prune: {scope: shop}
  tasks: []
`

// declaredWorld is what chaosBook declares.
func declaredWorld() []string {
	return []string{"cache of redis-addon [runner-scope:shop]", "main of postgresql-addon [runner-scope:shop]"}
}

// A chaosRun is a process that plays.
type chaosRun struct {
	code int
	out  string
}

// A machine has a home, in which its processes leave what later ones need.
type machine struct {
	t        *testing.T
	home     string
	platform *chaosPlatform
	over     chan struct{} // is closed when the test is over
}

func newMachine(t *testing.T, p *chaosPlatform, over chan struct{}) *machine {
	home, err := os.MkdirTemp(memory(), "runner-chaos-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	return &machine{t: t, home: home, platform: p, over: over}
}

// memory returns a folder that is in memory, "" where there is none: what is written
// to the disk for sure takes its time, and here the machine never goes down.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// play plays a playbook in a process of its own, through a client that may kill it.
func (m *machine) play(book string, client *chaosClient, more ...func(*specOf)) chaosRun {
	client.dead = m.over
	code, out := m.through(book, client, more...)
	return chaosRun{code, out}
}

type specOf = session.Spec

// through plays a playbook in a process of its own that has a way to the platform.
func (m *machine) through(book string, way http.RoundTripper, more ...func(*specOf)) (code int, printed string) {
	file := filepath.Join(m.home, "site.yml")
	if err := os.WriteFile(file, []byte(book), 0o600); err != nil {
		m.t.Error(err)
	}
	env := map[string]string{"HOME": m.home, "CLEVER_TOKEN": "emulator-token", "CLEVER_SECRET": "emulator-token-secret", "API_HOST": "http://chaos.invalid"}
	var out bytes.Buffer
	var mu sync.Mutex
	w := &lockedWriter{mu: &mu, w: &out}
	streams := &ui.Streams{In: strings.NewReader(""), Out: w, Err: w, Getenv: func(name string) string { return env[name] }}
	spec := session.Default()
	spec.Files, spec.Allow = []string{file}, []string{"delete"}
	for _, change := range more {
		change(&spec)
	}
	err := session.Play(context.Background(), session.World{Streams: streams, Transport: way}, spec)
	mu.Lock()
	defer mu.Unlock()
	return session.ExitCode(err), fmt.Sprintf("exit %d (%v)\n%s", session.ExitCode(err), err, out.String())
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(text)
}

func (m *machine) client() *chaosClient { return &chaosClient{platform: m.platform} }

// killed plays in a process that a client kills, and returns what the machine is then;
// nil if the process ended before.
func (m *machine) killed(client *chaosClient) *machine {
	struck, ended := make(chan *machine, 1), make(chan struct{})
	client.onKill = func() { struck <- m.after() }
	go func() {
		m.play(chaosBook, client)
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case next := <-struck:
		return next
	}
}

// after is the same machine after its process was killed: what was on its disk then.
func (m *machine) after() *machine {
	next := newMachine(m.t, m.platform, m.over)
	if err := os.CopyFS(next.home, os.DirFS(m.home)); err != nil {
		m.t.Error(err)
	}
	return next
}

// converged plays once more when lists are no longer behind: there is nothing to do;
// and then plays a playbook that declares nothing: nothing is left over.
func (m *machine) converged(what string) {
	m.t.Helper()
	if twice := m.platform.doubled(); len(twice) > 0 {
		m.t.Errorf("%s\n%v are there twice: %v", what, twice, m.platform.world())
		return
	}
	time.Sleep(2 * time.Minute)
	run := m.play(chaosBook, m.client())
	if got := m.platform.world(); run.code != 0 || !strings.Contains(run.out, "changed=0 ") || !slices.Equal(got, declaredWorld()) {
		m.t.Errorf("%s\nafterwards there is %v\n%s", what, got, run.out)
	}
	run = m.play(emptyBook, m.client())
	if got := m.platform.world(); run.code != 0 || len(got) > 0 {
		m.t.Errorf("%s\nwhat is left over is not pruned: %v\n%s", what, got, run.out)
	}
}

// faults are what may happen to an order.
var faults = map[string]postFault{
	"nothing":   {},
	"done 503":  {status: 503},
	"done 429":  {status: 429},
	"done 500":  {status: 500},
	"done 504":  {status: 504},
	"lost 503":  {status: 503, lost: true},
	"lost 429":  {status: 429, lost: true},
	"lost 500":  {status: 500, lost: true},
	"cut":       {cut: true},
	"cut, lost": {cut: true, lost: true},
	"half":      {half: true},
	"38 s":      {slow: 38 * time.Second},
	"cut, 38 s": {slow: 38 * time.Second, cut: true},
}

// lags are how far lists are behind.
func lags() []time.Duration {
	if chaosRounds == 1 {
		return []time.Duration{0, 700 * time.Millisecond, 5 * time.Second}
	}
	return []time.Duration{0, 100 * time.Millisecond, 700 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second}
}

// chaos runs a test for each lag and seed, in a bubble whose clock is its own.
func chaos(t *testing.T, test func(t *testing.T, p *chaosPlatform, over chan struct{})) {
	for _, lag := range lags() {
		for seed := range uint64(chaosRounds) {
			t.Run(fmt.Sprintf("%v/%d", lag, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					over := make(chan struct{})
					test(t, newChaosPlatform(seed, lag), over)
					close(over)
					time.Sleep(24 * time.Hour) // until what was killed has ended here too
				})
			})
		}
	}
}

// TestOneMachineOrdersOnce: whatever happens to one of the orders, a play and another
// one at once make what is declared, once.
func TestOneMachineOrdersOnce(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		fault := faults[name]
		t.Run(name, func(t *testing.T) {
			chaos(t, func(t *testing.T, p *chaosPlatform, over chan struct{}) {
				faulty := 1 + p.rand.IntN(2)
				p.onPost = func(n int) postFault {
					if n == faulty {
						return fault
					}
					return postFault{}
				}
				m := newMachine(t, p, over)
				first := m.play(chaosBook, m.client())
				second := m.play(chaosBook, m.client())
				if first.code != 0 || second.code != 0 || !strings.Contains(second.out, "changed=0 ") {
					t.Errorf("the first run: %s\nthe second, at once: %s", first.out, second.out)
				}
				m.converged(first.out + second.out)
			})
		})
	}
}

// TestKilledAndPlayedAtOnce: a run is killed at each of its requests, before and after
// that is carried out, and played again in the same moment; an order may be slow, or
// answered badly.
func TestKilledAndPlayedAtOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nothing", "done 503", "38 s", "cut"} {
		t.Run(name, func(t *testing.T) {
			chaos(t, func(t *testing.T, _ *chaosPlatform, over chan struct{}) {
				for _, carried := range []bool{false, true} {
					for at := 1; ; at++ {
						if !killedAt(t, over, name, at, carried) {
							break
						}
					}
				}
			})
		})
	}
}

// killedAt reports whether the run came to that request.
func killedAt(t *testing.T, over chan struct{}, fault string, at int, carried bool) bool {
	lag, seed := lagOf(t)
	p := newChaosPlatform(seed+uint64(at), lag)
	p.onPost = func(n int) postFault {
		if n == 1 {
			return faults[fault]
		}
		return postFault{}
	}
	m := newMachine(t, p, over).killed(&chaosClient{platform: p, killAt: at, carried: carried})
	if m == nil {
		return false
	}
	run := m.play(chaosBook, m.client())
	what := fmt.Sprintf("killed at request %d (carried out: %v), then %s", at, carried, run.out)
	if run.code != 0 {
		t.Errorf("%s", what)
	}
	m.converged(what)
	return true
}

// TestNothingIsPaidForForEver: a run is killed at each of its requests, and the next
// playbook no longer declares what it ordered: prune removes it, tagged or not.
func TestNothingIsPaidForForEver(t *testing.T) {
	t.Parallel()
	chaos(t, func(t *testing.T, _ *chaosPlatform, over chan struct{}) {
		for _, carried := range []bool{false, true} {
			for at, killed := 1, true; killed; at++ {
				killed = prunedAfter(t, over, at, carried)
			}
		}
	})
}

// prunedAfter reports whether the run came to that request.
func prunedAfter(t *testing.T, over chan struct{}, at int, carried bool) bool {
	lag, seed := lagOf(t)
	p := newChaosPlatform(seed+uint64(at), lag)
	first := newMachine(t, p, over)
	m := first.killed(&chaosClient{platform: p, killAt: at, carried: carried})
	if m == nil {
		return false
	}
	time.Sleep(lag) // what is tagged is found in the summary, which is behind too
	run := m.play(emptyBook, m.client())
	if left := p.world(); run.code != 0 || len(left) > 0 {
		t.Errorf("killed at request %d (carried out: %v): %v is left by the next run\n%s", at, carried, left, run.out)
	}
	return true
}

// lagOf reads lag and seed from the name of a test of chaos.
func lagOf(t *testing.T) (lag time.Duration, seed uint64) {
	parts := strings.Split(t.Name(), "/")
	lag, err := time.ParseDuration(parts[len(parts)-2])
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Sscan(parts[len(parts)-1], &seed)
	return lag, seed
}

// TestWaitingForTheLock: two runs of one machine, of which one waits for the other.
func TestWaitingForTheLock(t *testing.T) {
	t.Parallel()
	chaos(t, func(t *testing.T, p *chaosPlatform, over chan struct{}) {
		m := newMachine(t, p, over)
		runs := side(2, func(int) chaosRun {
			return m.play(chaosBook, m.client(), func(s *specOf) { s.LockTimeout = 10 * time.Minute })
		})
		if runs[0].code != 0 || runs[1].code != 0 {
			t.Errorf("%s\n%s", runs[0].out, runs[1].out)
		}
		m.converged(runs[0].out + runs[1].out)
	})
}

// side does something several times side by side.
func side(n int, do func(i int) chaosRun) []chaosRun {
	runs := make([]chaosRun, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { runs[i] = do(i) })
	}
	wg.Wait()
	return runs
}

// TestTwoMachinesReportWhatIsThereTwice: two machines order the same, up to as long
// apart as lists are behind, and orders are answered badly. What is there twice, both
// report by their exit codes. Where lists are hardly behind, or an order takes long, a run
// may have ended before the other one's order shows; then that one reports it.
func TestTwoMachinesReportWhatIsThereTwice(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		t.Run(name, func(t *testing.T) {
			chaos(t, func(t *testing.T, p *chaosPlatform, over chan struct{}) {
				faulty := 1 + p.rand.IntN(4)
				p.onPost = func(n int) postFault {
					if n == faulty {
						return faults[name]
					}
					return postFault{}
				}
				apart := []time.Duration{0, p.some(p.lag)}
				one, two := newMachine(t, p, over), newMachine(t, p, over)
				runs := side(2, func(i int) chaosRun {
					time.Sleep(apart[i])
					m := []*machine{one, two}[i]
					return m.play(chaosBook, m.client())
				})
				reported := 0
				for _, run := range runs {
					if run.code != 0 {
						reported++
					}
				}
				want := 2
				if p.lag < 500*time.Millisecond || faults[name].slow > 0 {
					want = 1 // the other one may order after this run has ended
				}
				if twice := p.doubled(); len(twice) > 0 && reported < want {
					t.Errorf("%v are there twice, and %d of two runs report it; the second began %v later\n%s\n%s", twice, reported, apart[1], runs[0].out, runs[1].out)
				}
			})
		})
	}
}

// TestAnOrderThatIsCarriedOutTwice: a platform that makes two add-ons of one order is
// reported.
func TestAnOrderThatIsCarriedOutTwice(t *testing.T) {
	t.Parallel()
	chaos(t, func(t *testing.T, p *chaosPlatform, over chan struct{}) {
		p.onPost = func(n int) postFault { return postFault{twice: n == 1} }
		m := newMachine(t, p, over)
		if run := m.play(chaosBook, m.client()); run.code != 2 || !strings.Contains(run.out, "was ordered twice") {
			t.Errorf("%s", run.out)
		}
	})
}

// TestLyingLists: a list that is empty, null or damaged once does not make a run order
// what this machine has ordered.
func TestLyingLists(t *testing.T) {
	t.Parallel()
	for _, lie := range []string{"[]", "null", `[{}]`, `{}`, `[{"id":"addon_1","name":"main","provider":{"id":"x"}},{"id":"addon_1","name":"main","provider":{"id":"x"}}]`} {
		t.Run(lie, func(t *testing.T) {
			chaos(t, func(t *testing.T, p *chaosPlatform, over chan struct{}) {
				m := newMachine(t, p, over)
				first := m.play(chaosBook, m.client())
				time.Sleep(time.Hour)
				lies := 0
				p.onRead = func(path string) string {
					if path != "/v2/self/addons" || lies > 0 {
						return ""
					}
					lies++
					return lie
				}
				second := m.play(chaosBook, m.client())
				if first.code != 0 || second.code != 0 || lies == 0 {
					t.Errorf("%s\n%s", first.out, second.out)
				}
				m.converged(first.out + second.out)
			})
		})
	}
}
