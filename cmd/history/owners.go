package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/orderlog"
)

// Owners takes for a run the locks of those whose add-ons it touches, one for each
// platform and owner, and opens the logs of their orders.
type Owners struct {
	Lock     Lock              // how locks are taken; without a folder, none is, and nothing is remembered
	Holder   Holder            // the run
	ReadOnly bool              // for a check: no lock is taken, and logs are only read
	Warn     func(text string) // prints a warning

	mu       sync.Mutex
	logs     map[string]*orderlog.Log // by name
	last     string                   // the name that sorts last of those that are held
	releases []func()
}

// An Owner is whose add-ons are meant: an organisation, a user, or the personal space
// of whoever has a token.
type Owner struct {
	Endpoint string // of the platform
	ID       string // orga_… or user_…; "": the personal space
	Token    string // matters for the personal space only
}

// name returns what the files of an owner are called. A token is in it as a digest
// only.
func (o Owner) name() string {
	whose := "owner\x00" + o.ID
	if o.ID == "" {
		whose = "personal\x00" + o.Token
	}
	sum := sha256.Sum256([]byte(strings.TrimRight(strings.ToLower(o.Endpoint), "/") + "\x00" + whose))
	return hex.EncodeToString(sum[:16])
}

// Take takes the locks of several owners, in sorted order, so that two runs never wait
// for each other. A [LockedError] says that another run has one of them.
func (o *Owners) Take(ctx context.Context, all []Owner) error {
	names := map[string]Owner{}
	for _, owner := range all {
		names[owner.name()] = owner
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if _, err := o.Open(ctx, names[name]); err != nil {
			return err
		}
	}
	return nil
}

// Open returns the log of an owner's orders, and takes the owner's lock before, if this
// run does not have it. Where neither can be had at all (a home that cannot be written
// to) it warns, and what is ordered is remembered only as long as the run.
func (o *Owners) Open(ctx context.Context, owner Owner) (*orderlog.Log, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := owner.name()
	if log, ok := o.logs[name]; ok {
		return log, nil
	}
	log, err := o.open(ctx, name)
	var locked *LockedError
	switch {
	case err == nil:
	case errors.As(err, &locked), ctx.Err() != nil:
		return nil, err
	default:
		o.Warn(fmt.Sprintf("what is ordered cannot be remembered, and nothing keeps another run from ordering at the same time: %v", err))
		log = &orderlog.Log{}
	}
	if o.logs == nil {
		o.logs = map[string]*orderlog.Log{}
	}
	o.logs[name] = log
	if n := log.Damaged(); n > 0 {
		o.Warn(fmt.Sprintf("%d lines of %s cannot be read and are left out", n, o.path(name)))
	}
	return log, nil
}

func (o *Owners) open(ctx context.Context, name string) (*orderlog.Log, error) {
	if o.Lock.Dir == "" {
		return &orderlog.Log{}, nil
	}
	if o.ReadOnly {
		return orderlog.Read(o.path(name))
	}
	lock := o.Lock
	lock.Name = name + ".lock"
	if name < o.last {
		lock.Wait = 0 // who has it may be waiting for one of ours
	}
	release, err := lock.Take(ctx, o.Holder)
	if err != nil {
		return nil, err
	}
	err = os.MkdirAll(filepath.Dir(o.path(name)), 0o700)
	var log *orderlog.Log
	if err == nil {
		log, err = orderlog.Open(o.path(name))
	}
	if err != nil {
		release()
		return nil, err
	}
	o.last = max(o.last, name)
	o.releases = append(o.releases, func() { _ = log.Close(); release() })
	return log, nil
}

// Unfinished reports whether the log of an owner holds orders that are open, or add-ons
// that were ordered for a scope and do not bear its mark. It takes no lock.
func (o *Owners) Unfinished(owner Owner) bool {
	if o.Lock.Dir == "" {
		return false
	}
	log, err := orderlog.Read(o.path(owner.name()))
	return err == nil && slices.ContainsFunc(log.Orders(), isUnfinished)
}

func isUnfinished(o orderlog.Order) bool { return o.Open() || o.Unmarked() }

// Release closes the logs and lets go of the locks.
func (o *Owners) Release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, release := range slices.Backward(o.releases) {
		release()
	}
	o.releases, o.logs, o.last = nil, nil, ""
}

func (o *Owners) path(name string) string { return filepath.Join(orderDir(o.Lock.Dir), name+".jsonl") }

func orderDir(dir string) string { return filepath.Join(dir, "orders") }

// OpenOrders returns what the logs in a folder hold of orders that nobody knows the
// outcome of, and of add-ons that were ordered for a scope and do not bear its mark;
// oldest first.
func OpenOrders(dir string) ([]orderlog.Order, error) {
	files, err := filepath.Glob(filepath.Join(orderDir(dir), "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var all []orderlog.Order
	var errs error
	for _, file := range files {
		log, err := orderlog.Read(file)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		for _, order := range log.Orders() {
			if isUnfinished(order) {
				all = append(all, order)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b orderlog.Order) int { return a.Time.Compare(b.Time) })
	return all, errs
}

// OrderText returns an order of [OpenOrders] as a line.
func OrderText(o orderlog.Order) string {
	when := o.Time.Local().Format(time.DateTime)
	if o.Open() {
		return fmt.Sprintf("%s  order of %s %q: what came of it is not known; play again, and it is looked for first\n", when, plain(o.Provider), plain(o.Name))
	}
	return fmt.Sprintf("%s  ordered %s %q (%s) for scope %s, and not tagged yet: a play of that scope tags or prunes it\n",
		when, plain(o.Provider), plain(o.Name), plain(o.ID), plain(o.Scope))
}
