//go:build linux

package fleet_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"runner/fleet/control"
)

// long reports whether tests are to do all that is promised, which takes minutes.
func long() bool { return os.Getenv("RUNNER_FLEET_LONG") != "" }

// A takeover has workers that play one play each, for an owner of its own, and one that
// takes over from them.
type takeover struct {
	*stage
	fleet   *control.Fleet
	workers map[string]*machine
	player  []string // who plays for each owner
}

// await waits until each play is under way, and starts the worker that takes over.
func (o *takeover) await(n int) {
	o.t.Helper()
	o.fleet = o.stage.fleet()
	o.several(o.fleet, n, 240)
	for i := range n {
		o.player = append(o.player, o.platform.writesOf(organisation(i), "")[0].who)
	}
	o.worker("rescue", n)
	time.Sleep(time.Second) // it is to poll when it is needed
}

// afterwards waits until a play is played by the one that takes over, and returns when
// it asked the platform first.
func (o *takeover) afterwards(i int) (first time.Time) {
	o.t.Helper()
	o.eventually(time.Minute, fmt.Sprintf("play %d is taken over", i), func() bool {
		by := o.platform.all(func(r request) bool { return r.owner == organisation(i) && r.who == "rescue" })
		if len(by) > 0 {
			first = by[0].began
		}
		return len(by) > 0
	})
	return first
}

// last returns when the first worker of a play wrote last.
func (o *takeover) last(i int) time.Time {
	writes := o.platform.writesOf(organisation(i), o.player[i])
	return writes[len(writes)-1].began
}

// A wire is a network between a worker and this machine, that can be cut.
type wire struct {
	t       *testing.T
	host    string // the interface at this end
	address string // of this end
}

func ip(t *testing.T, args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// newWire makes a wire into a namespace of networks.
func newWire(t *testing.T, namespace, name string, a, b int) (*wire, error) {
	w := &wire{t: t, host: name + "h", address: fmt.Sprintf("10.213.%d.%d", a, 4*b+1)}
	t.Cleanup(func() { _ = ip(t, "link", "del", w.host) })
	for _, args := range [][]string{
		{"link", "add", w.host, "type", "veth", "peer", "name", name + "n", "netns", namespace},
		{"addr", "add", w.address + "/30", "dev", w.host},
		{"link", "set", w.host, "up"},
		{"-n", namespace, "addr", "add", fmt.Sprintf("10.213.%d.%d/30", a, 4*b+2), "dev", name + "n"},
		{"-n", namespace, "link", "set", name + "n", "up"},
	} {
		if err := ip(t, args...); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *wire) cut()  { w.set("down") }
func (w *wire) mend() { w.set("up") }

func (w *wire) set(state string) {
	w.t.Helper()
	if err := ip(w.t, "link", "set", w.host, state); err != nil {
		w.t.Error(err)
	}
}

// relay passes connections on to an address.
func relay(t *testing.T, listen, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				server, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer server.Close()
				go func() { _, _ = io.Copy(server, from); _ = server.Close() }()
				_, _ = io.Copy(from, server)
			}()
		}
	}()
	return l.Addr().String()
}

// partitioned starts workers in networks of their own, and returns the wires between
// them and the server.
func (o *takeover) partitioned(program string, n int) (wires map[string]*wire) {
	o.t.Helper()
	wires, o.workers = map[string]*wire{}, map[string]*machine{}
	for i := range n {
		name := fmt.Sprintf("worker-%d", i)
		short := fmt.Sprintf("rf%d%c", os.Getpid()%10000, 'a'+i)
		if err := ip(o.t, "netns", "add", short); err != nil {
			o.t.Skipf("there are no networks to be had: %v", err)
		}
		o.t.Cleanup(func() { _ = ip(o.t, "netns", "del", short) })
		toServer, err := newWire(o.t, short, short+"s", 1, i)
		if err != nil {
			o.t.Skip(err)
		}
		toPlatform, err := newWire(o.t, short, short+"p", 2, i)
		if err != nil {
			o.t.Skip(err)
		}
		m := o.newMachine(name, relay(o.t, toServer.address+":0", o.server.address), o.platform.gateway(name, toPlatform.address+":0"))
		o.launch(m, program, 1, "ip", "netns", "exec", short)
		wires[name], o.workers[name] = toServer, m
	}
	return wires
}

// TestAWorkerThatIsCutOffStopsWriting before another begins, though it still reaches the
// platform; also when it is connected again. Without leases that does not hold: the test
// finds it.
func TestAWorkerThatIsCutOffStopsWriting(t *testing.T) {
	for _, c := range []struct {
		tags     string
		n        int
		overlaps bool
	}{{"", 6, false}, {"nolease", 2, true}} {
		t.Run("tags "+c.tags, func(t *testing.T) {
			if long() && !c.overlaps {
				c.n = 20
			}
			o := &takeover{stage: newStage(t)}
			wires := o.partitioned(program(t, c.tags), c.n)
			o.await(c.n)
			cut := make([]time.Time, c.n)
			for i, who := range o.player {
				time.Sleep(rand.N(300 * time.Millisecond))
				cut[i] = time.Now()
				wires[who].cut()
			}
			first := make([]time.Time, c.n)
			for i := range c.n {
				first[i] = o.afterwards(i)
			}
			for _, who := range o.player {
				wires[who].mend()
			}
			time.Sleep(3 * time.Second)
			overlapping := 0
			for i := range c.n {
				last := o.last(i)
				t.Logf("play %d: last write of the first worker after %v, first request of the next after %v", i,
					last.Sub(cut[i]).Round(time.Millisecond), first[i].Sub(cut[i]).Round(time.Millisecond))
				if !last.Before(first[i]) {
					overlapping++
				}
				if took := first[i].Sub(cut[i]); took > bound(15*time.Second) {
					t.Errorf("play %d was taken over after %v", i, took)
				}
			}
			if c.overlaps && overlapping < c.n || !c.overlaps && overlapping > 0 {
				t.Errorf("%d of %d plays wrote after another had begun", overlapping, c.n)
			}
		})
	}
}

// TestAStoppedWorkerWritesNothingLater: a process that is stopped for longer than its
// lease, at whatever moment, writes nothing when it goes on.
func TestAStoppedWorkerWritesNothingLater(t *testing.T) {
	rounds, n := 1, 8
	if long() {
		rounds = 7
	}
	for range rounds {
		o := &takeover{stage: newStage(t), workers: map[string]*machine{}}
		for i := range n {
			name := fmt.Sprintf("worker-%d", i)
			o.workers[name] = o.worker(name, 1)
		}
		o.await(n)
		stopped := make([]time.Time, n)
		for i, who := range o.player {
			time.Sleep(rand.N(200 * time.Millisecond))
			o.signal(o.workers[who], syscall.SIGSTOP)
			stopped[i] = time.Now()
		}
		for i := range n {
			first := o.afterwards(i)
			t.Logf("play %d was taken over after %v", i, first.Sub(stopped[i]).Round(time.Millisecond))
		}
		for _, who := range o.player { // not sooner, as they would take over from each other
			o.signal(o.workers[who], syscall.SIGCONT)
		}
		time.Sleep(3 * time.Second)
		for i := range n {
			if last := o.last(i); last.Sub(stopped[i]) > time.Second {
				t.Errorf("play %d: the stopped worker wrote after %v", i, last.Sub(stopped[i]))
			}
		}
	}
}
