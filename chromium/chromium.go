// Package chromium opens pages in a real browser, for tests. It knows nothing of what is
// on them.
package chromium

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Browser starts when a tab of it is first wanted: starting one takes longer than most
// tests. The zero value is ready for use; several tests may use it at the same time.
type Browser struct {
	once sync.Once
	ctx  context.Context //nolint:containedctx // of the process; nil: there is none
	err  error
	home string // where it keeps what browsers keep
}

// Tab returns a tab, which shares nothing with other tabs. It is closed with the test,
// which fails if a page complains: open it after the servers that it asks, so that it is
// closed before them. The test is skipped with -short, and where there is no browser.
func (b *Browser) Tab(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes seconds to start")
	}
	b.once.Do(b.start)
	if b.err != nil {
		t.Fatalf("chromium does not start: %v", b.err)
	}
	if b.ctx == nil {
		t.Skip("no chromium in PATH: on Debian, install chromium")
	}
	ctx, closed := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(closed)
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw %s", e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			t.Errorf("the page said something on its console: %s", e.Type)
		case *log.EventEntryAdded:
			t.Errorf("the browser says of the page: %s", e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// start starts the browser with a home of its own, which outlives the test that wants it first.
func (b *Browser) start() {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return
	}
	if b.home, b.err = os.MkdirTemp("", "chromium-home-"); b.err != nil {
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Env("HOME="+b.home, "TMPDIR="+b.home, "XDG_CONFIG_HOME="+b.home, "XDG_CACHE_HOME="+b.home),
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-component-update", true))
	b.ctx, _ = chromedp.NewExecAllocator(context.Background(), options...)
	b.ctx, _ = chromedp.NewContext(b.ctx)
	b.err = chromedp.Do(b.ctx)
}

// End ends the browser, if it was started, and removes what it kept.
func (b *Browser) End() {
	b.once.Do(func() {}) // it does not start any more
	if b.ctx != nil {
		_ = chromedp.Cancel(b.ctx)
	}
	if b.home != "" {
		_ = os.RemoveAll(b.home)
	}
}
