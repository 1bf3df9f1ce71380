package cmd

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/urfave/cli/v2"

	"runner/atomicfile"
	"runner/cmd/history"
	"runner/diagnostic"
)

// This file runs emulators in sessions of their own. Each notes in the user's state
// folder where it is, and holds a lock beside the note as long as it lives: a note
// whose lock is free is of one that has ended.

// recordVariable tells an emulator that it is to note where it is.
const recordVariable = "RUNNER_EMULATOR_RECORDS"

const (
	startTime = time.Minute      // how long an emulator may take to start
	stopTime  = 15 * time.Second // and to end
)

// A running emulator is one that has noted where it is.
type running struct {
	Address string `json:"address"`
	PID     int    `json:"pid"`
	path    string // of the note
}

func (p *Program) emulatorStartCommand() *cli.Command {
	var e emulation
	return &cli.Command{
		Name: "start", Usage: "start an emulator in a session of its own",
		Description: "Takes what `runner emulator` takes, prints the same lines, and returns: eval \"$(runner emulator start)\". The emulator\n" +
			"goes on after the terminal is closed, and Ctrl-C does not reach it. `runner emulator stop` ends it; what it says goes\n" +
			"to a file that is named.",
		Flags:  emulatorFlags(&e),
		Action: p.startEmulator,
	}
}

func (p *Program) emulatorStopCommand() *cli.Command {
	return &cli.Command{
		Name: "stop", Usage: "end an emulator that `runner emulator start` started", ArgsUsage: "[ADDRESS]",
		Description: "ADDRESS, such as 127.0.0.1:8080, is needed where several run: `runner emulator status` lists them.",
		Action:      p.stopEmulator,
	}
}

func (p *Program) emulatorStatusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "list the emulators that `runner emulator start` started",
		Description: "Exit codes: 0 at least one runs, 1 none does.",
		Action: func(c *cli.Context) error {
			all, err := p.runningEmulators()
			if err == nil && len(all) == 0 {
				err = (&diagnostic.Problem{Msg: "no emulator runs"}).WithHint("runner emulator start starts one")
			}
			for _, r := range all {
				fmt.Fprintf(p.Out, "http://%s (process %d)\n", r.Address, r.PID)
			}
			return err
		},
	}
}

// startEmulator runs this program again, as `runner emulator`, and waits for its lines.
func (p *Program) startEmulator(c *cli.Context) (err error) {
	announced := false
	defer func() {
		if err != nil && !announced {
			p.announceFailure()
		}
	}()
	dir, err := p.recordFolder()
	if err != nil {
		return err
	}
	log, err := os.CreateTemp(dir, "log-*.txt") // mode 0600
	if err != nil {
		return err
	}
	defer log.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(self, append([]string{"emulator"}, p.Args[slices.Index(p.Args, "start")+1:]...)...) // not of the context: it outlives this command
	child.Args[0] = p.Args[0]
	child.Env = append(p.Environ(), recordVariable+"="+dir)
	child.Stderr = log
	apart(child)
	out, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	lines, err := readWithin(out, startTime)
	if err == nil && !strings.Contains(lines, "export API_HOST=http") || strings.Contains(lines, "API_HOST="+nowhere) {
		_ = child.Wait() // its own words say why
		said, _ := os.ReadFile(log.Name())
		_ = os.Remove(log.Name()) // its text is in the error
		announced = lines != ""
		fmt.Fprint(p.Out, lines)
		return errors.New(cmp.Or(strings.TrimPrefix(strings.TrimSpace(string(said)), "error: "), "the emulator ended at once"))
	}
	if err != nil {
		return errors.Join(err, child.Process.Kill(), child.Wait())
	}
	announced = true
	if _, err := io.WriteString(p.Out, lines); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "the emulator runs as process %d; runner emulator stop ends it; what it says is in %s\n", child.Process.Pid, log.Name())
	return child.Process.Release()
}

