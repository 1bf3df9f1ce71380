package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"runner/chromium"
	"runner/fleet/control"
	"runner/fleet/settings"
)

// send sends a command to the tab.
func send[P any](command cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, command, params)
		return chromedp.Void{}, err
	}
}

// TestThePageInChromium: on a telephone and on a desktop, light and dark, nothing is wider
// than the window, buttons are large enough for a thumb, and text stands out from its
// ground; who presses Approve consents to what was shown. With FLEET_SCREENSHOTS=FOLDER
// it writes what it sees.
func TestThePageInChromium(t *testing.T) {
	p := newPageTest(t, 130, settings.Serve{Users: "ann", UI: "https://temporal.example"})
	var browser chromium.Browser
	t.Cleanup(browser.End)
	ctx, late := context.WithTimeout(browser.Tab(t), 2*time.Minute)
	defer late()
	authorized := send(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Authorization": "Basic YW5uOmEgcGFzc3dvcmQ="}})
	if err := chromedp.Do(ctx, authorized); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{360, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(fmt.Sprint(width, scheme), func(t *testing.T) {
				look(ctx, t, p.URL, width, scheme)
			})
		}
	}
	if err := chromedp.Do(ctx, chromedp.Focus(chromedp.CSS("button[value=approve]"))); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.WaitEvent(cdppage.LoadEventFired, nil, chromedp.KeyEvent("\r"))); err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("[role=status]")))
	if err != nil || text != "Approved: it goes on." {
		t.Errorf("the page says %q, %v", text, err)
	}
	if len(p.said) != 1 || p.said[0] != (control.Consent{By: "ann", Shown: control.Digest(p.o.Waiting[0].Needs)}) {
		t.Errorf("taken: %+v", p.said)
	}
}

// measure is what a browser finds out about a page: what is wider than the window, which
// buttons are small, and the least contrast of text and its ground.
const measure = `JSON.stringify((() => {
  const rgb = text => text.match(/[\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  let contrast = 99, where = "";
  for (const e of document.querySelectorAll("main *, header *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.offsetParent) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const c = (a + .05) / (b + .05);
    if (c < contrast) { contrast = c; where = e.outerHTML.slice(0, 80); }
  }
  return { Width: document.documentElement.scrollWidth, Window: innerWidth, Contrast: contrast, Where: where,
    Small: [...document.querySelectorAll("button")].filter(b => b.offsetHeight < 36 || b.offsetWidth < 44).length,
    Buttons: document.querySelectorAll(".card button").length, Ground: getComputedStyle(document.body).backgroundColor };
})())`

func look(ctx context.Context, t *testing.T, address string, width int64, scheme string) {
	t.Helper()
	prefers := send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), prefers, chromedp.Navigate(address))
	if err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](measure))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Width, Window  int64
		Contrast       float64
		Where, Ground  string
		Small, Buttons int
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	dark := m.Ground == "rgb(19, 21, 26)"
	if m.Width > m.Window || m.Window != width || m.Contrast < 4.5 || m.Small > 0 || m.Buttons != 4 || dark != (scheme == "dark") {
		t.Errorf("%+v", m)
	}
	if folder := os.Getenv("FLEET_SCREENSHOTS"); folder != "" {
		image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprint(width, scheme, ".png")), image, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
