package report

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"runner/engine"
)

// pageData is a report of the data that stand in an HTML page.
type pageData struct {
	*HTML
	page *bytes.Buffer
	out  io.Writer
	err  error
}

func newPageData(o Options) Reporter {
	d := &pageData{page: &bytes.Buffer{}, out: o.Out}
	o.Out = d.page
	d.HTML = NewHTML(o)
	return d
}

var inPage = regexp.MustCompile(`(?s)<script type="application/json" id="run">(.*?)</script>`)

func (d *pageData) Err() error { return d.err }

func (d *pageData) End(end End) {
	d.HTML.End(end)
	if found := inPage.FindSubmatch(d.page.Bytes()); found != nil {
		_, d.err = d.out.Write(append(found[1], '\n'))
	}
}

func page(o Options) Reporter { return NewHTML(o) }

// TestAPageNeedsNothingFromElsewhere: it holds no address that a browser would ask, no
// program, and none of what a playbook says as markup.
func TestAPageNeedsNothingFromElsewhere(t *testing.T) {
	events := whole()
	hostile := engine.TaskEnd{Step: &engine.Step{Kind: register}, Name: `</script><img src=x onerror=alert(1)>"'&`, Outcome: engine.Changed,
		Diff: true, Change: &engine.Change{Action: engine.Create, Object: `</pre><script>alert(2)</script>`,
			Attrs: []engine.Attr{{Path: "plan", After: `</span><script src="https://shop.example/x.js"></script>`}}}}
	events = append(events[:len(events)-1], hostile, events[len(events)-1])
	text := summarised(t, page, events)
	for _, wrong := range []string{"<img", "<script>", "<script src", "</pre><script", "http-equiv=\"refresh\"", "url(", "@import", "<iframe", "<link rel=\"stylesheet\""} {
		if strings.Contains(text, wrong) {
			t.Errorf("the page holds %s", wrong)
		}
	}
	if n := strings.Count(text, "<script"); n != 1 {
		t.Errorf("there are %d scripts, want the data alone", n)
	}
	if addresses := regexp.MustCompile(`(?:src|href)="[^"]*"`).FindAllString(text, -1); len(addresses) != 1 || addresses[0] != `href="data:,"` {
		t.Errorf("the page names %q", addresses)
	}
	for _, shown := range []string{"Order a bad plan", "did you mean &#34;xxs_sml&#34;", "7 |         details: {plan: xxs_sm", `class="added"`, `id="timeline"`} {
		if !strings.Contains(text, shown) {
			t.Errorf("the page does not show %s", shown)
		}
	}
}

// TestAPageOfARunThatHasNotEnded says that, and holds no picture.
func TestAPageOfARunThatHasNotEnded(t *testing.T) {
	var out strings.Builder
	h := NewHTML(Options{Out: &out, Run: Run{Playbooks: []string{"site.yml"}, Began: dawn}, Graph: func() string { t.Error("a picture was drawn"); return "" }})
	h.End(End{Running: true})
	if text := out.String(); !strings.Contains(text, "The run has not ended, or was killed.") || !strings.Contains(text, `"state": "running"`) || strings.Contains(text, "exit code") {
		t.Error(text)
	}
}

// TestAPicturesSecretsAreMasked: the graph shows names that a playbook may have secrets in.
func TestAPicturesSecretsAreMasked(t *testing.T) {
	secrets := &engine.Secrets{}
	secrets.Add("s3cr3t-value")
	var out strings.Builder
	h := NewHTML(Options{Out: &out, Secrets: secrets, Graph: func() string { return "<svg><text>s3cr3t-value</text></svg>" }})
	h.End(End{})
	if text := out.String(); !strings.Contains(text, "<svg><text>********</text></svg>") || strings.Contains(text, "s3cr3t") {
		t.Error(text)
	}
}
