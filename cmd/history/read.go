package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"runner/orderlog"
)

// A Run is what the journal holds of one run.
type Run struct {
	Run       string     `json:"run"`
	State     string     `json:"state"` // ended, interrupted, running, cut off
	Start     *time.Time `json:"start"` // null where that was long ago and is forgotten
	End       *time.Time `json:"end"`
	PID       int        `json:"pid,omitempty"`
	Playbooks []string   `json:"playbooks"`
	Endpoint  string     `json:"endpoint"`
	Check     bool       `json:"check"`
	Exit      *int       `json:"exit"`
	Stats     *Stats     `json:"stats"`
	Changes   []*Change  `json:"changes"`

	// Orders are those of the run that are open, see [OpenOrders].
	Orders []orderlog.Order `json:"orders,omitempty"`
}

// What became of a run.
const (
	Ended       = "ended"
	Interrupted = "interrupted"
	Running     = "running"
	CutOff      = "cut off"
)

// Read returns the last n runs that the journal in a folder holds, oldest first,
// and how many lines of it cannot be read.
func Read(dir string, n int) (runs []*Run, unreadable int, err error) {
	path := journalFile(dir)
	known := map[string]*Run{}
	for _, file := range []string{old(path), path} {
		err := readLines(file, func(line []byte) {
			var e entry
			if json.Unmarshal(line, &e) != nil || e.Run == "" {
				unreadable++
				return
			}
			r := known[e.Run]
			if r == nil {
				r = &Run{Run: e.Run, Playbooks: []string{}, Changes: []*Change{}}
				known[e.Run] = r
				runs = append(runs, r)
			}
			r.note(e)
		})
		if err != nil {
			return nil, 0, fmt.Errorf("the history cannot be read: %w", err)
		}
	}
	runs = runs[max(0, len(runs)-n):]
	alive := holders(dir)
	for _, r := range runs {
		r.conclude(alive)
	}
	return runs, unreadable, nil
}

// Path returns the path of the journal in a folder.
func Path(dir string) string { return journalFile(dir) }

// readLines passes on the lines of a file, empty ones left out; none if there is no
// such file. What is larger than a history can be is not read to its end.
func readLines(path string, each func([]byte)) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(io.LimitReader(f, 16*journalLimit))
	lines.Buffer(nil, 16*journalLimit)
	for lines.Scan() {
		if len(lines.Bytes()) > 0 {
			each(lines.Bytes())
		}
	}
	return lines.Err()
}

// note takes over what a line says.
func (r *Run) note(e entry) {
	switch e.Event {
	case "start":
		r.Start, r.PID, r.Endpoint, r.Check = &e.Time, e.PID, e.Endpoint, e.Check
		r.Playbooks = append(r.Playbooks, e.Playbooks...)
	case "end":
		r.End, r.Exit, r.Stats, r.State = &e.Time, e.Exit, e.Stats, Ended
		if e.Interrupted {
			r.State = Interrupted
		}
	case "apply", "failed", "planned":
		r.Changes = append(r.Changes, &e.Change)
	case "done":
		r.done(e.Change)
	}
}

func (r *Run) done(end Change) {
	for _, d := range r.Changes {
		if d.Number > 0 && d.Number == end.Number {
			d.Outcome, d.Addon = end.Outcome, end.Addon
		}
	}
}

// conclude says what became of a run that has no end. Alive are the runs that
// hold a lock.
func (r *Run) conclude(alive map[string]bool) {
	switch {
	case r.State != "":
	case alive[r.Run]:
		r.State = Running
	default:
		r.State = CutOff
	}
}

// holders returns the runs that are still at work: each has a lock, and its
// process is there.
func holders(dir string) map[string]bool {
	at := map[string]bool{}
	files, _ := filepath.Glob(filepath.Join(lockDir(dir), "*.lock"))
	for _, file := range files {
		if h := readHolder(file); h.PID > 0 && atWork(h.PID) {
			at[h.Run] = true
		}
	}
	return at
}

// Text writes a run: a line, and one for each change.
func (r *Run) Text(b *strings.Builder) {
	when := "some time ago      "
	if r.Start != nil {
		when = r.Start.Local().Format(time.DateTime)
	}
	fmt.Fprintf(b, "%s  %s", when, plain(listed(r.Playbooks)))
	if r.Endpoint != "" {
		fmt.Fprintf(b, " on %s", plain(r.Endpoint))
	}
	if r.Check {
		b.WriteString(", check only")
	}
	fmt.Fprintf(b, ": %s\n", r.ending())
	for _, d := range r.Changes {
		fmt.Fprintf(b, "    %s: %s\n", d.Outcome, plain(d.text()))
	}
}

func (r *Run) ending() string {
	switch r.State {
	case Running:
		return fmt.Sprintf("is running (pid %d)", r.PID)
	case CutOff:
		return "did not end"
	}
	text := "ended"
	if s := r.Stats; s != nil {
		text = fmt.Sprintf("ok=%d changed=%d failed=%d", s.OK, s.Changed, s.Failed)
		if s.Blocked > 0 {
			text += fmt.Sprintf(" not-started=%d", s.Blocked)
		}
	}
	if r.Exit != nil {
		text += fmt.Sprintf(", exit %d", *r.Exit)
	}
	if r.State == Interrupted {
		text += ", interrupted"
	}
	return text
}
