package lease_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"runner/fleet/lease"
)

var token = []byte("a play")

// beat sends a heartbeat whose response takes a while.
func beat(l *lease.Leases, takes time.Duration, cancel bool, fails error) {
	request := &workflowservice.RecordActivityTaskHeartbeatRequest{TaskToken: token}
	response := &workflowservice.RecordActivityTaskHeartbeatResponse{}
	_ = l.Intercept(context.Background(), "RecordActivityTaskHeartbeat", request, response, nil,
		func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			time.Sleep(takes)
			response.CancelRequested = cancel
			return fails
		})
}

// TestALease: it holds with the first heartbeat that is confirmed, for eight seconds from
// when that was sent, and is over for good when the server says so.
func TestALease(t *testing.T) {
	may := func(t *testing.T, l *lease.Leases, want bool, when string) {
		t.Helper()
		if err := l.MayWrite(token); (err == nil) != want || err != nil && !errors.Is(err, lease.ErrEnded) {
			t.Errorf("%s: %v, want that it may write: %v", when, err, want)
		}
	}
	for name, ends := range map[string]func(l *lease.Leases){
		"nobody confirms":       func(*lease.Leases) { time.Sleep(8 * time.Second) },
		"the server is away":    func(l *lease.Leases) { beat(l, 8*time.Second, false, status.Error(codes.Unavailable, "away")) },
		"the play is gone":      func(l *lease.Leases) { beat(l, 0, false, status.Error(codes.NotFound, "gone")) },
		"it is to end":          func(l *lease.Leases) { beat(l, 0, true, nil); time.Sleep(8 * time.Second) },
		"it ended":              func(l *lease.Leases) { l.End(token) },
		"a late confirmation":   func(l *lease.Leases) { beat(l, 9*time.Second, false, nil) },
		"another begins anew":   func(l *lease.Leases) { l.Begin(token) },
		"confirmed, and ending": func(l *lease.Leases) { l.End(token); beat(l, 0, false, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := lease.New(8 * time.Second)
				may(t, l, false, "before it is known")
				l.Begin(token)
				may(t, l, false, "before the server confirmed anything")
				beat(l, 3*time.Second, false, nil)
				may(t, l, true, "confirmed")
				if err := l.Await(t.Context(), token); err != nil {
					t.Error(err)
				}
				time.Sleep(4 * time.Second)
				may(t, l, true, "seven seconds after it was sent")
				beat(l, 0, false, nil)
				time.Sleep(7 * time.Second)
				may(t, l, true, "renewed")
				ends(l)
				may(t, l, false, name)
			})
		})
	}
}

// TestWaitingForALeaseEndsWithTheContext.
func TestWaitingForALeaseEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lease.New(8 * time.Second)
		l.Begin(token)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := l.Await(ctx, token); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}
