package tasks

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"runner/clever"
	"runner/engine"
	"runner/engine/expr/value"
)

// A platform is the platform as tasks see it: a client whose reads show, in a check, what
// earlier tasks of the check would have made of it. Writes go to the client as they are.
type platform struct {
	*clever.Client
	planned *planned
	pending *engine.Pending // of the run
}

// A planned world is what the tasks of a check would have made of the platform by now: a
// layer for each type of object. What a task would do it puts there in Change.Assume,
// which is called in a check alone; so in a run all layers are empty.
type planned struct {
	addons    layer[plannedAddon]    // by owner and id
	lists     sync.Map               // of *plannedList, by owner
	providers layer[clever.Provider] // by owner and id
	links     layer[clever.Addon]    // by application and add-on
	variables layer[[]clever.EnvVar] // by what has them, "application" or "add-on", and its id
	groups    layer[clever.Group]    // by owner and id
	files     layer[onDisk]          // by path
	count     atomic.Int64           // of ids made up
}

// madeUp begins the ids of what is not there yet. No id of the platform has a colon.
const madeUp = "planned:"

// newID returns an id for what a check would create, by which later tasks of the check
// find it. It never leaves the process: whoever shows it shows value.Unknown.
func (p *planned) newID() string { return fmt.Sprint(madeUp, p.count.Add(1)) }

// isMadeUp reports whether an id is one of newID.
func isMadeUp(id string) bool { return strings.HasPrefix(id, madeUp) }

// idValue returns an id as a result holds it: unknown if what it names is not there yet.
func idValue(id, task string) value.Value {
	if isMadeUp(id) {
		return &value.Unknown{Task: task, Made: id}
	}
	return id
}

// unknownUntil returns the error of a read that only the run itself could answer, as a
// task of this check would change what is read.
func unknownUntil(task string) error { return &value.UnknownError{Unknown: &value.Unknown{Task: task}} }

// unknownIn returns the value that an error of unknownUntil stands for; nil for any other.
func unknownIn(err error) *value.Unknown {
	if e, ok := errors.AsType[*value.UnknownError](err); ok {
		return e.Unknown
	}
	return nil
}

// orUnknown returns a text, or u where there is none.
func orUnknown(text string, u *value.Unknown) value.Value {
	if text == "" {
		return u
	}
	return text
}

// A plannedAddon is an add-on as a check would leave it.
type plannedAddon struct {
	clever.Addon
	task    string            // that would make it so
	tags    []string          // nil: as they are
	unsure  bool              // whether it is changed, or replaced, only a run will show
	moved   bool              // it is another one, or at another place: its variables are not known
	version string            // of one that was moved; "": not known
	options map[string]string // of one that is not there yet
}

// A layer is what the tasks of a check would make of the objects of one type. Objects
// stand in groups: those of an owner, of an add-on, of an application.
type layer[T any] struct {
	mu      sync.Mutex
	entries map[[2]string]*layered[T]
	changes [][2]string // the group and key of each call of set, in order
	order   int
}

type layered[T any] struct {
	object T
	gone   bool
	order  int
}

// put notes an object that would be there, in the place of the one that has its key.
func (l *layer[T]) put(group, key string, object T) { l.set(group, key, object, false) }

// remove notes that there would be no such object.
func (l *layer[T]) remove(group, key string) {
	var none T
	l.set(group, key, none, true)
}

func (l *layer[T]) set(group, key string, object T, gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[[2]string]*layered[T]{}
	}
	e := l.entries[[2]string{group, key}]
	if e == nil {
		l.order++
		e = &layered[T]{order: l.order}
		l.entries[[2]string{group, key}] = e
	}
	e.object, e.gone = object, gone
	l.changes = append(l.changes, [2]string{group, key})
}

// since returns the keys of a group that were noted since a count of changes, which it
// brings up to date.
func (l *layer[T]) since(count *int, group string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var keys []string
	for _, at := range l.changes[*count:] {
		if at[0] == group {
			keys = append(keys, at[1])
		}
	}
	*count = len(l.changes)
	return keys
}

// find returns an object as it would be. Noted is whether any task of the check touches it;
// there, whether it would be there.
func (l *layer[T]) find(group, key string) (object T, there, noted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[[2]string{group, key}]
	if e == nil {
		return object, false, false
	}
	return e.object, !e.gone, true
}

// over returns a list of the platform as it would be: without what would be gone, with what
// would be changed as that would be, and what would be new at the end.
func (l *layer[T]) over(group string, list []T, key func(T) string) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) == 0 {
		return list
	}
	var planned []T
	seen := map[string]bool{}
	for _, object := range list {
		e := l.entries[[2]string{group, key(object)}]
		seen[key(object)] = true
		switch {
		case e == nil:
			planned = append(planned, object)
		case !e.gone:
			planned = append(planned, e.object)
		}
	}
	return append(planned, l.added(group, seen)...)
}

// added returns what would be there of a group and is not on the list.
func (l *layer[T]) added(group string, listed map[string]bool) []T {
	var fresh []*layered[T]
	for at, e := range l.entries {
		if at[0] == group && !e.gone && !listed[at[1]] {
			fresh = append(fresh, e)
		}
	}
	slices.SortFunc(fresh, func(a, b *layered[T]) int { return cmp.Compare(a.order, b.order) })
	var objects []T
	for _, e := range fresh {
		objects = append(objects, e.object)
	}
	return objects
}

// empty reports whether nothing is noted.
func (l *layer[T]) empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries) == 0
}

// space names an owner's space in a layer: the personal space has two names, "" and the
// user's id.
func (p platform) space(owner string) string {
	if owner == "" || strings.HasPrefix(owner, "user_") {
		owner = ""
	}
	return p.Endpoint() + " " + owner
}
