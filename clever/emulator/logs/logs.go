// Package logs knows what the emulated platform says about what goes on: the log
// lines of add-ons and applications, drains that would send them elsewhere, and hooks
// that would hear of events. A few lines follow from what was done; nothing is sent.
package logs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// A Server answers for logs, drains and hooks.
type Server struct {
	store *store.Store
	owner func(*rest.Call) (string, error) // the id of the owner that a path names
	now   func() time.Time
}

// New returns a Server.
func New(s *store.Store, owner func(*rest.Call) (string, error), now func() time.Time) *Server {
	return &Server{s, owner, now}
}

// Routes adds the routes of logs, drains and hooks.
func (s *Server) Routes(add func(method, path string, serve func(*rest.Call) (rest.Response, error))) {
	for _, kind := range []string{"resources", "applications"} {
		base := "/v4/logs/organisations/{owner}/" + kind + "/{resource}/logs"
		event := map[string]string{"resources": "RESOURCE_LOG", "applications": "APPLICATION_LOG"}[kind]
		add("GET", base, func(c *rest.Call) (rest.Response, error) { return s.stream(c, event) })
		drains := "/v4/drains/organisations/{owner}/" + kind + "/{resource}/drains"
		add("GET", drains, s.listDrains)
		add("POST", drains, s.createDrain)
		add("GET", drains+"/{drain}", s.getDrain)
		add("DELETE", drains+"/{drain}", s.deleteDrain)
		add("PUT", drains+"/{drain}/disable", func(c *rest.Call) (rest.Response, error) { return s.switchDrain(c, true) })
		add("PUT", drains+"/{drain}/enable", func(c *rest.Call) (rest.Response, error) { return s.switchDrain(c, false) })
		add("POST", drains+"/{drain}/check", s.getDrain)
	}
	for _, channel := range []string{"webhooks", "emailhooks"} {
		base := "/v2/notifications/" + channel + "/{owner}"
		add("GET", base, func(c *rest.Call) (rest.Response, error) { return s.listHooks(c, channel) })
		add("POST", base, func(c *rest.Call) (rest.Response, error) { return s.createHook(c, channel) })
		add("PUT", base+"/{hook}", func(c *rest.Call) (rest.Response, error) { return s.editHook(c, channel) })
		add("DELETE", base+"/{hook}", func(c *rest.Call) (rest.Response, error) { return s.deleteHook(c, channel) })
	}
	add("GET", "/v2/notifications/info/events", s.listEvents)
	add("GET", "/v2/notifications/info/webhookformats", s.listFormats)
}

// resource checks that a path names an application, or an add-on by its real id, of
// the owner that it names.
func (s *Server) resource(w *store.World, c *rest.Call) (owner string, err error) {
	owner, err = s.owner(c)
	if err != nil {
		return "", err
	}
	id := c.Path["resource"]
	if a := w.Applications.Find(id); a != nil && a.Owner == owner {
		return owner, nil
	}
	if a := w.Addon(id); a != nil && a.RealID == id && a.Owner == owner {
		return owner, nil
	}
	return "", rest.NotFound("resource")
}

// An entry is a line of a log, as the platform's streams have it.
type entry struct {
	ID       string    `json:"id"`
	Date     time.Time `json:"date"`
	Message  string    `json:"message"`
	Service  string    `json:"service"`
	Severity string    `json:"severity"`
	Resource string    `json:"resourceId"`
	Instance string    `json:"instanceId"`
	Zone     string    `json:"zone"`
}

