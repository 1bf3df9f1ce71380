package login

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
)

// show prints a page's address and opens it in a browser, unless that is not
// wanted or not possible. It reports whether a browser was started.
func (l *login) show(ctx context.Context, page string) bool {
	fmt.Fprintf(l.Err, "log in with a browser, on this page:\n  %s\n", page)
	if l.NoBrowser {
		return false
	}
	browse := l.Browse
	if browse == nil {
		browse = l.openBrowser
	}
	return browse(ctx, page) == nil
}

// openBrowser has the desktop open a page. No shell reads the address.
func (l *login) openBrowser(_ context.Context, page string) error {
	name, args, err := desktopOpener(runtime.GOOS, l.Getenv)
	if err != nil {
		return err
	}
	// Not bound to the context: the browser stays when runner has what it wants.
	c := exec.Command(name, append(args, page)...)
	if err := c.Start(); err != nil {
		return err
	}
	go func() { _ = c.Wait() }()
	return nil
}

// desktopOpener returns the program that opens pages. Without a desktop there is none: what
// would start on a terminal cannot be used beside runner.
func desktopOpener(goos string, getenv func(string) string) (name string, args []string, err error) {
	own := goos == "darwin" || goos == "windows"
	if !own && getenv("DISPLAY") == "" && getenv("WAYLAND_DISPLAY") == "" {
		return "", nil, errors.New("there is no desktop")
	}
	name, args = PageOpener(goos)
	return name, args, nil
}

// PageOpener returns the program that opens a page as a system's user wants it, and what
// stands before the page's address. It works without a desktop, too: xdg-open
// knows BROWSER.
func PageOpener(goos string) (name string, args []string) {
	switch goos {
	case "darwin":
		return "open", nil
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler"}
	}
	return "xdg-open", nil
}
