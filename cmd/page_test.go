package cmd_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"runner/clever/emulator"
)

// TestReportInChromium opens the page of a run as a user does: it asks for nothing,
// complains of nothing, is as wide as the screen, and as light or dark as it is wanted.
func TestReportInChromium(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.on(t, emulator.Options{})
	book := s.file(t, "site.yml", `- name: Shop & <b>sons</b>
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Order a database whose name is long enough to be broken on a telephone
      addon_register: {name: shop-database-with-a-long-name, provider: pg, details: {plan: dev}}
      register: db
    - name: Show it
      debug: {msg: "{{ db.env.POSTGRESQL_ADDON_URI }}"}
    - name: Order another
      assert: {that: ["db.name == 'other'"]}
`)
	path := filepath.Join(s.dir, "run.html")
	if code, out, stderr := s.run("play", "--diff", "--report", "html="+path, book); code != 2 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	v := &viewer{shell: s, t: t, ctx: shared.Tab(t)}
	var mu sync.Mutex
	var requests []string
	if err := chromedp.Listen(v.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, e.Request.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	v.do(chromedp.Navigate("file://" + path))
	v.showsRun()
	colours := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		v.do(prefers(scheme))
		colours[v.eval("getComputedStyle(document.body).backgroundColor")] = scheme
		for _, width := range []int64{390, 1280} {
			v.do(chromedp.EmulateViewport(width, 800))
			v.until("document.documentElement.scrollWidth <= innerWidth")
		}
	}
	if len(colours) != 2 {
		t.Errorf("light and dark are the same: %v", colours)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, address := range requests {
		if address != "file://"+path && address != "data:," {
			t.Errorf("the page asked for %s", address)
		}
	}
	if len(requests) == 0 {
		t.Error("not even the page was asked for")
	}
}

// prefers makes the user one who wants light or dark.
func prefers(scheme string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return chromedp.Void{}, err
	}
}

// showsRun looks at the parts of the page.
func (v *viewer) showsRun() {
	v.t.Helper()
	for css, want := range map[string]string{
		"h1":               "The run failed",
		"#failed article":  "Assertion failed",
		"#failed .excerpt": "11 |",
		"#changed article": `create add-on "shop-database-with-a-long-name"`,
		"#changed .added":  "+{",
		"#timeline":        "Show it",
		"#graph svg":       "Order another",
		"#tasks":           "Shop & <b>sons</b>",
		".tiles .failed":   "1 failed",
		"#timeline .bar":   "",
		"header code":      "site.yml",
	} {
		if text := v.eval(`document.querySelector("` + css + `")?.textContent ?? "(nothing there)"`); !strings.Contains(strings.Join(strings.Fields(text), " "), want) || text == "(nothing there)" {
			v.t.Errorf("%s shows %q, want %q", css, text, want)
		}
	}
	if state := v.eval(`JSON.parse(document.getElementById("run").textContent).plays[0].tasks.map(t => t.outcome).join()`); state != "changed,ok,failed" {
		v.t.Errorf("the data say %s", state)
	}
}
