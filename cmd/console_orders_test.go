package cmd_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"runner/clever"
	"runner/clever/emulator"
	"runner/clever/emulator/market"
)

// choose has a select of the page show the option that begins with some words.
func (v *viewer) choose(id, words string) {
	v.t.Helper()
	v.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		const s = document.getElementById(%q);
		s.value = [...s.options].find((o) => o.textContent.startsWith(%q)).value;
		s.dispatchEvent(new Event("change"));
	})()`, id, words)))
}

// row waits until an add-on's row has some words in it.
func (v *viewer) row(name, words string) {
	v.t.Helper()
	v.until(fmt.Sprintf(`[...document.querySelectorAll("tr[data-addon]")].some((tr) =>
		tr.querySelector(".name").textContent === %q && tr.textContent.includes(%q))`, name, words))
}

// TestConsoleOrders orders, changes and removes by the page, and meets refusals.
func TestConsoleOrders(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	addons := func() []clever.Addon { return v.e.Addons(v.e.User()) }
	const evil = `<img src=x onerror="document.title='pwned'">`

	// by keyboard, with what the platform refuses first
	v.until(`!document.getElementById("order-open").disabled`)
	v.do(chromedp.Focus(chromedp.CSS("#order-open")))
	v.key("\r")
	v.until(`document.activeElement.id === "order-name" && document.getElementById("order-plan").length > 0`)
	v.choose("order-provider", "Redis")
	v.choose("order-plan", "S Mono")
	v.choose("order-zone", "rbx")
	v.key("   \r")
	v.until(`document.querySelector("#order .said").textContent.includes("The name is wrong: it is empty.")`)
	v.key(evil + "\r")
	v.row(evil, "S Mono")
	v.until(`!document.getElementById("order").open && document.activeElement.classList.contains("open")`)
	if list := addons(); len(list) != 1 || list[0].Name != evil || list[0].Region != "rbx" {
		t.Fatalf("ordered: %+v", list)
	}

	// on a phone nothing is cut off, in a form neither
	v.do(chromedp.EmulateViewport(360, 700))
	v.until(`document.documentElement.scrollWidth <= 360`)
	v.click("#order-open")
	v.until(`document.getElementById("order").getBoundingClientRect().right <= 360 && document.getElementById("order").scrollWidth <= 360`)
	v.key("\x1b")
	v.do(chromedp.EmulateViewport(1280, 800))

	// a plan
	v.click("tr.detail:not([hidden]) .change")
	v.until(`document.getElementById("change-plan").value !== ""`)
	v.choose("change-plan", "M Mono")
	v.click("#change [type=submit]")
	v.row(evil, "M Mono")
	if err := v.e.Fail(emulator.Fault{Path: "/migrations", Kind: emulator.MigrationFailed}); err != nil {
		t.Fatal(err)
	}
	v.click("tr.detail:not([hidden]) .change")
	v.until(`document.getElementById("change-plan").value !== ""`)
	v.choose("change-plan", "S Mono")
	v.click("#change [type=submit]")
	v.until(`document.querySelector("#change .said").textContent === "The last change failed: the data could not be copied"`)
	v.click("#change .cancel")
	v.row(evil, "the data could not be copied")
	v.row(evil, "M Mono")

	// the end: only when it is meant
	v.click("tr.detail:not([hidden]) .remove")
	v.until(`document.activeElement.textContent === "Keep it"`)
	v.key("\r")
	v.until(`!document.getElementById("remove").open`)
	if len(addons()) != 1 {
		t.Error("removed without consent")
	}
	v.click("tr.detail:not([hidden]) .remove")
	v.click("#remove [type=submit]")
	v.until(`document.querySelectorAll("tr[data-addon]").length === 0 && document.activeElement.id === "order-open"`)
	if list := addons(); len(list) != 0 || v.eval("document.title") != "runner emulator" {
		t.Errorf("left: %+v", list)
	}
}

// TestConsoleOfVendor sees a vendor at work while the page is open, opens the
// dashboard, and reads why the vendor refuses something.
func TestConsoleOfVendor(t *testing.T) {
	t.Parallel()
	b, err := newBackend(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.server.Close)
	goOn := make(chan struct{})
	b.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/resources") { // a browser asks for an icon, too
			<-goOn
		}
		b.ServeHTTP(w, r)
	})
	v := newViewer(t, market.Vendor{Manifest: b.manifest, Dialect: b.m.Dialect, Plans: []string{"small", "huge"}})
	t.Cleanup(func() {
		close(goOn)
		if err := v.e.Close(); err != nil {
			t.Error(err)
		}
	})
	v.until(`!document.getElementById("order-open").disabled`)
	v.click("#order-open")
	v.until(`document.activeElement.id === "order-name" && document.getElementById("order-plan").length > 0`)
	v.choose("order-provider", "tinykv")
	v.key("kv\r")
	v.row("kv", "provisioning")
	v.until(`document.querySelector("#order[data-busy] [type=submit]").textContent === "Ordering…"`)
	goOn <- struct{}{}
	v.row("kv", "active")
	v.until(`document.activeElement.classList.contains("open")`)

	tab := chromedp.WaitNewTarget(v.ctx, func(info *target.Info) bool { return strings.HasPrefix(info.URL, b.server.URL) })
	v.click("tr.detail:not([hidden]) form button")
	there, left := chromedp.NewContext(v.ctx, chromedp.WithTargetID(<-tab))
	shown, err := chromedp.Run(there, chromedp.Text(chromedp.CSS("body")))
	if err != nil || !strings.HasPrefix(shown, "kv-") {
		t.Errorf("the dashboard shows %q, %v", shown, err)
	}
	left()

	v.click("tr.detail:not([hidden]) .change")
	v.until(`document.getElementById("change-plan").value !== ""`)
	v.choose("change-plan", "Huge")
	v.click("#change [type=submit]")
	v.row("kv", "changing to Huge")
	goOn <- struct{}{}
	v.until(`document.querySelector("#change .said").textContent.includes("there is only small, ********")`)
	v.row("kv", "Small")
	v.click("#change .cancel")

	v.click("tr.detail:not([hidden]) .remove")
	v.click("#remove [type=submit]")
	v.row("kv", "removing")
	v.until(`document.querySelector(".actions").hidden`)
	goOn <- struct{}{}
	v.until(`document.querySelectorAll("tr[data-addon]").length === 0`)
}
