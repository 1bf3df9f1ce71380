// Package live shows what is under way while it is: on a terminal a line for each thing,
// with what it is called and how long it takes, below whatever else is printed; elsewhere a
// line every half a minute. At the end a line counts. It knows events, and no command.
package live

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/report"
)

// How often and how much is shown.
const (
	refresh   = 200 * time.Millisecond
	shortest  = 300 * time.Millisecond // what ends sooner is not drawn
	reminder  = 30 * time.Second       // where nothing can be drawn
	mostLines = 8
)

// Options say where a board is shown.
type Options struct {
	Out   io.Writer                // standard error
	Draws bool                     // it is a terminal, on which lines can be drawn anew
	Color bool                     // lines may have colours
	Width func() int               // of the terminal, in columns; nil: 80
	Mask  func(text string) string // takes secrets out; nil: there are none
	Now   func() time.Time         // nil: time.Now
}

// A Board shows what is under way. It is safe for concurrent use.
type Board struct {
	opt Options

	mu     sync.Mutex
	began  time.Time
	things []*thing
	drawn  int  // lines that are on the terminal
	paused int  // how many talk with the user
	shown  bool // there was something to be seen
	counts engine.Stats
	ended  chan struct{}
	ticks  sync.WaitGroup
}

// A thing is what is under way under one name.
type thing struct {
	name, status string
	began        time.Time
}

// New returns a board that shows nothing yet. Stop ends it.
func New(opt Options) *Board {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Mask == nil {
		opt.Mask = func(text string) string { return text }
	}
	if opt.Width == nil {
		opt.Width = func() int { return 80 }
	}
	b := &Board{opt: opt, ended: make(chan struct{})}
	b.began = opt.Now()
	b.ticks.Go(b.tick)
	return b
}

// tick shows what is under way from time to time.
func (b *Board) tick() {
	every := reminder
	if b.opt.Draws {
		every = refresh
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			b.Show()
		case <-b.ended:
			return
		}
	}
}

// Begin notes that something is under way. Status says where it stands; ended that it is over.
func (b *Board) Begin(name string) (status func(text string), ended func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &thing{name: b.clean(name), began: b.opt.Now()}
	b.things = append(b.things, t)
	status = func(text string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		t.status = b.clean(text)
	}
	return status, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.things = slices.DeleteFunc(b.things, func(other *thing) bool { return other == t })
	}
}

// clean makes text fit for a line: without secrets, and without what a terminal obeys.
func (b *Board) clean(text string) string {
	return diagnostic.Escaped(strings.Join(strings.Fields(b.opt.Mask(text)), " "), "")
}

// Tell counts how tasks end.
func (b *Board) Tell(e engine.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case engine.TaskEnd:
		if !e.Silent {
			b.counts.Count(e.Outcome)
		}
	case engine.PlayFailed:
		b.counts.Count(engine.Failed)
	}
}

// Writer returns a stream that is written to above the lines.
func (b *Board) Writer(w io.Writer) io.Writer { return &above{b, w} }

type above struct {
	board *Board
	w     io.Writer
}

// Unwrap returns the stream behind it.
func (a *above) Unwrap() io.Writer { return a.w }

func (a *above) Write(text []byte) (int, error) {
	a.board.mu.Lock()
	defer a.board.mu.Unlock()
	a.board.erase()
	return a.w.Write(text)
}

// Pause takes the lines off the terminal while somebody talks with the user, until the
// function that it returns is called.
func (b *Board) Pause() (goOn func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paused++
	b.erase()
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.paused--
	}
}

// Stop takes the lines off the terminal, and counts in a last line, if anything was shown.
func (b *Board) Stop() {
	close(b.ended)
	b.ticks.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erase()
	if b.shown && b.counts != (engine.Stats{}) {
		fmt.Fprintln(b.opt.Out, b.paint(b.summary("")))
	}
}

// Show shows what is under way now.
func (b *Board) Show() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paused > 0 {
		return
	}
	least := reminder
	if b.opt.Draws {
		least = shortest
	}
	old := slices.ContainsFunc(b.things, func(t *thing) bool { return b.opt.Now().Sub(t.began) >= least })
	switch {
	case !b.opt.Draws && old:
		b.shown = true
		fmt.Fprintf(b.opt.Out, "%s: %s\n", b.summary("under way"), strings.Join(b.lines("%s (%s)"), ", "))
	case b.opt.Draws && (old || b.drawn > 0):
		b.draw()
	}
}

// Draw shows what is under way on a terminal at once, however short it has been.
func (b *Board) Draw() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opt.Draws && b.paused == 0 {
		b.draw()
	}
}

// draw draws the lines anew.
func (b *Board) draw() {
	b.erase()
	lines := b.lines("  %s  %s")
	if len(b.things) != 1 || b.counts != (engine.Stats{}) {
		lines = append(lines, b.summary("under way"))
	}
	width := max(b.opt.Width(), 20)
	var text strings.Builder
	for i, line := range lines {
		if i > 0 {
			text.WriteString("\n")
		}
		text.WriteString(b.paint(report.Cut(line, width-1)))
	}
	_, _ = io.WriteString(b.opt.Out, text.String())
	b.drawn, b.shown = len(lines), true
}

// erase takes the lines off the terminal.
func (b *Board) erase() {
	if b.drawn == 0 {
		return
	}
	_, _ = io.WriteString(b.opt.Out, "\r\x1b[K"+strings.Repeat("\x1b[1A\x1b[K", b.drawn-1))
	b.drawn = 0
}

func (b *Board) paint(line string) string {
	if !b.opt.Color {
		return line
	}
	return "\x1b[2m" + line + "\x1b[0m"
}

// lines returns a line for each name, the oldest first.
func (b *Board) lines(form string) []string {
	var names []string
	first, count := map[string]*thing{}, map[string]int{}
	for _, t := range b.things {
		if count[t.name]++; count[t.name] == 1 {
			first[t.name] = t
			names = append(names, t.name)
		}
	}
	var all []string
	for i, name := range names {
		if i == mostLines-1 && len(names) > mostLines {
			return append(all, fmt.Sprintf(form, fmt.Sprintf("and %d more", len(names)-i), "…"))
		}
		t := first[name]
		if n := count[name]; n > 1 {
			name = fmt.Sprintf("%s, %d of them", name, n)
		}
		took := elapsed(b.opt.Now().Sub(t.began))
		if t.status != "" {
			took += ", " + t.status
		}
		all = append(all, fmt.Sprintf(form, name, took))
	}
	return all
}

// summary counts: what is under way, where that is named, and what ended how.
func (b *Board) summary(underWay string) string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	if underWay != "" {
		add(len(b.things), underWay)
	}
	s := b.counts
	add(s.OK-s.Changed, "ok")
	add(s.Changed, "changed")
	add(s.Failed+s.Rescued, "failed")
	add(s.Skipped, "skipped")
	add(s.Blocked, "not started")
	add(s.Unknown, "unknown")
	return cmp.Or(strings.Join(parts, ", "), "nothing done") + "; " + elapsed(b.opt.Now().Sub(b.began))
}

// elapsed returns a duration as one reads it while it grows.
func elapsed(d time.Duration) string { return d.Truncate(time.Second).String() }
