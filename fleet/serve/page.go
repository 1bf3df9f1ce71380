package serve

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"runner/fleet/control"
	"runner/fleet/flow"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// perPage is how many playbooks a page has, and waitingPerPage how many plays that wait.
const perPage, waitingPerPage = 100, 50

// A page is what the template shows.
type page struct {
	Title     string
	User      string // "": nobody may consent here
	Namespace string
	Message   string // what came of a form
	Wrong     string // why it came to nothing, or why what is shown is old
	Refresh   bool
	At        time.Time
	Tabs      []tab
	Show      string // the tab
	Search    string
	Waiting   []waiting
	More      int // how many more wait
	Rows      []row
	Found     int // on all pages
	Page      int
	Previous  string // addresses; "": there is none
	Following string
	now       time.Time
	ui        string
}

// A tab is a choice of playbooks.
type tab struct {
	Name, Label, Address string
	Count                int
}

// A waiting is a play that waits for consent.
type waiting struct {
	control.PlayInfo
	Shown string // the digest of what it needs
	Said  string // what somebody said of it just now
}

// A row is a playbook.
type row struct {
	control.Playbook
	Run, Looked *cell // the latest play, and the latest check
}

// A cell is a play in a row.
type cell struct {
	control.PlayInfo
	Class string // good, bad, busy or warn
	When  time.Time
	Link  string
}

// headers keep a page to itself: no scripts, no frames, nothing from elsewhere.
var headers = map[string]string{
	"Cache-Control":           "no-store",
	"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"Referrer-Policy":         "same-origin",
	"X-Content-Type-Options":  "nosniff",
	"X-Frame-Options":         "DENY",
}

// overview shows the page.
func (s *Server) overview(w http.ResponseWriter, r *http.Request, user string) {
	message := map[string]string{"approve": "Approved: it goes on.", "deny": "Denied: it ends."}[r.URL.Query().Get("said")]
	s.show(w, r, user, http.StatusOK, page{Message: message, Refresh: true})
}

// show writes a page with what there is to see.
func (s *Server) show(w http.ResponseWriter, r *http.Request, user string, code int, p page) {
	o, err := s.look(r.Context())
	if err != nil {
		s.Logger.Warn("there is no new overview", "error", err)
		p.Wrong = strings.TrimSpace(p.Wrong + " The server of the workflows does not respond.")
		if o == nil {
			o, code = &control.Overview{}, http.StatusServiceUnavailable
		}
	}
	if o.Unreadable != "" {
		p.Wrong = strings.TrimSpace(p.Wrong + " Some plays cannot be read: " + o.Unreadable + ".")
	}
	p.User, p.Namespace, p.ui, p.now, p.At = user, s.Settings.Server.Namespace, s.Settings.Serve.UI, time.Now(), o.At
	p.fill(o, r.URL.Query(), s.said)
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, p); err != nil {
		s.Logger.Error("the page cannot be written", "error", err)
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(text.Bytes()) // who asked may have gone
}

// filters are the tabs, by the word of the address.
var filters = []struct {
	name, label string
	control.Filter
}{
	{"", "All", control.Filter{}},
	{"waiting", "Waiting", control.Filter{Waiting: true}},
	{"failed", "Failed", control.Filter{Failed: true}},
	{"drift", "Drift", control.Filter{Drift: true}},
}

// fill chooses what the page shows of an overview.
func (p *page) fill(o *control.Overview, query url.Values, said func(control.PlayInfo) string) {
	p.Title = "Fleet"
	p.Search = query.Get("q")
	var found []control.Playbook
	for _, f := range filters {
		chosen := o.Filter(f.Filter)
		p.Tabs = append(p.Tabs, tab{f.name, f.label, address(f.name, p.Search, 1), len(chosen)})
		if f.name == query.Get("show") {
			p.Show, found = f.name, chosen
		}
	}
	if found == nil {
		found = o.Playbooks
	}
	if words := strings.Fields(strings.ToLower(p.Search)); len(words) > 0 {
		found = slices.DeleteFunc(slices.Clone(found), func(b control.Playbook) bool {
			return slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(strings.ToLower(b.Name), word) })
		})
	}
	for _, play := range o.Waiting[:min(len(o.Waiting), waitingPerPage)] {
		p.Waiting = append(p.Waiting, waiting{play, control.Digest(play.Needs), said(play)})
	}
	p.More = len(o.Waiting) - len(p.Waiting)
	p.paginate(found, query.Get("page"))
}

