package engine

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
)

// window bounds how many steps may be on their way beyond the first one that has
// not been told, so that memory does not grow with the playbook.
const window = 256

// A playRun runs the steps of one play, each in a goroutine of its own that
// waits for what must be before it (design §4).
type playRun struct {
	*run
	steps   []*stepRun
	touched touchIndex
	// failed is the index of the first step that failed; what stands before it
	// goes on, as it would have been done one by one.
	failed atomic.Int64
}

// A stepRun is one step on its way.
type stepRun struct {
	*linkedStep
	before   *stepRun      // the one above it, nil for the first
	guard    *stepRun      // the last guard above it, nil if there is none
	toucher  *stepRun      // the last step above it whose kind touches anything
	needed   []*stepRun    // in this play
	started  chan struct{} // closed when it is about to be shown
	done     chan struct{} // closed when end is set
	all      chan struct{} // closed when it and all above it are done
	admitted chan struct{} // closed when what it touches is noted, or nothing is
	notes    notes
	end      TaskEnd
}

func never() int64 { return 1 << 62 }

func (r *run) play(ctx context.Context, steps []*linkedStep) {
	p := &playRun{run: r}
	p.failed.Store(never())
	p.prepare(steps)
	play := steps[0].play
	r.tell(PlayStart{Play: play, Name: r.playName(play), Time: now()})

	room := make(chan struct{}, window)
	go func() {
		for _, s := range p.steps {
			room <- struct{}{}
			go p.run1(ctx, s)
		}
	}()
	for _, s := range p.steps {
		p.tellStep(s)
		<-room
	}
}

// prepare connects each step with those that it waits for.
func (p *playRun) prepare(steps []*linkedStep) {
	first := steps[0].index
	var before, guard, toucher *stepRun
	for _, s := range steps {
		sr := &stepRun{linkedStep: s, before: before, guard: guard, toucher: toucher,
			started: make(chan struct{}), done: make(chan struct{}),
			all: make(chan struct{}), admitted: make(chan struct{}), notes: newNotes()}
		for _, i := range s.needs {
			if i >= first {
				sr.needed = append(sr.needed, p.steps[i-first])
			}
		}
		p.steps = append(p.steps, sr)
		before = sr
		if s.step.Kind.Guard {
			guard = sr
		}
		if s.touches() {
			toucher = sr
		} else {
			close(sr.admitted)
		}
	}
}

// touches reports whether the step's kind may touch anything outside.
func (s *linkedStep) touches() bool {
	_, ok := s.step.Kind.New().(Toucher)
	return ok
}

// run1 takes one step from waiting to done.
func (p *playRun) run1(ctx context.Context, s *stepRun) {
	p.wait(s)
	if p.blocked(ctx, s) {
		s.end = TaskEnd{Outcome: Blocked}
	} else {
		p.attempt(ctx, s)
	}
	s.end.Step = s.step
	if s.end.Outcome == Failed {
		p.noteFailure(int64(s.index))
	}
	p.leave(s)
	close(s.done)
	if s.before != nil {
		<-s.before.all
		s.before = nil // let go of the chain behind
	}
	close(s.all)
}

// leave lets those pass that wait to learn what the step touches.
func (p *playRun) leave(s *stepRun) {
	select {
	case <-s.admitted:
	default:
		if s.toucher == nil {
			close(s.admitted)
			return
		}
		go func() { <-s.toucher.admitted; close(s.admitted) }()
	}
}

// wait holds a step until everything has ended that it must not overtake.
func (p *playRun) wait(s *stepRun) {
	if s.before != nil && (p.opt.Jobs == 1 || s.step.Kind.Guard || s.linkedStep.all) {
		<-s.before.all
		return
	}
	if s.guard != nil {
		<-s.guard.all
	}
	for _, n := range s.needed {
		<-n.done
	}
}

// blocked tells whether a step may not start any more.
func (p *playRun) blocked(ctx context.Context, s *stepRun) bool {
	if ctx.Err() != nil {
		return true
	}
	if p.opt.KeepGoing {
		for _, n := range s.needed {
			if n.end.Outcome == Failed || n.end.Outcome == Blocked {
				return true
			}
		}
		return false
	}
	return p.failed.Load() < int64(s.index)
}

func (p *playRun) noteFailure(index int64) {
	for {
		old := p.failed.Load()
		if old <= index || p.failed.CompareAndSwap(old, index) {
			return
		}
	}
}

// admit notes what a step touches and waits for the earlier steps that touch
// the same. Steps are admitted in playbook order.
func (p *playRun) admit(s *stepRun, task Task) {
	t, ok := task.(Toucher)
	if !ok {
		return
	}
	if s.toucher != nil {
		<-s.toucher.admitted
	}
	earlier := p.touched.add(s, t.Touches())
	close(s.admitted)
	for _, e := range earlier {
		<-e.done
	}
}

// waitForAll waits until every earlier step of the play has ended. It reports
// whether all ended well, and whether there was anything to wait for.
func (p *playRun) waitForAll(s *stepRun) (well, waited bool) {
	if s.before == nil {
		return true, false
	}
	select {
	case <-s.before.all:
	default:
		waited = true
		<-s.before.all
	}
	return p.failed.Load() > int64(s.index), waited
}

// A touchIndex knows, for every path, which steps touched it or something below
// it last.
type touchIndex struct {
	mu   sync.Mutex
	root touchNode
}

type touchNode struct {
	last  *stepRun   // the last one that touched this very path
	below []*stepRun // those since then that touched something below it
	sub   map[string]*touchNode
}

// add notes that s touches the paths, and gives the steps that it must wait for.
func (t *touchIndex) add(s *stepRun, paths []string) []*stepRun {
	t.mu.Lock()
	defer t.mu.Unlock()
	var earlier []*stepRun
	for _, path := range paths {
		earlier = append(earlier, t.root.add(s, strings.Split(path, "/"))...)
	}
	return earlier
}

func (n *touchNode) add(s *stepRun, path []string) []*stepRun {
	var earlier []*stepRun
	for _, part := range path {
		n.below = append(n.below, s)
		if n.sub == nil {
			n.sub = map[string]*touchNode{}
		}
		next := n.sub[part]
		if next == nil {
			next = &touchNode{}
			n.sub[part] = next
		}
		n = next
		if n.last != nil && n.last != s {
			earlier = append(earlier, n.last)
		}
	}
	for _, b := range n.below {
		if b != s {
			earlier = append(earlier, b)
		}
	}
	n.last, n.below = s, nil
	n.sub = nil // whoever waits for s waits for all that were below
	return earlier
}
