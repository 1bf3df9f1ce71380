package vaults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"runner/cmd/exit"
	"runner/cmd/signals"
	"runner/cmd/ui"
	"runner/diagnostic"
)

// An Editor has the user change texts, in $EDITOR.
type Editor struct {
	*ui.Streams
	Signals *signals.Handler // of the process; nil: there is none
}

// Edit has the user change a text, in a copy that nobody else can read and that is
// gone afterwards, however that ends.
func (p *Editor) Edit(ctx context.Context, name string, text []byte) (edited []byte, err error) {
	editor, err := SplitWords(cmp.Or(p.Getenv("EDITOR"), "vi"))
	if err != nil || len(editor) == 0 {
		return nil, fmt.Errorf("$EDITOR cannot be read: %w", err)
	}
	signals, release := p.Signals.Take()
	defer release()
	d, err := openWorkspace(Bases(p.Getenv))
	if err != nil {
		return nil, fmt.Errorf("there is no place for a plain copy: %w", err)
	}
	defer func() {
		if e := d.close(); e != nil {
			err = fmt.Errorf("the plain copy below %s could not be removed, see to it: %w", d.dir, e)
		}
	}()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("the plain copy cannot be written: %w", err)
	}
	c := exec.Command(editor[0], append(editor[1:], path)...)
	c.Stdin, c.Stdout, c.Stderr, c.Env = p.In, p.Out, p.Err, p.Environment()
	if err := c.Start(); err != nil {
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("the editor %s cannot be run: %v", editor[0], rootOf(err)), Err: err}).
			WithHint("set $EDITOR to one that can")
	}
	if err := p.await(ctx, c, signals, d); err != nil {
		return nil, err
	}
	r, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the editor left no file; nothing was changed")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return ReadAll(r)
}

// await waits for the editor. A signal that was meant for us ends both, and the
// plain copy at once.
func (p *Editor) await(ctx context.Context, c *exec.Cmd, signals <-chan os.Signal, d *workspace) error {
	var failed error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		failed = c.Wait()
	}()
	for {
		select {
		case <-ended:
			if failed != nil {
				return fmt.Errorf("the editor failed (%w); nothing was changed", failed)
			}
			return nil
		case s := <-signals:
			if s != syscall.SIGTERM && s != syscall.SIGHUP && ui.IsTerminal(p.In) {
				continue // typed: the editor has got it too, and knows what it means
			}
		case <-ctx.Done():
		}
		err := errors.Join(d.scrub(), stopProcess(c, ended))
		return &exit.Error{Code: exit.Interrupted, Err: errors.Join(errors.New("interrupted; nothing was changed"), err)}
	}
}

// stopProcess asks a process to end, and ends it if it does not.
func stopProcess(c *exec.Cmd, ended <-chan struct{}) error {
	const grace = 2 * time.Second
	_ = c.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-ended:
		return nil
	case <-time.After(grace):
	}
	err := c.Process.Kill()
	<-ended
	return err
}

// KeepSealed writes a sealed text to a new file in the first folder that allows it.
func KeepSealed(name string, bases []string, sealed []byte) (path string, err error) {
	for _, base := range bases {
		f, e := os.CreateTemp(base, "*-"+name)
		if e == nil {
			_, e = f.Write(sealed)
			if e = errors.Join(e, f.Sync(), f.Close()); e == nil {
				return f.Name(), nil
			}
			_ = os.Remove(f.Name())
		}
		err = e
	}
	return "", err
}