// lines returns what there is to say of a resource: what happened to it since it was
// ordered.
func lines(w *store.World, id string) []entry {
	var all []entry
	say := func(at time.Time, zone, message string) {
		all = append(all, entry{
			ID: catalogue.UUIDOf(id + strconv.Itoa(len(all))), Date: at.UTC(), Message: message, Service: "emulator",
			Severity: "info", Resource: id, Instance: catalogue.UUIDOf(id + "instance"), Zone: zone,
		})
	}
	if a := w.Applications.Find(id); a != nil {
		say(time.UnixMilli(a.Created), a.Zone, "The application "+a.Name+" was created; the emulator never deploys it")
		return all
	}
	a := w.Addon(id)
	if a == nil {
		return nil
	}
	p := w.ProviderOf(a)
	created := time.UnixMilli(a.Created)
	say(created, a.Region, fmt.Sprintf("%s add-on %s was ordered", p.Name, a.Name))
	say(created.Add(time.Second), a.Region, "The service is starting")
	say(created.Add(2*time.Second), a.Region, "The service is ready to accept connections")
	for _, m := range a.Migrations {
		at, err := time.Parse(time.RFC3339, m.RequestDate)
		if err == nil {
			say(at, a.Region, "A migration was requested: "+m.ID)
		}
	}
	return all
}

// heartbeat is how often a stream says that it stands: clients give up after four
// seconds.
const heartbeat = 2 * time.Second

// A limit is what a stream is asked for.
type limit struct {
	since, until time.Time
	filter       string
	count        int // 0: all
}

func limitOf(r *http.Request) (l limit, err error) {
	q := r.URL.Query()
	for name, to := range map[string]*time.Time{"since": &l.since, "until": &l.until} {
		if text := q.Get(name); text != "" {
			if *to, err = time.Parse(time.RFC3339, text); err != nil {
				return l, rest.BadField(90084, "emulator.bad-logs", name, fmt.Sprintf("%q is no time", text))
			}
		}
	}
	if text := q.Get("limit"); text != "" {
		if l.count, err = strconv.Atoi(text); err != nil || l.count < 0 {
			return l, rest.BadField(90084, "emulator.bad-logs", "limit", fmt.Sprintf("%q is no number", text))
		}
	}
	l.filter = q.Get("filter")
	return l, nil
}

func (l limit) holds(x entry) bool {
	return !x.Date.Before(l.since) && (l.until.IsZero() || !x.Date.After(l.until)) &&
		strings.Contains(strings.ToLower(x.Message), strings.ToLower(l.filter))
}

// stream sends the lines of a resource as events: those there are, and as long as
// nothing ends it, those that come.
func (s *Server) stream(c *rest.Call, event string) (rest.Response, error) {
	if _, err := s.resource(s.store.World(), c); err != nil {
		return rest.Response{}, err
	}
	l, err := limitOf(c.Request)
	if err != nil {
		return rest.Response{}, err
	}
	f := &feed{server: s, resource: c.Path["resource"], event: event, limit: l}
	return rest.Response{Stream: f.run}, nil
}

// A feed is a stream that is being sent.
type feed struct {
	server   *Server
	resource string
	event    string
	limit    limit
	seen     int // lines of the resource that were looked at
	sent     int
}

func (f *feed) run(w http.ResponseWriter, r *http.Request) error {
	control := http.NewResponseController(w)
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		end := f.send(w)
		_ = control.Flush() // what keeps responses whole has nothing to flush
		if end != "" {
			return nil
		}
		select {
		case <-r.Context().Done():
			return rest.ErrCut
		case <-tick.C:
			fmt.Fprint(w, "event: HEARTBEAT\ndata: {}\n\n")
		}
	}
}

// send sends the lines that are new, and returns why there will be no more; "": there
// may be.
func (f *feed) send(w http.ResponseWriter) string {
	all := lines(f.server.store.World(), f.resource)
	for _, x := range all[min(f.seen, len(all)):] {
		f.seen++
		if !f.limit.holds(x) {
			continue
		}
		text, err := json.Marshal(x)
		if err != nil { // our own types can be written
			continue
		}
		fmt.Fprintf(w, "event: %s\nid: %s\ndata: %s\n\n", f.event, x.ID, text)
		if f.sent++; f.sent == f.limit.count {
			break
		}
	}
	end := ""
	switch {
	case f.limit.count > 0 && f.sent >= f.limit.count:
		end = "LIMIT_REACHED"
	case !f.limit.until.IsZero() && !f.server.now().Before(f.limit.until):
		end = "UNTIL_REACHED"
	}
	if end != "" {
		fmt.Fprintf(w, "event: END_OF_STREAM\ndata: {\"endedBy\":%q}\n\n", end)
	}
	return end
}
