package engine

import (
	"errors"
	"sync"
)

// notes are what a step says before it ends, kept until it is its turn.
type notes struct {
	mu    *sync.Mutex
	list  *[]Event
	awake chan struct{}
}

func newNotes() notes {
	return notes{mu: &sync.Mutex{}, list: &[]Event{}, awake: make(chan struct{}, 1)}
}

func (n notes) add(e Event) {
	n.mu.Lock()
	*n.list = append(*n.list, e)
	n.mu.Unlock()
	select {
	case n.awake <- struct{}{}:
	default:
	}
}

func (n notes) take() []Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := *n.list
	*n.list = nil
	return list
}

// tellStep tells all of one step, from its start to its end, and counts it.
func (p *playRun) tellStep(s *stepRun) {
	select {
	case <-s.started:
		p.tell(TaskStart{Step: s.step, Name: s.end.Name, Time: s.end.Start})
	case <-s.done:
		select {
		case <-s.started:
			p.tell(TaskStart{Step: s.step, Name: s.end.Name, Time: s.end.Start})
		default: // it never started
		}
	}
	for ended := false; !ended; {
		select {
		case <-s.notes.awake:
		case <-s.done:
			ended = true
		}
		for _, e := range s.notes.take() {
			p.tell(e)
		}
	}
	p.result.Stats.Count(s.end.Outcome)
	if s.end.Outcome == Failed {
		p.result.Problems = append(p.result.Problems, s.end.Problem)
	}
	p.tell(s.end)
	s.end.Result, s.end.Change = nil, nil
}

func asArgError(err error) (*ArgError, bool) { return errors.AsType[*ArgError](err) }
