package cmd_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"runner/clever/emulator"
	"runner/clever/emulator/console"
	"runner/clever/emulator/market"
)

// A viewer looks at the emulator's page in a browser, while a shell plays.
type viewer struct {
	*shell
	t   *testing.T
	ctx context.Context
	e   *emulator.Emulator
}

func newViewer(t *testing.T, vendors ...market.Vendor) *viewer {
	t.Helper()
	s := newShell(t)
	e := s.on(t, emulator.Options{Vendors: vendors})
	page := console.New(e, "127.0.0.1:0")
	server := httptest.NewServer(page)
	t.Cleanup(server.Close)
	t.Cleanup(page.Close) // before the server, which waits
	s.env["API_HOST"] = server.URL
	v := &viewer{shell: s, t: t, ctx: shared.Tab(t), e: e} // the tab is closed before the server that it asks
	v.do(chromedp.Navigate(server.URL))
	v.until(`document.querySelector(".link.live")`)
	return v
}

func (v *viewer) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.t.Fatal(err)
	}
}

// until waits for an expression of the page to become true.
func (v *viewer) until(expression string) {
	v.t.Helper()
	script := fmt.Sprintf("new Promise((done) => { const look = () => (%s) ? done(true) : setTimeout(look, 10); look(); })", expression)
	ctx, cancel := context.WithTimeout(v.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](script, chromedp.EvalAwaitPromise)); err != nil {
		v.t.Fatalf("never: %s: %v\n%s", expression, err, v.eval("document.body.innerText"))
	}
}

func (v *viewer) eval(expression string) string {
	v.t.Helper()
	text, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		v.t.Fatal(err)
	}
	return text
}

func (v *viewer) html() string {
	v.t.Helper()
	return v.eval("document.documentElement.outerHTML")
}

func (v *viewer) click(css string) {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS(css)))
}

// key presses a key wherever the focus is.
func (v *viewer) key(keys string) {
	v.t.Helper()
	v.do(chromedp.KeyEvent(keys))
}

func (v *viewer) play(n, want int) {
	v.t.Helper()
	if code, out, stderr := v.run("play", v.file(v.t, "site.yml", orders(n))); code != want {
		v.t.Fatalf("exit %d, want %d\n%s%s", code, want, out, stderr)
	}
}

func TestConsoleInChromium(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	v.until(`document.getElementById("total").textContent === "0"`)
	v.play(2, 0)
	v.until(`document.querySelectorAll("tr[data-addon]").length === 2`)
	v.until(`document.getElementById("requests").textContent.includes("POST/v2/self/addons")`)
	v.variables()

	// a fault that the next play feels
	v.do(chromedp.Focus(chromedp.CSS("#fault")))
	v.key("=expired\r")
	v.until(`document.getElementById("faults").textContent === "=expired"`)
	v.play(2, 5)
	v.until(`document.querySelector("#requests .status.asked")?.textContent === "401"`)
	v.click("#recover")
	v.until(`document.getElementById("faults").children.length === 0`)
	v.play(3, 0)
	v.until(`document.querySelectorAll("tr[data-addon]").length === 3`)
	v.do(chromedp.Focus(chromedp.CSS("#fault")))
	v.key("nonsense\r")
	v.until(`document.querySelector("#said.bad")?.textContent.includes("it has no =")`)

	// a reset asks first
	v.do(chromedp.Focus(chromedp.CSS("#reset")))
	v.key("\r")
	v.until(`document.getElementById("sure").open && document.activeElement.id === "keep"`)
	v.key("\x1b")
	v.until(`!document.getElementById("sure").open && document.activeElement.id === "reset"`)
	if list := v.e.Addons(v.e.User()); len(list) != 3 {
		t.Errorf("%d add-ons are left by a reset that was not wanted", len(list))
	}
	v.click("#reset")
	v.click("#wipe")
	v.until(`document.querySelectorAll("tr[data-addon], #requests tr").length === 0`)
	if list := v.e.Addons(v.e.User()); len(list) != 0 {
		t.Errorf("%d add-ons are left", len(list))
	}
}

// variables shows values and hides them again: they are in the page only while
// somebody wants to see them.
func (v *viewer) variables() {
	v.t.Helper()
	secrets := secretsOf(v.t, v.shell, v.e)
	if len(secrets) == 0 {
		v.t.Fatal("no secrets to look for")
	}
	seen := func() bool {
		page := v.html()
		return slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(page, s) })
	}
	v.click("tr[data-addon] .open")
	if seen() {
		v.t.Error("values are in the page before they are asked for")
	}
	v.click("tr.detail:not([hidden]) .plain")
	v.until(`document.querySelector("tr.detail:not([hidden]) dd:not(.masked)")`)
	if !seen() {
		v.t.Error("values are not shown")
	}
	v.click("tr.detail:not([hidden]) .plain")
	v.until(`!document.querySelector("dd:not(.masked)")`)
	if seen() {
		v.t.Error("values stay in the page")
	}
}

// A keyboard reaches everything, sees where it is, and is caught nowhere.
func TestConsoleByKeyboard(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	v.play(1, 0)
	v.until(`document.querySelectorAll("tr[data-addon]").length === 1`)
	var way []string
	for range 20 {
		v.key("\t")
		way = append(way, v.eval(`(() => {
			const e = document.activeElement;
			if (e === document.body) return "";
			const shown = getComputedStyle(e).outlineStyle !== "none";
			return (e.id || e.dataset.fault || e.className) + (shown ? "" : " without an outline");
		})()`))
	}
	want := []string{"skip", "reset", "filter", "order-open", "open", "POST:/addons$:1=cut-after", "POST:/addons$=503", "=slow,2s",
		"=expired", "fault", "go", "pause", "scroll"}
	if len(way) < len(want) || !slices.Equal(way[:len(want)], want) {
		t.Errorf("went %q", way)
	}
	if !slices.Contains(way[len(want):], "skip") {
		t.Errorf("caught at the end: %q", way)
	}
}
