package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"

	"runner/fleet/flow"
)

// A right is that of one play to write: as long as the server confirms its heartbeats,
// and that the lanes which are kept for it go on.
type right struct {
	*activities
	ask    flow.Ask
	tokens [][]byte // of its leases: the activity's own, and one for each lane of ask.Held
	ended  chan struct{}
	lost   atomic.Bool // a write was refused, or the play stopped, as the right had ended
}

func (a *activities) newRight(token []byte, ask flow.Ask) *right {
	r := &right{activities: a, ask: ask, tokens: [][]byte{token}, ended: make(chan struct{})}
	for _, lane := range ask.Held {
		r.tokens = append(r.tokens, append(append([]byte{}, token...), lane.Run...))
	}
	return r
}

// begin waits until the play may write, and then keeps the right, or calls stop.
func (r *right) begin(ctx context.Context, stop context.CancelCauseFunc) error {
	for _, token := range r.tokens {
		r.Leases.Begin(token)
	}
	go r.beat(ctx, stop)
	r.look(ctx, stop)
	go r.keepLooking(ctx, stop)
	for _, token := range r.tokens {
		if err := r.Leases.Await(ctx, token); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// end ends the right.
func (r *right) end() {
	close(r.ended)
	for _, token := range r.tokens {
		r.Leases.End(token)
	}
}

// mayWrite returns why the play may not write.
func (r *right) mayWrite() error {
	for _, token := range r.tokens {
		if err := r.Leases.MayWrite(token); err != nil {
			return err
		}
	}
	return nil
}

// permit is mayWrite for the play: it notes what it refuses.
func (r *right) permit() error {
	err := r.mayWrite()
	if err != nil {
		r.lost.Store(true)
	}
	return err
}

// beat says to the server, until the play has ended, that it goes on, and stops it when
// the worker ends or the right does. The client sends at most one heartbeat in two seconds.
func (r *right) beat(ctx context.Context, stop context.CancelCauseFunc) {
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	had, ending := false, r.ending.Done()
	for {
		activity.RecordHeartbeat(context.WithoutCancel(ctx)) // what is under way is finished with the right to
		err := r.mayWrite()
		if had && err != nil {
			r.lost.Store(true)
			stop(err)
		}
		had = had || err == nil
		select {
		case <-r.ended:
			return
		case <-ending:
			stop(errEnding)
			ending = nil
		case <-ticks.C:
		}
	}
}

// keepLooking looks again and again, until the play has ended.
func (r *right) keepLooking(ctx context.Context, stop context.CancelCauseFunc) {
	ticks := time.NewTicker(lookTime)
	defer ticks.Stop()
	for {
		select {
		case <-r.ended:
			return
		case <-ticks.C:
			r.look(ctx, stop)
		}
	}
}

// look finds out whether the lanes that are kept for the play go on, and whether somebody
// waits for it.
func (r *right) look(ctx context.Context, stop context.CancelCauseFunc) {
	for i, lane := range r.ask.Held {
		sent := time.Now()
		switch r.goesOn(ctx, lane) {
		case yes:
			r.Leases.Renew(r.tokens[i+1], sent)
		case no:
			stop(errPlayGone)
		}
	}
	if !r.wanted(ctx) {
		stop(errPlayGone)
	}
}

// wanted reports whether somebody may be waiting for the play.
func (r *right) wanted(ctx context.Context) bool {
	for _, play := range r.ask.Plays {
		if r.goesOn(ctx, flow.Run{ID: play}) != no {
			return true
		}
	}
	return false
}

// Whether something is so.
type whether int

const (
	unknown whether = iota
	yes
	no
)

// goesOn asks the server whether a run of a workflow goes on; the latest, where none is
// named.
func (a *activities) goesOn(ctx context.Context, r flow.Run) whether {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	d, err := a.Client.DescribeWorkflow(within, r.ID, r.Run)
	_, missing := errors.AsType[*serviceerror.NotFound](err)
	switch {
	case missing:
		return no
	case err != nil:
		return unknown
	case d.RawResponse.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return yes
	}
	return no
}
