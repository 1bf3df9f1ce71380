package report

import (
	"cmp"
	"embed"
	gojson "encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/engine"
)

// An HTML reports a run as one page that needs nothing from elsewhere: how it ended, what
// failed at which line, what changed or would, what was under way when, what waits for
// what. The page's data stand in it as JSON, too, in the element "run".
type HTML struct {
	summary
	out   sink
	graph func() string
}

// NewHTML makes a reporter that writes a page at the end.
func NewHTML(opt Options) *HTML {
	return &HTML{summary: summary{record: record{run: opt.Run, secrets: opt.Secrets}, masker: masker{opt.Secrets}}, out: sink{w: opt.Out}, graph: opt.Graph}
}

// Err returns the error of writing the page, nil if there was none.
func (h *HTML) Err() error { return h.out.err }

// End writes the page.
func (h *HTML) End(end End) {
	h.end = end
	data := h.data()
	text, err := gojson.MarshalIndent(data, "", " ") // in which <, > and & are escaped
	if err == nil {
		page := htmlPage{htmlData: data, JSON: template.JS(text)} //nolint:gosec // see above
		if h.graph != nil && !end.Running {
			page.Graph = template.HTML(h.masker.text(h.graph())) //nolint:gosec // the picture escapes what it shows
		}
		var b strings.Builder
		err = pages().ExecuteTemplate(&b, "page.html", page)
		h.out.write(b.String())
	}
	h.out.err = cmp.Or(h.out.err, err)
}

//go:embed page.html page.css
var pageFiles embed.FS

// pages returns the page's template. It is read when it is first needed: most runs have
// no page.
var pages = sync.OnceValue(func() *template.Template {
	css, _ := pageFiles.ReadFile("page.css")
	return template.Must(template.New("").Funcs(template.FuncMap{
		"css":     func() template.CSS { return template.CSS(css) }, //nolint:gosec // ours
		"diff":    diffClass,
		"percent": func(part, whole float64) float64 { return min(100, 100*part/max(whole, 0.001)) },
		"day": func(stamp any) string {
			at, err := time.Parse(time.RFC3339, fmt.Sprint(stamp))
			if err != nil {
				return ""
			}
			return at.Format("2 January 2006, 15:04:05 MST")
		},
		"seconds": func(s float64) string {
			return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
		},
	}).ParseFS(pageFiles, "page.html"))
})

// diffClass returns the class of a line of a diff.
func diffClass(line string) string {
	switch {
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "@@"):
		return "at"
	case strings.HasPrefix(line, "+"):
		return "added"
	case strings.HasPrefix(line, "-"):
		return "removed"
	}
	return "same"
}

// What a page is made of.
type (
	htmlPage struct {
		htmlData
		JSON  template.JS
		Graph template.HTML
	}
	htmlData struct {
		Title      string      `json:"title"`
		State      string      `json:"state"` // as in the other reports
		Good       bool        `json:"good"`
		Check      bool        `json:"check"`
		Playbooks  []string    `json:"playbooks"`
		Start      any         `json:"start"` // RFC 3339; nil where it is not known
		End        any         `json:"end"`   // nil while the run goes on
		Exit       *int        `json:"exit"`
		Seconds    float64     `json:"seconds"`
		Counts     []htmlCount `json:"counts"`
		Drift      int         `json:"drift"` // attributes that differ from what is declared, or did before the run
		Problems   []string    `json:"problems"`
		NotStarted string      `json:"notStarted"`
		Warnings   []string    `json:"warnings"`
		Plan       string      `json:"plan"`    // of a check: what there is to do, and what it costs
		Consent    string      `json:"consent"` // which consents are lacking
		Plays      []htmlPlay  `json:"plays"`
	}
	htmlCount struct {
		What string `json:"what"`
		N    int    `json:"n"`
	}
	htmlPlay struct {
		Name     string     `json:"name"`
		Playbook string     `json:"playbook"`
		Tasks    []htmlTask `json:"tasks"`
	}
	htmlChange struct {
		Action      string   `json:"action"`
		Does        string   `json:"does"` // the action with its risk
		Object      string   `json:"object"`
		Differences []string `json:"differences"`
		Price       string   `json:"price"`
		Consent     string   `json:"consent"`
	}
	htmlTask struct {
		Name    string       `json:"name"`
		Kind    string       `json:"kind"`
		Place   string       `json:"place"`
		Outcome string       `json:"outcome"`
		What    string       `json:"what"`  // what it did, or why it did not
		Start   float64      `json:"start"` // seconds after the run began
		Seconds float64      `json:"seconds"`
		Changes []htmlChange `json:"changes"`
		Diff    []string     `json:"diff"`
		Problem string       `json:"problem"`
		Excerpt string       `json:"excerpt"`
	}
)

