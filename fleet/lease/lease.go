// Package lease holds the right of a play to write: as long as the server confirms
// heartbeats, and no longer. It knows heartbeats and times, and neither workflows nor
// what is written.
package lease

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrEnded is why a play may not write any more: somebody else may be playing in its
// place.
var ErrEnded = errors.New("the right to write has ended: the server did not confirm in time that this play goes on")

// Leases are those of the plays of one worker, by the token of their activity. Make them
// with New.
type Leases struct {
	mu    sync.Mutex
	until map[string]time.Time
	time  time.Duration
}

// New returns leases that last so long after a heartbeat was sent.
func New(d time.Duration) *Leases { return &Leases{until: map[string]time.Time{}, time: d} }

// Begin makes a lease known. It holds with the first heartbeat that the server confirms,
// and not before: the machine may have slept since it was handed the play.
func (l *Leases) Begin(token []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until[string(token)] = time.Time{}
}

// Await waits until a lease holds, or the context ends.
func (l *Leases) Await(ctx context.Context, token []byte) error {
	looks := time.NewTicker(20 * time.Millisecond)
	defer looks.Stop()
	for l.MayWrite(token) != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-looks.C:
		}
	}
	return nil
}

// End ends a lease.
func (l *Leases) End(token []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.until, string(token))
}

// MayWrite returns ErrEnded when a lease has ended. A machine that slept knows it by
// its wall clock, one whose wall clock is set back by the monotonic one: both are
// looked at.
func (l *Leases) MayWrite(token []byte) error {
	l.mu.Lock()
	until, ok := l.until[string(token)]
	l.mu.Unlock()
	now := time.Now()
	if held && (!ok || !now.Before(until) || !now.Round(0).Before(until.Round(0))) {
		return ErrEnded
	}
	return nil
}

// Renew lengthens a lease that has not ended, from when something was sent that the
// server confirmed.
func (l *Leases) Renew(token []byte, sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.until[string(token)]; ok {
		l.until[string(token)] = sent.Add(l.time)
	}
}

// Intercept watches the calls to the server: a heartbeat that it confirms renews the
// lease, counted from when it was sent; one that it answers with "no such play" ends it.
// A play that is to end keeps it, so that what is under way can be finished.
func (l *Leases) Intercept(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	beat, isBeat := req.(*workflowservice.RecordActivityTaskHeartbeatRequest)
	sent := time.Now()
	err := invoke(ctx, method, req, reply, cc, opts...)
	if !isBeat {
		return err
	}
	switch {
	case err == nil:
		l.Renew(beat.GetTaskToken(), sent)
	case gone(err):
		l.End(beat.GetTaskToken())
	}
	return err
}

// gone reports whether the server knows no such activity any more: its workflow was
// terminated, or another attempt has begun.
func gone(err error) bool { return status.Code(err) == codes.NotFound }
