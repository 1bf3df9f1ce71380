package schedule

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// begun holds which items have begun.
type begun struct {
	mu    sync.Mutex
	items []int
}

func (b *begun) add(i int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.items = append(b.items, i)
}

// sorted returns those that have begun by now, in their order.
func (b *begun) sorted() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(slices.Values(b.items))
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// Items begin in their order, in whatever order they ask for a slot: at any time those that
// have begun are the first ones, as many as there are slots and ends.
func TestItemsBeginInOrder(t *testing.T) {
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			slots, items := 1+r.IntN(5), 6+r.IntN(20)
			whole := New(slots).List([]Spec{{}}, Options{}).Node(0).Start()
			var workers []*Worker
			for range items {
				workers = append(workers, whole.Fork(items+1))
			}
			var seen begun
			end := make(chan struct{})
			for _, i := range r.Perm(items) {
				synctest.Wait() // it has begun, or waits
				go func() {
					if err := workers[i].Acquire(t.Context()); err != nil {
						t.Error(err)
					}
					seen.add(i)
					<-end
					workers[i].Release()
					workers[i].End(false)
				}()
			}
			for ended := range items {
				synctest.Wait()
				if got, want := seen.sorted(), upTo(min(items, slots+ended)); !slices.Equal(got, want) {
					t.Errorf("seed %d, %d slots, %d have ended: begun have %v", seed, slots, ended, got)
				}
				end <- struct{}{}
			}
			whole.Join()
			whole.End(false)
		})
	}
}

// An item that waits for a node above lets those after it begin.
func TestAnItemThatWaitsLetsOthersBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := New(2).List([]Spec{{Claims: true}, {Claims: true}}, Options{})
		above, whole := list.Node(0).Start(), list.Node(1).Start()
		above.Claim([]Use{{Path: "a"}}, false)
		first, second := whole.Fork(9), whole.Fork(9)
		var seen begun
		for i, w := range []*Worker{first, second} {
			go func() {
				w.Claim([]Use{{Path: []string{"a", "b"}[i]}}, false)
				if w.Acquire(t.Context()) == nil {
					seen.add(i)
				}
				w.Release()
				w.End(false)
			}()
		}
		synctest.Wait()
		if got := seen.sorted(); !slices.Equal(got, []int{1}) {
			t.Errorf("while the first waits, begun have %v", got)
		}
		above.End(false)
		synctest.Wait()
		if got := seen.sorted(); !slices.Equal(got, upTo(2)) {
			t.Errorf("in the end, begun have %v", got)
		}
		whole.NoMoreClaims()
		whole.Join()
		whole.End(false)
	})
}

// An item that asks for them waits until those before it have ended, and holds no slot
// meanwhile.
func TestAnItemWaitsForThoseBeforeIt(t *testing.T) {
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			items := 2 + r.IntN(10)
			whole := New(1+r.IntN(3)).List([]Spec{{}}, Options{}).Node(0).Start()
			var ended begun
			for i := range items {
				w := whole.Fork(items + 1)
				asks, takes := r.IntN(2) == 0, time.Duration(r.IntN(3))
				go func() {
					if err := w.Acquire(t.Context()); err != nil {
						t.Error(err)
					}
					if asks {
						w.WaitForItems()
						if got := ended.sorted(); len(got) < i || !slices.Equal(got[:i], upTo(i)) {
							t.Errorf("seed %d: item %d went on when %v had ended", seed, i, got)
						}
					}
					time.Sleep(takes)
					ended.add(i)
					w.Release()
					w.End(false)
				}()
			}
			whole.Join()
			whole.End(false)
		})
	}
}
