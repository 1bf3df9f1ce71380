package cmd

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"

	"runner/cmd/ui"
	"runner/diagnostic"
)

func (p *Program) historyCommand() *cli.Command {
	return &cli.Command{
		Name:  "history",
		Usage: "tell what earlier runs did, and what was under way in those that did not end",
		Description: "Every run notes on this machine when it began and ended, and each change before it is carried\n" +
			"out: names, never values. The newest run comes last. What a run that was killed had under way may\n" +
			"have been done or not: play again, and what is there is found by its name.",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "last", Aliases: []string{"n"}, Usage: "tell of the last `N` runs", Value: 10},
			&cli.StringFlag{Name: "format", Usage: "`FORMAT`: text or json", Value: "text"},
		},
		Action: p.history,
	}
}

func (p *Program) history(c *cli.Context) error {
	switch {
	case c.Args().Present():
		return (&diagnostic.Problem{Msg: fmt.Sprintf("history takes no argument %q", c.Args().First())}).WithHint("runner history --help")
	case c.Int("last") < 1:
		return fmt.Errorf("--last must be at least 1, not %d", c.Int("last"))
	case c.String("format") != "text" && c.String("format") != "json":
		return (&diagnostic.Problem{Msg: fmt.Sprintf("unknown format %q", c.String("format"))}).WithHint("there is text, json")
	}
	dir, err := p.stateDir()
	if err != nil {
		return err
	}
	runs, unreadable, err := readHistory(historyFile(dir))
	if err != nil {
		return err
	}
	if unreadable > 0 {
		p.Print(&diagnostic.Problem{Severity: diagnostic.Warning, Msg: fmt.Sprintf("%s of %s cannot be read and %s left out",
			ui.Count(unreadable, "line"), historyFile(dir), plural(unreadable, "is", "are"))})
	}
	runs = runs[max(0, len(runs)-c.Int("last")):]
	alive := p.alive()
	for _, r := range runs {
		r.settle(alive)
	}
	if c.String("format") == "json" {
		return p.historyJSON(runs)
	}
	return p.historyText(runs)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// A past is what the history holds of one run.
type past struct {
	Run       string     `json:"run"`
	State     string     `json:"state"` // ended, interrupted, running, cut off
	Start     *time.Time `json:"start"` // null where that was long ago and is forgotten
	End       *time.Time `json:"end"`
	PID       int        `json:"pid,omitempty"`
	Playbooks []string   `json:"playbooks"`
	Endpoint  string     `json:"endpoint"`
	Check     bool       `json:"check"`
	Exit      *int       `json:"exit"`
	Stats     *stats     `json:"stats"`
	Deeds     []*deed    `json:"changes"`
}

// What became of a run.
const (
	stateEnded       = "ended"
	stateInterrupted = "interrupted"
	stateRunning     = "running"
	stateCut         = "cut off"
)

// readHistory gives the runs that are remembered, oldest first, and how many lines
// are none.
func readHistory(path string) (runs []*past, unreadable int, err error) {
	known := map[string]*past{}
	for _, file := range []string{old(path), path} {
		err := readLines(file, func(line []byte) {
			var e entry
			if json.Unmarshal(line, &e) != nil || e.Run == "" {
				unreadable++
				return
			}
			r := known[e.Run]
			if r == nil {
				r = &past{Run: e.Run, Playbooks: []string{}, Deeds: []*deed{}}
				known[e.Run] = r
				runs = append(runs, r)
			}
			r.note(e)
		})
		if err != nil {
			return nil, 0, fmt.Errorf("the history cannot be read: %w", err)
		}
	}
	return runs, unreadable, nil
}

// readLines gives the lines of a file, empty ones left out; none if there is no
// such file. What is larger than a history can be is not read to its end.
func readLines(path string, each func([]byte)) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", path)
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
func (r *past) note(e entry) {
	switch e.Event {
	case "start":
		r.Start, r.PID, r.Endpoint, r.Check = &e.Time, e.PID, e.Endpoint, e.Check
		r.Playbooks = append(r.Playbooks, e.Playbooks...)
	case "end":
		r.End, r.Exit, r.Stats, r.State = &e.Time, e.Exit, e.Stats, stateEnded
		if e.Interrupted {
			r.State = stateInterrupted
		}
	case "apply", "failed":
		r.Deeds = append(r.Deeds, &e.deed)
	case "done":
		r.done(e.deed)
	}
}

func (r *past) done(end deed) {
	for _, d := range r.Deeds {
		if d.Number > 0 && d.Number == end.Number {
			d.Outcome, d.Addon = end.Outcome, end.Addon
		}
	}
}

// settle says what became of a run that has no end.
func (r *past) settle(alive func(run string) bool) {
	switch {
	case r.State != "":
	case alive(r.Run):
		r.State = stateRunning
	default:
		r.State = stateCut
	}
}

// alive gives what tells whether a run is still at work: it has a lock, and its
// process is there.
func (p *Program) alive() func(run string) bool {
	at := map[string]bool{}
	if dir, err := p.locks(); err == nil {
		files, _ := filepath.Glob(filepath.Join(dir, "*.lock"))
		for _, file := range files {
			if h := readHolder(file); h.PID > 0 && atWork(h.PID) {
				at[h.Run] = true
			}
		}
	}
	return func(run string) bool { return at[run] }
}

func (p *Program) historyJSON(runs []*past) error {
	if runs == nil {
		runs = []*past{}
	}
	text, err := json.MarshalIndent(runs, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Out, "%s\n", text)
	return err
}

func (p *Program) historyText(runs []*past) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(p.Out, "no run is remembered")
		return err
	}
	var b strings.Builder
	for _, r := range runs {
		r.text(&b)
	}
	_, err := io.WriteString(p.Out, b.String())
	return err
}

// text tells of a run: a line, and one for each change.
func (r *past) text(b *strings.Builder) {
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
	for _, d := range r.Deeds {
		fmt.Fprintf(b, "    %s: %s\n", d.Outcome, plain(d.String()))
	}
}

func (r *past) ending() string {
	switch r.State {
	case stateRunning:
		return fmt.Sprintf("is running (pid %d)", r.PID)
	case stateCut:
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
	if r.State == stateInterrupted {
		text += ", interrupted"
	}
	return text
}

// listed gives names as one text.
func listed(names []string) string {
	return cmp.Or(strings.Join(names, ", "), "a playbook")
}

// plain makes text safe for one line of a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