// readWithin reads to the end, which has to come in time.
func readWithin(r io.Reader, within time.Duration) (string, error) {
	read := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(r) // an end that is none shows in what is missing
		read <- string(text)
	}()
	select {
	case text := <-read:
		return text, nil
	case <-time.After(within):
		return "", fmt.Errorf("the emulator did not start within %s", within)
	}
}

// recordFolder returns the folder of the notes, which it makes.
func (p *Program) recordFolder() (string, error) {
	dir, err := history.Dir(p.Getenv)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "emulators")
	return dir, os.MkdirAll(dir, 0o700)
}

// recordEmulator notes where this emulator is, if it was started to do so, and returns
// what takes the note away.
func (p *Program) recordEmulator(at net.Addr) (done func(), err error) {
	dir := p.Getenv(recordVariable)
	if dir == "" {
		return func() {}, nil
	}
	name := strings.NewReplacer(":", "-", "[", "", "]", "", "%", "-").Replace(at.String())
	path := filepath.Join(dir, name+".json")
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if held, err := lock.TryLock(); err != nil || !held {
		return func() {}, errors.Join(errors.New("another emulator has noted this address"), err)
	}
	text, err := json.Marshal(running{Address: at.String(), PID: os.Getpid()})
	if err == nil {
		err = atomicfile.WriteFile(path, text, atomicfile.Options{Mode: 0o600})
	}
	return func() {
		_ = os.Remove(path) // a note whose lock is free counts for nothing
		_ = lock.Close()
	}, err
}

// runningEmulators returns those that run, and takes away the notes of others.
func (p *Program) runningEmulators() ([]running, error) {
	dir, err := p.recordFolder()
	if err != nil {
		return nil, err
	}
	notes, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []running
	for _, path := range notes {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended just now
		}
		r := running{path: path}
		if err != nil || json.Unmarshal(text, &r) != nil || !r.lives() {
			_ = os.Remove(path) // the next look finds it again
			continue
		}
		all = append(all, r)
	}
	return all, nil
}

// lives reports whether somebody holds the lock beside the note.
func (r running) lives() bool {
	lock := flock.New(r.path+".lock", flock.SetPermissions(0o600))
	free, err := lock.TryLock()
	if free {
		_ = lock.Close()
	}
	return err == nil && !free
}

func (p *Program) stopEmulator(c *cli.Context) error {
	all, err := p.runningEmulators()
	if err != nil {
		return err
	}
	wanted := strings.TrimPrefix(c.Args().First(), "http://")
	all = slices.DeleteFunc(all, func(r running) bool { return wanted != "" && r.Address != wanted })
	switch {
	case c.NArg() > 1:
		return fmt.Errorf("one address only: %q is one too many", c.Args().Get(1))
	case len(all) == 0 && wanted != "":
		return (&diagnostic.Problem{Msg: "no emulator runs at " + wanted}).WithHint("runner emulator status lists those that run")
	case len(all) == 0:
		return (&diagnostic.Problem{Msg: "no emulator runs"}).WithHint("runner emulator start starts one")
	case len(all) > 1:
		return (&diagnostic.Problem{Msg: fmt.Sprintf("%d emulators run", len(all))}).WithHint("name one by its address: runner emulator stop %s", all[0].Address)
	}
	return p.stop(all[0])
}

// stop asks an emulator to end, and waits until it has.
func (p *Program) stop(r running) error {
	process, err := os.FindProcess(r.PID)
	if err == nil {
		err = process.Signal(syscall.SIGTERM)
	}
	if err != nil {
		return fmt.Errorf("the emulator at %s, process %d, cannot be stopped: %w", r.Address, r.PID, err)
	}
	for waited := time.Duration(0); r.lives(); waited += 20 * time.Millisecond {
		if waited > stopTime {
			return fmt.Errorf("the emulator at %s, process %d, does not end: kill it", r.Address, r.PID)
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Fprintf(p.Err, "the emulator at http://%s has ended\n", r.Address)
	return nil
}