// data returns what the page shows.
func (h *HTML) data() htmlData {
	d := htmlData{Title: h.title(), State: h.how(), Good: !h.failed(), Check: h.run.Check, Start: stamp(h.run.Began),
		Playbooks: []string{}, Counts: h.counts(), Problems: orEmpty(h.problems(h.masker)), NotStarted: h.notStarted,
		Warnings: orEmpty(h.warnings), Plays: []htmlPlay{}, Seconds: h.took.Seconds()}
	for _, name := range h.run.Playbooks {
		d.Playbooks = append(d.Playbooks, line(h.masker.text(name)))
	}
	if !h.end.Running {
		d.End, d.Exit = stamp(h.end.Time), &h.end.Exit
	}
	d.Consent = h.plan.ConsentText()
	if h.run.Check {
		d.Plan = h.plan.String()
	}
	for _, p := range h.plays {
		play := htmlPlay{p.name, p.playbook, []htmlTask{}}
		for _, r := range p.rows {
			task := h.task(r)
			d.Seconds = max(d.Seconds, task.Start+task.Seconds)
			play.Tasks = append(play.Tasks, task)
			if r.outcome == engine.Changed {
				for _, part := range r.about() {
					d.Drift += part.drift
				}
			}
		}
		d.Plays = append(d.Plays, play)
	}
	return d
}

func (h *HTML) task(r row) htmlTask {
	t := htmlTask{Name: r.name, Kind: r.kind, Place: r.place, Outcome: r.outcome.String(), What: r.what(),
		Seconds: r.took.Seconds(), Diff: orEmpty(r.diff), Problem: r.problem, Excerpt: r.excerpt}
	t.Changes = []htmlChange{}
	for _, c := range r.changes {
		t.Changes = append(t.Changes, htmlChange{c.Action.String(), c.Does(), c.Object, orEmpty(c.Differences()), c.PriceText(), c.ConsentText()})
	}
	if !r.start.IsZero() && !h.run.Began.IsZero() {
		t.Start = max(0, r.start.Sub(h.run.Began).Seconds())
	}
	return t
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// counts returns the counts that are not zero.
func (h *HTML) counts() []htmlCount {
	s := h.stats
	all := []htmlCount{{"ok", s.OK}, {"changed", s.Changed}, {"failed", s.Failed}, {"skipped", s.Skipped}, {"rescued", s.Rescued},
		{"ignored", s.Ignored}, {"not started", s.Blocked}, {untilApplied, s.Unknown}}
	return slices.DeleteFunc(all, func(c htmlCount) bool { return c.N == 0 })
}

// Failed returns the tasks that failed, whatever came of that.
func (d htmlData) Failed() []htmlTask {
	return d.tasks(func(t htmlTask) bool { return t.Problem != "" })
}

// Changed returns the tasks that changed something, or would.
func (d htmlData) Changed() []htmlTask {
	return d.tasks(func(t htmlTask) bool {
		return t.Outcome == engine.Changed.String() || t.Problem == "" && len(t.Changes) > 0
	})
}

// Timed returns the tasks that took time.
func (d htmlData) Timed() []htmlTask {
	return d.tasks(func(t htmlTask) bool { return t.Seconds > 0 && t.Outcome != engine.Skipped.String() })
}

func (d htmlData) tasks(wanted func(htmlTask) bool) (all []htmlTask) {
	for _, p := range d.Plays {
		for _, t := range p.Tasks {
			if wanted(t) {
				all = append(all, t)
			}
		}
	}
	return all
}
