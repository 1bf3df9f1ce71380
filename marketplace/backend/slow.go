package backend

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"runner/marketplace/manifest"
)

// locks are one for each key in use.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	free    chan struct{} // holds one token while nobody has the lock
	holders int           // who has it or waits for it
}

// take waits for a key until the context ends, or no marketplace waits any more.
func (l *locks) take(ctx context.Context, key string) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*lock{}
	}
	k := l.held[key]
	if k == nil {
		k = &lock{free: make(chan struct{}, 1)}
		k.free <- struct{}{}
		l.held[key] = k
	}
	k.holders++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.holders--; k.holders == 0 {
			delete(l.held, key)
		}
	}
	select {
	case <-k.free:
		return func() { k.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// goOn works for a key without a request, unless somebody does already. Work that
// did not succeed is begun again, later and later.
func (b *Backend) goOn(key string, work func(ctx context.Context, key string) error) {
	ctx, cancel := context.WithCancel(b.ctx)
	if _, busy := b.underway.LoadOrStore(key, cancel); busy || b.ctx.Err() != nil {
		cancel()
		return
	}
	b.work.Go(func() {
		defer cancel()
		defer b.underway.Delete(key)
		for wait := b.c.Client.pause(); ; wait = min(2*wait, longestPause) {
			err := outcome(ctx, key, work)
			if err == nil || ctx.Err() != nil {
				return
			}
			b.log.Warn("not yet", "key", key, "error", err.Error(), "again", wait)
			if pause(ctx, wait) != nil {
				return
			}
		}
	})
}

// outcome takes a fault for a failure.
func outcome(ctx context.Context, key string, work func(context.Context, string) error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("fault: %v", fault)
		}
	}()
	return work(ctx, key)
}

// abandon ends what goes on for a key.
func (b *Backend) abandon(key string) {
	if cancel, busy := b.underway.Load(key); busy {
		cancel.(context.CancelFunc)()
	}
}

// removeAgain ends a removal that was begun, or removes what is not made: whoever
// was to make it was refused.
func (b *Backend) removeAgain(ctx context.Context, key string) error {
	release, err := b.locks.take(ctx, key)
	if err != nil {
		return err
	}
	defer release()
	a, known, err := b.c.Store.Get(ctx, key)
	if err != nil || !known || a.State != Removing && a.State != Making {
		return err
	}
	return b.remove(ctx, a)
}

// deliver makes what was answered with 202, and calls the marketplace, which
// knows the add-on only after it has read the answer.
func (b *Backend) deliver(ctx context.Context, key string) error {
	a, err := b.prepare(ctx, key)
	r, refused := errors.AsType[*Refusal](err)
	if refused {
		b.log.Warn("a slow order is refused", "addon", a.ID, "key", key, "says", r.Message)
	}
	if refused || err == nil && a.State == Removing { // which did not succeed the first time
		return b.refuseLate(ctx, a.Order)
	}
	if err != nil || !a.Slow {
		return err
	}
	if err := pause(ctx, b.c.Client.pause()); err != nil {
		return err
	}
	if err := b.c.Client.finish(ctx, a.Order, a.Result.Config); err != nil {
		return err
	}
	return b.markFinished(ctx, key)
}

// prepare has the Service make a slow add-on that is not made yet.
func (b *Backend) prepare(ctx context.Context, key string) (Addon, error) {
	release, err := b.locks.take(ctx, key)
	if err != nil {
		return Addon{}, err
	}
	defer release()
	a, known, err := b.c.Store.Get(ctx, key)
	if err != nil || !known || a.State != Making {
		return a, err
	}
	return b.make(ctx, a)
}

// refuseLate ends a slow order that cannot be had.
func (b *Backend) refuseLate(ctx context.Context, o manifest.Order) error {
	if err := b.removeAgain(ctx, o.Key); err != nil {
		return err
	}
	if err := b.c.Client.giveUp(ctx, o); err != nil {
		b.log.Warn("the marketplace did not hear that an order was refused", "key", o.Key, "error", err.Error())
	}
	return nil
}

// markFinished keeps that the marketplace knows.
func (b *Backend) markFinished(ctx context.Context, key string) error {
	release, err := b.locks.take(ctx, key)
	if err != nil {
		return err
	}
	defer release()
	a, known, err := b.c.Store.Get(ctx, key)
	if err != nil || !known || !a.Slow {
		return err
	}
	a.Slow, a.Order.Grant = false, ""
	return b.c.Store.Put(ctx, a)
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
