package clever

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A busyPlatform answers after a while, and refuses at once what is beyond what it
// bears at the same time.
type busyPlatform struct {
	mu       sync.Mutex
	bears    int // 0: everything
	took     time.Duration
	inFlight int
	peak     int
	refused  map[bool]int // by whether it was an order
}

func (p *busyPlatform) serve() bool {
	p.mu.Lock()
	p.inFlight++
	p.peak = max(p.peak, p.inFlight)
	refuse := p.bears > 0 && p.inFlight > p.bears
	p.mu.Unlock()
	if !refuse {
		time.Sleep(p.took)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inFlight--
	return !refuse
}

// send sends a request through a limiter until it is served.
func (p *busyPlatform) send(t *testing.T, l *limiter, what string, order bool) {
	for attempt := 1; ; attempt++ {
		permit, err := l.acquire(t.Context(), order)
		if err != nil {
			t.Error(err)
			return
		}
		start := time.Now()
		if p.serve() {
			l.release(permit, what, loadFine, time.Since(start))
			return
		}
		l.release(permit, what, loadTooMuch, time.Since(start))
		p.mu.Lock()
		p.refused[order]++
		p.mu.Unlock()
		time.Sleep(usualTiming().wait(attempt))
	}
}

// ordersThenReads sends orders, each followed by a read.
func ordersThenReads(t *testing.T, p *busyPlatform, l *limiter, n int) time.Duration {
	p.refused = map[bool]int{}
	start := time.Now()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			p.send(t, l, "POST addons", true)
			p.send(t, l, "GET env", false)
		})
	}
	wg.Wait()
	return time.Since(start)
}

func TestTheLimitGrowsToWhatThePlatformBears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &busyPlatform{took: 20 * time.Millisecond}
		if took := ordersThenReads(t, p, newLimiter(DefaultInFlight), 100); took > 220*time.Millisecond {
			t.Errorf("100 orders and reads of 20 ms took %v, want 11 rounds at most; %d at once", took, p.peak)
		}
		p = &busyPlatform{took: 20 * time.Millisecond}
		ordersThenReads(t, p, newLimiter(7), 100)
		if p.peak != 7 {
			t.Errorf("%d at once, want the upper bound of 7", p.peak)
		}
	})
}

func TestTheLimitFallsToWhatThePlatformBears(t *testing.T) {
	for _, bears := range []int{6, 8, 12, 30} {
		synctest.Test(t, func(t *testing.T) {
			fixed := &busyPlatform{took: 20 * time.Millisecond, bears: bears}
			want := ordersThenReads(t, fixed, newLimiter(bears), 100)
			p := &busyPlatform{took: 20 * time.Millisecond, bears: bears}
			took := ordersThenReads(t, p, newLimiter(DefaultInFlight), 100)
			if p.refused[true] > 0 || took > want*13/10 {
				t.Errorf("a platform that bears %d: %v instead of %v, refused %v", bears, took, want, p.refused)
			}
		})
	}
}

// Who stops waiting takes nobody's place.
func TestWaitingForAPermitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1)
		first, err := l.acquire(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.acquire(ctx, false); err == nil {
			t.Error("two were admitted where one may be")
		}
		l.release(first, "GET", loadUnknown, 0)
		second, err := l.acquire(t.Context(), true)
		if err != nil || l.inFlight != 1 || len(l.waiting) != 0 {
			t.Errorf("%v, %d in flight, %d waiting", err, l.inFlight, len(l.waiting))
		}
		l.release(second, "POST", loadFine, 0)
	})
}

func TestASlowPlatformGetsFewerRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(DefaultInFlight)
		p := &busyPlatform{took: 20 * time.Millisecond}
		ordersThenReads(t, p, l, 100)
		before := l.limit
		p.took = 2 * time.Second
		ordersThenReads(t, p, l, 500)
		if l.limit > before/2 {
			t.Errorf("the limit was %.1f and is %.1f, though it takes a hundred times as long", before, l.limit)
		}
	})
}