// paginate takes the rows of one page.
func (p *page) paginate(found []control.Playbook, number string) {
	p.Found = len(found)
	last := max(1, (len(found)+perPage-1)/perPage)
	p.Page, _ = strconv.Atoi(number)
	p.Page = min(max(p.Page, 1), last)
	for _, b := range found[(p.Page-1)*perPage : min(p.Page*perPage, len(found))] {
		p.Rows = append(p.Rows, row{b, p.cell(b.Play), p.cell(b.Check)})
	}
	if p.Page > 1 {
		p.Previous = address(p.Show, p.Search, p.Page-1)
	}
	if p.Page < last {
		p.Following = address(p.Show, p.Search, p.Page+1)
	}
}

// address returns that of a page.
func address(show, search string, number int) string {
	values := url.Values{}
	if show != "" {
		values.Set("show", show)
	}
	if search != "" {
		values.Set("q", search)
	}
	if number > 1 {
		values.Set("page", strconv.Itoa(number))
	}
	if len(values) == 0 {
		return "/"
	}
	return "/?" + values.Encode()
}

// Address is that of the page itself, without what came of a form.
func (p page) Address() string { return address(p.Show, p.Search, p.Page) }

func (p page) cell(play *control.PlayInfo) *cell {
	if play == nil {
		return nil
	}
	c := &cell{PlayInfo: *play, When: play.Ended, Link: p.Link(*play), Class: "good"}
	switch {
	case play.Waiting():
		c.Class = "warn"
	case play.Running():
		c.Class = "busy"
	case play.Failed():
		c.Class = "bad"
	case play.Drifted():
		c.Class = "warn"
	}
	if play.Running() {
		c.When = play.Began
	}
	return c
}

// Link returns the address of a play among the server's own pages; "" where fleet.yml does
// not say where those are.
func (p page) Link(play control.PlayInfo) string {
	if p.ui == "" {
		return ""
	}
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s/%s/history", strings.TrimSuffix(p.ui, "/"), url.PathEscape(p.Namespace), url.PathEscape(play.ID), url.PathEscape(play.Run))
}

// Clock writes a time for machines and for those who want it exactly.
func (p page) Clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// Ago says how long ago a time is, or in how long it comes.
func (p page) Ago(t time.Time) string {
	d := p.now.Sub(t)
	switch {
	case d.Abs() < time.Minute && d >= 0:
		return "now"
	case d.Abs() < time.Minute:
		return "in a minute"
	case d < 0:
		return "in " + span(-d)
	}
	return span(d) + " ago"
}

// span writes a duration by its largest unit.
func span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// Short writes a commit as people do.
func (p page) Short(commit string) string { return commit[:min(len(commit), 10)] }

// consent takes what a user says of a play that waits, for just what the user was shown.
func (s *Server) consent(w http.ResponseWriter, r *http.Request, user string) {
	if user == "" {
		http.Error(w, "nobody may consent here: set users_file or user_header of serve in fleet.yml, or use runner fleet approve", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	id, shown, say := r.PostForm.Get("play"), r.PostForm.Get("shown"), r.PostForm.Get("say")
	if id == "" || shown == "" || say != "approve" && say != "deny" {
		http.Error(w, "the form lacks play, shown, or say: approve or deny", http.StatusBadRequest)
		return
	}
	needs, err := s.say(r.Context(), id, control.Consent{By: user, Denied: say == "deny", Shown: shown})
	if err != nil {
		s.Logger.Warn("consent was not taken", "user", user, "play", id, "say", say, "error", err)
		s.show(w, r, user, refused(err), page{Wrong: "Nothing was said of it: " + err.Error() + "."})
		return
	}
	s.Logger.Info("consent", "user", user, "play", id, "say", say, "changes", flow.Listed(needs))
	s.note(id+shown, map[string]string{"approve": "approved", "deny": "denied"}[say]+" by "+user)
	http.Redirect(w, r, "/?said="+say, http.StatusSeeOther)
}

// refused returns the status of consent that could not be taken.
func refused(err error) int {
	if _, changed := errors.AsType[*control.ChangedError](err); changed {
		return http.StatusConflict
	}
	if _, none := errors.AsType[*control.NoPlayError](err); none {
		return http.StatusNotFound
	}
	if _, late := errors.AsType[*control.NotWaitingError](err); late {
		return http.StatusConflict
	}
	return http.StatusBadGateway
}

// noteTime is how long what was said is shown: until the server's lists have it.
const noteTime = 15 * time.Second

// note remembers what was said of a play.
func (s *Server) note(what, text string) {
	s.notes.Store(what, text)
	time.AfterFunc(noteTime, func() { s.notes.Delete(what) })
}

// said returns what was said of a play just now; "" if nothing was.
func (s *Server) said(play control.PlayInfo) string {
	text, _ := s.notes.Load(play.ID + control.Digest(play.Needs))
	said, _ := text.(string)
	return said
}
