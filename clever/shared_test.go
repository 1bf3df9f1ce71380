package clever

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errTest = errors.New("broken")

func TestMemoReadsOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memo[int]
		var reads atomic.Int32
		read := func() (int, error) {
			time.Sleep(time.Second)
			return int(reads.Add(1)), nil
		}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if v, err := m.get(t.Context(), "a", read); v != 1 || err != nil {
					t.Errorf("got %d, %v; want 1", v, err)
				}
			})
		}
		wg.Wait()
		if v, _ := m.get(t.Context(), "b", read); v != 2 {
			t.Errorf("another key gives %d, want a reading of its own", v)
		}
	})
}

func TestMemoKeepsNoErrors(t *testing.T) {
	var m memo[int]
	if _, err := m.get(t.Context(), "a", func() (int, error) { return 7, errTest }); !errors.Is(err, errTest) {
		t.Fatalf("got %v", err)
	}
	if v, err := m.get(t.Context(), "a", func() (int, error) { return 8, nil }); v != 8 || err != nil {
		t.Errorf("got %d, %v; want 8 after the error", v, err)
	}
}

func TestFollowersOutliveTheirLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memo[int]
		read := func(ctx context.Context, v int) func() (int, error) {
			return func() (int, error) { return v, pause(ctx, 10*time.Second) }
		}
		leader, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := m.get(leader, "a", read(leader, 1)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the leader got %v", err)
			}
		})
		synctest.Wait()
		for range 3 {
			wg.Go(func() {
				if v, err := m.get(t.Context(), "a", read(t.Context(), 2)); v != 2 || err != nil {
					t.Errorf("a follower got %d, %v; want a reading of its own", v, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestAFollowerNeedNotWaitForTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memo[int]
		go func() {
			_, _ = m.get(t.Context(), "a", func() (int, error) { return 1, pause(t.Context(), time.Hour) })
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := m.get(ctx, "a", func() (int, error) { return 2, nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the follower's own deadline", err)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestAPanicLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f shared[int]
		var wg sync.WaitGroup
		wg.Go(func() {
			defer func() { _ = recover() }()
			_, _ = f.do(t.Context(), "a", func() (int, error) {
				time.Sleep(time.Second)
				panic("oops")
			})
		})
		synctest.Wait()
		if _, err := f.do(t.Context(), "a", func() (int, error) { return 1, nil }); !errors.Is(err, errPanicked) {
			t.Errorf("got %v", err)
		}
		wg.Wait()
	})
}

func TestOneOfANameAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turn serial
		done, err := turn.enter(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := turn.enter(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second one got %v", err)
		}
		if other, err := turn.enter(t.Context(), "b"); err != nil {
			t.Errorf("another name got %v", err)
		} else {
			other()
		}
		done()
		if again, err := turn.enter(t.Context(), "a"); err != nil {
			t.Errorf("the next one got %v", err)
		} else {
			again()
		}
	})
}
