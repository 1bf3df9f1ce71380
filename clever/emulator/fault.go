package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// A Fault is something that goes wrong between the platform and its client. It
// applies to those of the requests that it matches which From, To and Every name, counted from 1.
// ParseFault reads the text form.
type Fault struct {
	Method string // "" is any
	Path   string // a regular expression that is looked for in the path; "" is any
	From   int    // the first match that it applies to; 0 is 1
	To     int    // the last one; 0 is for ever
	Every  int    // of those in between, each so many-th; 0 is 1
	Kind   FaultKind
	// Wait is how long: what a 429 or 503 asks to stay away for, how long a hang
	// lasts (0: until the client gives up), in how much time a slow body comes, how
	// old an add-on must be for its variables to be complete, how long a migration takes.
	Wait time.Duration
	// Addon is the id or the name of what is Deleted; "": what the path names.
	Addon string
}

// A FaultKind is what goes wrong.
type FaultKind string

// The kinds of faults.
const (
	Refuse          FaultKind = "refuse"           // the connection is closed at once; without a socket: refused
	CutBefore       FaultKind = "cut-before"       // the connection ends before anything is done
	CutAfter        FaultKind = "cut-after"        // the work is done, and the answer lost
	Hang            FaultKind = "hang"             // nothing is done, and no answer comes
	HangAfter       FaultKind = "hang-after"       // the work is done, and no answer comes
	TooMany         FaultKind = "429"              // with Retry-After; nothing is done
	Unavailable     FaultKind = "503"              // as the platform says it, with its id -500; nothing is done
	Page503         FaultKind = "html-503"         // a web page of a proxy; nothing is done
	Page500         FaultKind = "html-500"         // likewise
	Truncated       FaultKind = "truncated"        // the work is done, and the answer is half of its JSON
	Slow            FaultKind = "slow"             // the answer comes bit by bit
	Expired         FaultKind = "expired"          // the token is no longer good; what is public stays so
	Deleted         FaultKind = "deleted"          // somebody removes an add-on by hand just before
	EnvLate         FaultKind = "env-late"         // half of a young add-on's variables are missing
	MigrationFailed FaultKind = "migration-failed" // the migration that is asked for fails, and nothing moves
	MigrationLate   FaultKind = "migration-late"   // the migration that is asked for takes its time
)

// FaultKinds returns all kinds, as they are written.
func FaultKinds() []FaultKind {
	return []FaultKind{Refuse, CutBefore, CutAfter, Hang, HangAfter, TooMany, Unavailable, Page503, Page500,
		Truncated, Slow, Expired, Deleted, EnvLate, MigrationFailed, MigrationLate}
}

// Fail adds a fault from now on. Of several that match the same request, the first
// one applies; each counts for itself. The error
// says what is wrong with the fault.
func (e *Emulator) Fail(f Fault) error {
	path, err := regexp.Compile(f.Path)
	if err != nil {
		return fmt.Errorf("the path of a fault is a regular expression: %w", err)
	}
	if err := f.check(); err != nil {
		return err
	}
	f.From, f.Every = max(f.From, 1), max(f.Every, 1)
	e.faults.add(&armedFault{Fault: f, path: path})
	return nil
}

// Recover ends all faults.
func (e *Emulator) Recover() { e.faults.clear() }

// faults are those that an emulator has.
type faults struct {
	mu  sync.Mutex
	all []*armedFault
}

// A armedFault is a fault that waits for its requests.
type armedFault struct {
	Fault
	path *regexp.Regexp
	seen int // requests that it matched
}

func (fs *faults) add(t *armedFault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.all = append(fs.all, t)
}

func (fs *faults) clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.all = nil
}

// texts returns all faults, as they are written.
func (fs *faults) texts() []string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	list := []string{}
	for _, t := range fs.all {
		list = append(list, t.String())
	}
	return list
}

// next returns the fault of a request; the zero Fault if it has none.
func (fs *faults) next(r *http.Request) Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var found Fault
	for _, t := range fs.all {
		if t.due(r) && found.Kind == "" {
			found = t.Fault
		}
	}
	return found
}

// due counts a request that matches, and reports whether the fault applies to it.
func (t *armedFault) due(r *http.Request) bool {
	if t.Method != "" && !strings.EqualFold(t.Method, r.Method) || !t.path.MatchString(r.URL.Path) {
		return false
	}
	t.seen++
	return t.seen >= t.From && (t.To == 0 || t.seen <= t.To) && (t.seen-t.From)%t.Every == 0
}

// errRefused is what a client sees that is not let in.
var errRefused = errors.New("the connection was refused")

// faultKey is where a request's context has its fault.
type faultKey struct{}

// faultOf returns what goes wrong with a call; the zero Fault if nothing does.
func faultOf(c *rest.Call) Fault {
	f, _ := c.Request.Context().Value(faultKey{}).(Fault)
	return f
}

// withFault answers a call as its fault wants it. The error is errRefused or errCut.
func (e *Emulator) withFault(w http.ResponseWriter, c *rest.Call, f Fault) (rest.Response, error) {
	switch f.Kind {
	case Refuse:
		return rest.Response{}, errRefused
	case CutBefore, Hang:
		_ = c.Read(w) // a server notices that its client went only when all was read
		return rest.Response{}, f.silence(c.Request)
	case TooMany, Unavailable, Page503, Page500:
		return f.busy(c.Request), nil
	case Deleted:
		if err := e.deleteByHand(c); err != nil {
			return rest.NotSaved(err).Response(c.Request), nil
		}
	}
	a := e.answer(w, c)
	switch f.Kind {
	case CutAfter, HangAfter:
		return a, f.silence(c.Request)
	case Truncated:
		body, status := a.Result()
		return rest.Response{Status: status, Body: body[:len(body)/2]}, nil
	case Slow:
		a.Slow = f.Wait
	}
	return a, nil
}

// silence keeps a client waiting if that is the fault, and ends the connection.
func (f Fault) silence(r *http.Request) error {
	if f.Kind == Hang || f.Kind == HangAfter {
		rest.Wait(r, cmp.Or(f.Wait, 365*24*time.Hour))
	}
	return rest.ErrCut
}

// busy is the answer of a platform that did nothing.
func (f Fault) busy(r *http.Request) rest.Response {
	var a rest.Response
	switch f.Kind {
	case TooMany:
		a = rest.TooManyRequests().Response(r)
	case Unavailable:
		a = rest.Unavailable().Response(r)
	case Page503:
		a = rest.Response{Status: http.StatusServiceUnavailable, HTML: true}
	default:
		a = rest.Response{Status: http.StatusInternalServerError, HTML: true}
	}
	if a.HTML {
		a.Body = []byte("<html><body><h1>" + http.StatusText(a.Status) + "</h1></body></html>\n")
	}
	if f.Kind == TooMany || f.Wait > 0 {
		a.RetryAfter = max(f.Wait, time.Second)
	}
	return a
}

// deleteByHand removes what a fault says, or what the path names.
func (e *Emulator) deleteByHand(c *rest.Call) error {
	meant := rest.Parts(c.Request.URL.Path)
	if addon := faultOf(c).Addon; addon != "" {
		meant = []string{addon}
	}
	return e.store.Change(func(d *store.Draft) error {
		for _, word := range meant {
			for _, a := range d.Addons {
				if word == a.ID || word == a.RealID || a.Name == faultOf(c).Addon {
					d.Remove(a.ID)
					break
				}
			}
		}
		return nil
	})
}
