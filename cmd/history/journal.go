package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"runner/atomicfile"
	"runner/engine"
	"runner/engine/expr/value"
	"runner/engine/report"
)

// journalLimit is how large the history's file may grow before it becomes the old
// one; so the two together are bounded, whatever a run does.
const journalLimit = 512 << 10

// A Journal notes what a run does, a line of JSON each, so that it is known what
// was under way when the run did not end. It holds names, never values. A journal
// that cannot be written stops nothing: it warns, once.
type Journal struct {
	path     string
	run      string
	secrets  *engine.Secrets
	warn     func(string)
	underWay *UnderWay

	mu     sync.Mutex
	file   *os.File
	check  bool
	torn   bool // the last line may not have an end
	broken bool
}

// An entry is a line of the history.
type entry struct {
	Run   string    `json:"run"`
	Event string    `json:"event"` // start, apply, done, failed, planned, end
	Time  time.Time `json:"time"`

	// Of a start.
	PID       int      `json:"pid,omitempty"`
	Playbooks []string `json:"playbooks,omitempty"`
	Endpoint  string   `json:"endpoint,omitempty"`
	Check     bool     `json:"check,omitempty"`

	Change

	// Of an end.
	Exit        *int   `json:"exit,omitempty"`
	Stats       *Stats `json:"stats,omitempty"`
	Interrupted bool   `json:"interrupted,omitempty"`
}

// A Start is what a journal notes when a run begins.
type Start struct {
	Playbooks []string
	Endpoint  string // the platform, as people name it
	Check     bool
}

// NewJournal returns the journal of a run that begins now. Dir and err are what
// [Dir] returned; the folder is made where it is missing. Secrets are masked; warn
// prints a warning; underWay, if not nil, is kept up to date.
func NewJournal(dir string, err error, secrets *engine.Secrets, warn func(string), underWay *UnderWay) *Journal {
	now := time.Now().UTC()
	j := &Journal{run: fmt.Sprintf("%s-%04x", now.Format("20060102T150405"), rand.N(0x10000)),
		path: journalFile(dir), secrets: secrets, warn: warn, underWay: underWay}
	if j.underWay == nil {
		j.underWay = &UnderWay{}
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		j.fail(err)
	}
	return j
}

// Run returns the id of the run.
func (j *Journal) Run() string { return j.run }

// journalFile returns the path of the journal in a folder.
func journalFile(dir string) string { return filepath.Join(dir, "history.jsonl") }

// old returns the file that a full one becomes.
func old(path string) string { return path + ".1" }

// Begin notes the start of a run.
func (j *Journal) Begin(s Start) {
	var names []string
	for _, name := range s.Playbooks[:min(len(s.Playbooks), 20)] {
		names = append(names, j.words(name))
	}
	j.check = s.Check
	j.add(entry{Event: "start", PID: os.Getpid(), Playbooks: names, Endpoint: j.words(s.Endpoint), Check: s.Check})
}

// End notes the end of a run, and its exit code.
func (j *Journal) End(r engine.Result, code int) {
	s := Stats(r.Stats)
	j.add(entry{Event: "end", Exit: &code, Stats: &s, Interrupted: r.Interrupted})
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file != nil {
		_ = j.file.Close()
		j.file = nil
	}
}

// Tell notes steps that failed before they did anything, and what a check would do.
func (j *Journal) Tell(e engine.Event) {
	if item, ok := e.(engine.ItemEnd); ok {
		j.planned(item.TaskEnd)
	}
	end, ok := e.(engine.TaskEnd)
	if ok {
		j.planned(end)
	}
	if !ok || end.Outcome != engine.Failed || end.Step == nil {
		return
	}
	j.add(entry{Event: "failed", Change: Change{Step: end.Step.ID, Name: j.words(end.Name), Kind: end.Step.Kind.Name,
		At: j.place(end.Step), Outcome: end.Outcome.String()}})
}

// planned notes what a task of a check would do, object by object.
func (j *Journal) planned(end engine.TaskEnd) {
	if !j.check || end.Outcome.Bad() || end.Step == nil {
		return
	}
	for _, c := range report.Changes(j.secrets, end) {
		d := j.change(end.Step, end.Name, c)
		d.Outcome = "planned"
		if c.Unknown {
			d.Outcome = engine.Unknown.String()
		}
		j.add(entry{Event: "planned", Change: d})
	}
}

