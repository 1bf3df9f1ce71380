package live

import (
	"strings"
	"sync"
	"testing"
	"time"

	"runner/engine"
)

// A clock stands still unless it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A screen is what a terminal shows of what was written to it: its lines.
type screen struct {
	mu    sync.Mutex
	lines []string
	all   strings.Builder
}

func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Write(text)
	if s.lines == nil {
		s.lines = []string{""}
	}
	for rest := string(text); rest != ""; {
		last := len(s.lines) - 1
		switch {
		case strings.HasPrefix(rest, "\x1b[1A"):
			s.lines, rest = s.lines[:last], rest[4:]
		case strings.HasPrefix(rest, "\x1b[K"), strings.HasPrefix(rest, "\r"):
			s.lines[last] = ""
			rest = strings.TrimPrefix(strings.TrimPrefix(rest, "\r"), "\x1b[K")
		case rest[0] == '\n':
			s.lines, rest = append(s.lines, ""), rest[1:]
		default:
			s.lines[last] += rest[:1]
			rest = rest[1:]
		}
	}
	return len(text), nil
}

func (s *screen) shows(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := strings.Join(s.lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the screen shows\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func newBoard(t *testing.T, draws bool) (*Board, *screen, *clock) {
	t.Helper()
	at, on := &clock{now: time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)}, &screen{}
	mask := func(text string) string { return strings.ReplaceAll(text, "s3cr3t", "********") }
	b := New(Options{Out: on, Draws: draws, Now: at.Now, Mask: mask, Width: func() int { return 40 }})
	// The ticker is stopped: the test says when to show.
	close(b.ended)
	b.ticks.Wait()
	b.ended = make(chan struct{})
	return b, on, at
}

func TestABoardOnATerminal(t *testing.T) {
	b, on, at := newBoard(t, true)
	report := b.Writer(on)
	_, _ = report.Write([]byte("PLAY\n"))
	_, first := b.Begin("Order the database")
	b.Show()
	on.shows(t, "PLAY", "") // it may end at once
	at.pass(time.Second)
	status, second := b.Begin("Migrate s3cr3t\x1b[2J,\nand see that it is well and truly there")
	status("step 1\tof 3")
	b.Begin("Each")
	b.Begin("Each")
	b.Show()
	on.shows(t, "PLAY", "  Order the database  1s", `  Migrate ********\x1b[2J, and see tha…`, "  Each, 2 of them  0s", "4 under way; 1s")
	at.pass(61 * time.Second)
	first()
	b.Tell(engine.TaskEnd{Outcome: engine.Changed})
	_, _ = report.Write([]byte("changed: [localhost]\n"))
	on.shows(t, "PLAY", "changed: [localhost]", "")
	b.Show()
	on.shows(t, "PLAY", "changed: [localhost]", `  Migrate ********\x1b[2J, and see tha…`, "  Each, 2 of them  1m1s", "3 under way, 1 changed; 1m2s")
	goOn := b.Pause()
	on.shows(t, "PLAY", "changed: [localhost]", "")
	b.Show()
	on.shows(t, "PLAY", "changed: [localhost]", "")
	goOn()
	second()
	b.Show()
	b.Tell(engine.TaskEnd{Outcome: engine.Failed})
	b.Tell(engine.TaskEnd{Outcome: engine.Blocked})
	b.Stop()
	on.shows(t, "PLAY", "changed: [localhost]", "1 changed, 1 failed, 1 not started; 1m2s", "")
}

func TestABoardOfMany(t *testing.T) {
	b, on, at := newBoard(t, true)
	for _, name := range strings.Split("abcdefghijk", "") {
		b.Begin(name)
	}
	at.pass(time.Minute)
	b.Show()
	on.shows(t, "  a  1m0s", "  b  1m0s", "  c  1m0s", "  d  1m0s", "  e  1m0s", "  f  1m0s", "  g  1m0s", "  and 4 more  …", "11 under way; 1m0s")
}

func TestABoardWithoutATerminal(t *testing.T) {
	b, on, at := newBoard(t, false)
	_, ended := b.Begin("Order the database")
	at.pass(29 * time.Second)
	b.Show()
	on.shows(t) // nothing yet
	status, _ := b.Begin("Migrate")
	status("step 1 of 3")
	at.pass(2 * time.Second)
	b.Show()
	on.shows(t, "2 under way; 31s: Order the database (31s), Migrate (2s, step 1 of 3)", "")
	ended()
	b.Tell(engine.TaskEnd{Outcome: engine.OK})
	b.Stop()
	on.shows(t, "2 under way; 31s: Order the database (31s), Migrate (2s, step 1 of 3)", "1 ok; 31s", "")
	if strings.Contains(on.all.String(), "\x1b") {
		t.Errorf("there is something for a terminal: %q", on.all.String())
	}
}

// TestABoardThatShowedNothing says nothing at the end, either.
func TestABoardThatShowedNothing(t *testing.T) {
	for _, draws := range []bool{true, false} {
		b, on, _ := newBoard(t, draws)
		_, ended := b.Begin("Order the database")
		ended()
		b.Show()
		b.Stop()
		on.shows(t)
	}
}

// TestManyAtOnce is for the race detector.
func TestManyAtOnce(t *testing.T) {
	on := &screen{}
	b := New(Options{Out: on, Draws: true})
	report := b.Writer(on)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			status, ended := b.Begin("x")
			status("y")
			_, _ = report.Write([]byte("z\n"))
			b.Show()
			b.Tell(engine.TaskEnd{})
			b.Pause()()
			ended()
		})
	}
	group.Wait()
	b.Stop()
	if n := strings.Count(on.all.String(), "z\n"); n != 50 {
		t.Errorf("%d of 50 lines were printed", n)
	}
}
