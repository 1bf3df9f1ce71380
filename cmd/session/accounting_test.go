package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever/emulator"
	"runner/cmd/history"
	"runner/cmd/session"
	"runner/cmd/ui"
)

// loopOfSixty orders sixty add-ons in one task.
const loopOfSixty = `
- hosts: localhost
  tasks:
    - name: Order all
      addon_register: {name: "db-{{ item }}", provider: postgresql-addon, details: {plan: dev}}
      loop: "{{ range(60) | list }}"
    - addon_register: {name: afterwards, provider: postgresql-addon, details: {plan: dev}}
`

// An interruption ends a run at one of its requests.
type interruption struct {
	next http.RoundTripper
	at   int64
	n    atomic.Int64
	end  func()
}

func (i *interruption) RoundTrip(r *http.Request) (*http.Response, error) {
	if i.n.Add(1) == i.at {
		i.end()
	}
	return i.next.RoundTrip(r)
}

// A goneReader is a pipe whose reader goes away.
type goneReader struct {
	bytes.Buffer
	gone atomic.Bool
}

func (g *goneReader) Write(p []byte) (int, error) {
	if g.gone.Load() {
		return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
	}
	return g.Buffer.Write(p)
}

// TestWhatWasDoneIsReportedWhenTheRunIsInterrupted interrupts a loop at thirty of its
// requests: all reports and the history tell of just those add-ons that are there then.
func TestWhatWasDoneIsReportedWhenTheRunIsInterrupted(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(13, 7))
	for i := range 30 {
		at, jobs, by := 3+random.Int64N(120), 1+random.IntN(12), []string{"signal", "reader", "timeout"}[i%3]
		t.Run(fmt.Sprintf("%s at request %d of %d jobs", by, at, jobs), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { interrupted(t, at, jobs, by) })
		})
	}
}

func interrupted(t *testing.T, at int64, jobs int, by string) {
	e, err := emulator.New(emulator.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "site.yml")
	if err := os.WriteFile(file, []byte(loopOfSixty), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &goneReader{}
	way := &interruption{next: e.Transport(), at: at, end: cancel}
	spec := session.Default()
	switch by {
	case "reader":
		way.end = func() { out.gone.Store(true) }
	case "timeout":
		spec.Timeout = 10 * time.Second
		way.end = func() { time.Sleep(15 * time.Second) }
	}
	_, _, token, secret := e.Credentials()
	env := map[string]string{"HOME": dir, "CLEVER_TOKEN": token, "CLEVER_SECRET": secret, "API_HOST": "http://emulator.invalid"}
	var mu sync.Mutex
	streams := &ui.Streams{In: strings.NewReader(""), Out: &lockedWriter{mu: &mu, w: out}, Err: io.Discard, Getenv: func(name string) string { return env[name] }}
	spec.Files, spec.Jobs = []string{file}, jobs
	spec.Reports = []string{"text"}
	for _, kind := range []string{"json", "jsonl", "junit", "markdown"} {
		spec.Reports = append(spec.Reports, kind+"="+filepath.Join(dir, kind))
	}
	err = session.Play(ctx, session.World{Streams: streams, Transport: way}, spec)

	var want []string
	for _, a := range e.Addons(e.User()) {
		want = append(want, a.Name)
	}
	slices.Sort(want)
	t.Logf("%d add-ons are there, exit code %d", len(want), session.ExitCode(err))
	if code := map[string]int{"signal": 130, "reader": 1, "timeout": 2}[by]; session.ExitCode(err) != code && len(want) < 61 {
		t.Errorf("exit code %d, want %d (%v)", session.ExitCode(err), code, err)
	}
	accounts := map[string][]string{
		"json": fromJSON(t, filepath.Join(dir, "json")), "jsonl": fromJSONL(t, filepath.Join(dir, "jsonl")),
		"junit":    found(t, filepath.Join(dir, "junit"), `\+ create add-on "([-a-z0-9]+)"`),
		"markdown": found(t, filepath.Join(dir, "markdown"), `create add-on "([-a-z0-9]+)"`),
		"history":  fromHistory(t, env),
	}
	if by != "reader" {
		accounts["text"] = named(out.String(), `changed: \[localhost\] => \(item=([0-9]+)\)`, "db-")
		if strings.Contains(out.String(), "TASK [addon_register]") && slices.Contains(want, "afterwards") {
			accounts["text"] = append([]string{"afterwards"}, accounts["text"]...)
		}
	}
	for kind, got := range accounts {
		slices.Sort(got)
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
			t.Errorf("%s tells of others than are there (-world +%s): %s", kind, kind, diff)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// found returns the names in a report, as a pattern has them.
func found(t *testing.T, path, pattern string) []string { return named(read(t, path), pattern, "") }

func named(text, pattern, prefix string) []string {
	var list []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		list = append(list, prefix+m[1])
	}
	return list
}

// A hostResult is what a report in JSON has of a task, or an item.
type hostResult struct {
	Changed bool
	Name    string
	Results []*hostResult
}

func (h *hostResult) names() []string {
	var list []string
	if h != nil && h.Changed && h.Name != "" {
		list = append(list, h.Name)
	}
	if h != nil {
		for _, r := range h.Results {
			list = append(list, r.names()...)
		}
	}
	return list
}

func fromJSON(t *testing.T, path string) []string {
	t.Helper()
	var doc struct {
		Plays []struct {
			Tasks []struct{ Hosts map[string]*hostResult }
		}
	}
	if err := json.Unmarshal([]byte(read(t, path)), &doc); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range doc.Plays {
		for _, task := range p.Tasks {
			list = append(list, task.Hosts["localhost"].names()...)
		}
	}
	return list
}

func fromJSONL(t *testing.T, path string) []string {
	t.Helper()
	var list []string
	for l := range strings.Lines(read(t, path)) {
		var event struct {
			Event string `json:"_event"`
			Hosts map[string]*hostResult
		}
		if err := json.Unmarshal([]byte(l), &event); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(event.Event, "on_ok") {
			list = append(list, event.Hosts["localhost"].names()...)
		}
	}
	return list
}

func fromHistory(t *testing.T, env map[string]string) []string {
	t.Helper()
	dir, err := history.Dir(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	runs, _, err := history.Read(dir, 1)
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	var list []string
	for _, c := range runs[0].Changes {
		if c.Outcome == "changed" {
			list = append(list, named(c.Object, `add-on "([-a-z0-9]+)"`, "")...)
		}
	}
	return list
}