// change returns what is noted of a change, at whatever it is done.
func (j *Journal) change(s *engine.Step, name string, c report.Change) Change {
	d := Change{Step: s.ID, Name: j.words(name), Kind: s.Kind.Name, At: j.place(s), Action: c.Action.String(),
		Object: j.words(c.Object), Risk: j.words(c.Risk), Needs: c.Needs, Given: c.Given}
	for _, text := range c.Differences() {
		d.Attributes = append(d.Attributes, j.words(text))
	}
	return d
}

// Applying notes a change that is about to be carried out, and later its end.
func (j *Journal) Applying(s *engine.Step, name string, c *engine.Change) (ended func(engine.Value, error)) {
	whole := report.Changes(j.secrets, engine.TaskEnd{Step: s, Name: name, Outcome: engine.Changed, NoLog: s.NoLog != nil,
		Change: &engine.Change{Action: c.Action, Object: c.Object, Attrs: c.Attrs, Risk: c.Risk, Allow: c.Allow, Consent: c.Consent}})
	d := j.change(s, name, whole[0])
	d.Outcome = "under way"
	d.Number = j.underWay.begin(d)
	j.add(entry{Event: "apply", Change: d})
	return func(v engine.Value, err error) {
		done := Change{Number: d.Number, Outcome: engine.Changed.String()}
		if err != nil {
			done.Outcome = engine.Failed.String()
		}
		if m, ok := v.(*value.Map); ok && err == nil {
			if id, ok := m.Get("addon_id"); ok && id != nil {
				done.Addon = j.words(value.Text(id))
			}
		}
		j.add(entry{Event: "done", Change: done})
		j.underWay.end(d.Number)
	}
}

func (j *Journal) place(s *engine.Step) string {
	at := s.Place
	at.Col = 0
	return j.words(at.String())
}

// words makes text fit for the journal: without secrets, and bounded.
func (j *Journal) words(text string) string {
	text = plain(j.secrets.Mask(text))
	if r := []rune(text); len(r) > 200 {
		text = string(r[:199]) + "…"
	}
	return text
}

// add writes an entry. It is with the system when add returns, and so outlives
// the process, however that ends; a machine that goes down may lose the last ones.
func (j *Journal) add(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken {
		return
	}
	e.Run, e.Time = j.run, time.Now().UTC()
	text, err := json.Marshal(e)
	if err == nil {
		err = j.open()
	}
	if err == nil {
		err = j.write(text)
	}
	if err != nil {
		j.fail(err)
	}
}

// write appends a line in one piece, so that runs at the same time do not mix
// theirs.
func (j *Journal) write(text []byte) error {
	line := slices.Concat(text, []byte{'\n'})
	if j.torn {
		line = slices.Concat([]byte{'\n'}, line)
	}
	n, err := j.file.Write(line)
	j.torn = n > 0 && n < len(line)
	return err
}

// fail warns of a journal that cannot be written.
func (j *Journal) fail(err error) {
	j.broken = true
	j.warn(fmt.Sprintf("the history of runs cannot be written, so it will not hold this one: %v", err))
}

// open opens the file where that is needed: at first, when it has become full, and
// when another run has found it full.
func (j *Journal) open() error {
	now, err := os.Lstat(j.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		if !now.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", j.path)
		}
		if now.Size() > journalLimit {
			now = nil
			rotate(j.path)
		}
	}
	if j.file != nil {
		mine, err := j.file.Stat()
		if err == nil && now != nil && os.SameFile(mine, now) {
			return nil
		}
		_ = j.file.Close()
	}
	if j.file, err = atomicfile.OpenLog(j.path, 0o600); err != nil {
		j.file = nil
		return err
	}
	_ = j.file.Chmod(0o600) // whoever made it
	j.torn = unfinished(j.file)
	return nil
}

// unfinished reports whether a file's last line has no end: a disk was full, or a
// machine went down.
func unfinished(f *os.File) bool {
	last := make([]byte, 1)
	end, err := f.Seek(-1, io.SeekEnd)
	if err != nil || end < 0 {
		return false
	}
	_, err = f.ReadAt(last, end)
	return err == nil && last[0] != '\n'
}

// rotate makes a full file the old one. Runs that write to it meanwhile go on in
// the old one; of two that find it full, one rotates.
func rotate(path string) {
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if ok, err := lock.TryLock(); !ok || err != nil {
		return
	}
	defer func() { _ = lock.Close() }()
	if now, err := os.Lstat(path); err == nil && now.Mode().IsRegular() && now.Size() > journalLimit {
		_ = os.Rename(path, old(path))
	}
}
