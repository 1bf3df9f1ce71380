package cmd_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"runner/clever/emulator"
)

// A printed is what a report says of a run.
type printed struct {
	good  bool   // it did all that it was asked to
	state string // as far as the form has one
	exit  int    // -1 where the form has none
	why   string
}

// readers read reports as the programs do that they are for.
var readers = map[string]func(t *testing.T, text []byte) printed{
	"html":       readPage,
	"json":       readJSON,
	"jsonl":      readJSONL,
	"junit":      readJUnit,
	"markdown":   readMarkdown,
	"prometheus": readMetrics,
	"text":       readText,
}

type problemRecord struct{ Place, Msg string }

type runRecord struct {
	State string
	Exit  *int
}

func (r runRecord) printed(problems []problemRecord) printed {
	out := printed{state: r.State, exit: -1}
	if r.Exit != nil {
		out.exit = *r.Exit
		out.good = *r.Exit == 0 || *r.Exit == 3
	}
	for _, p := range problems {
		out.why += p.Place + " " + p.Msg + "\n"
	}
	return out
}

func readJSON(t *testing.T, text []byte) printed {
	t.Helper()
	var doc struct {
		Run      runRecord
		Problems []problemRecord
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return doc.Run.printed(doc.Problems)
}

func readJSONL(t *testing.T, text []byte) (last printed) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var event struct {
			Event    string `json:"_event"`
			Run      *runRecord
			Problems []problemRecord
		}
		if err := json.Unmarshal(line, &event); err != nil || event.Event == "" {
			t.Fatalf("%v\n%s", err, line)
		}
		if event.Run != nil {
			last = event.Run.printed(event.Problems)
		}
	}
	return last
}

func readJUnit(t *testing.T, text []byte) printed {
	t.Helper()
	var doc struct {
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Cases    []struct {
			Name  string `xml:"name,attr"`
			Class string `xml:"classname,attr"`
			Error *struct {
				Message string `xml:"message,attr"`
				Type    string `xml:"type,attr"`
			} `xml:"error"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	out := printed{good: doc.Failures+doc.Errors == 0, exit: -1}
	seen := map[string]bool{}
	for _, c := range doc.Cases {
		if seen[c.Class+"\x00"+c.Name] {
			t.Errorf("two cases are %s %s", c.Class, c.Name)
		}
		seen[c.Class+"\x00"+c.Name] = true
		if c.Error != nil {
			out.state, out.why = c.Error.Type, c.Error.Message
		}
	}
	return out
}

func readMarkdown(t *testing.T, text []byte) printed {
	t.Helper()
	title, _, _ := strings.Cut(strings.TrimPrefix(string(text), "## "), "\n")
	states := map[string]string{"The run has not ended": "running", "The run was interrupted": "interrupted", "The run could not begin": "not begun",
		"The run failed": "ended", "Done": "ended", "Nothing to do": "ended", "There is something to do": "ended"}
	if states[title] == "" {
		t.Fatalf("the title is %q", title)
	}
	return printed{good: title == "Done" || title == "Nothing to do" || title == "There is something to do", state: states[title], exit: -1, why: string(text)}
}

var pageData = regexp.MustCompile(`(?s)<script type="application/json" id="run">(.*)</script>`)

func readPage(t *testing.T, text []byte) printed {
	t.Helper()
	found := pageData.FindSubmatch(text)
	var data struct {
		Good     bool
		State    string
		Exit     *int
		Problems []string
		Plays    []struct{ Tasks []struct{ Problem string } }
	}
	if found == nil || json.Unmarshal(found[1], &data) != nil || !bytes.Contains(text, []byte("</html>")) {
		t.Fatalf("no page: %s", text)
	}
	out := printed{good: data.Good, state: data.State, exit: -1}
	if data.Exit != nil {
		out.exit = *data.Exit
	}
	why := data.Problems
	for _, p := range data.Plays {
		for _, task := range p.Tasks {
			why = append(why, task.Problem)
		}
	}
	out.why = strings.Join(why, "\n")
	return out
}

var sample = regexp.MustCompile(`(?m)^runner_last_run_(\w+)\{playbook="[^"]+"\} (\S+)$`)

func readMetrics(t *testing.T, text []byte) printed {
	t.Helper()
	values := map[string]string{}
	for _, m := range sample.FindAllStringSubmatch(string(text), -1) {
		values[m[1]] = m[2]
	}
	out := printed{good: values["success"] == "1", exit: -1, state: "ended"}
	if _, err := fmt.Sscan(values["exit_code"], &out.exit); err != nil && values["running"] != "1" || values["timestamp_seconds"] == "" {
		t.Fatalf("%s", text)
	}
	switch {
	case values["running"] == "1":
		out.state, out.exit = "running", -1
	case values["interrupted"] == "1":
		out.state = "interrupted"
	}
	return out
}

var lastLine = regexp.MustCompile(`(?m)^\S+ .*site.yml: (?:(.+), exit code (\d+)|begun, and not ended)\n\z`)

func readText(t *testing.T, text []byte) printed {
	t.Helper()
	m := lastLine.FindStringSubmatch(string(text))
	if m == nil {
		t.Fatalf("the last line does not tell the end:\n%s", text)
	}
	if m[1] == "" {
		return printed{state: "running", exit: -1}
	}
	out := printed{state: m[1], why: string(text)}
	fmt.Sscan(m[2], &out.exit)
	out.good = out.exit == 0 || out.exit == 3
	return out
}

// ends are ways for a run to end, with what there is to say of it.
var ends = []struct {
	name  string
	code  int // -1: it is killed
	state string
	why   string // what the report says of the reason, where no task tells it
	play  func(t *testing.T, s *shell, reports []string) (code int)
}{
	{"done", 0, "ended", "", played(orders(1))},
	{"a failed task", 2, "ended", "", played("- assert: {that: false}\n")},
	{"something to do", 3, "ended", "", played(orders(1), "--check", "--detailed-exitcode")},
	{"nothing to do", 0, "ended", "", played("- debug: {msg: x}\n", "--check", "--detailed-exitcode")},
	{"too little time", 2, "interrupted", "longer than its --timeout", played(orders(1), "--timeout", "1ns")},
	{"a wrong playbook", 4, "not begun", "debgu", played("- debgu: {msg: x}\n")},
	{"no playbook", 4, "not begun", "site.yml", func(t *testing.T, s *shell, reports []string) int {
		code, _, _ := s.run(append([]string{"play", filepath.Join(s.dir, "site.yml")}, reports...)...)
		return code
	}},
	{"a file that is missing", 1, "not begun", "none.yml", played(orders(1), "-e", "@none.yml")},
	{"a wrong number", 1, "not begun", "--jobs must be at least 1", played(orders(1), "--jobs", "0")},
	{"a flag that is none", 1, "not begun", "--chek", played(orders(1), "--chek")},
	{"a flag without a number", 1, "not begun", "--jobs takes a whole number", played(orders(1), "--jobs", "many")},
	{"a report that is none", 1, "not begun", "unknown kind of report", played(orders(1), "--report", "xml")},
	{"a report that cannot be written", 1, "not begun", "the report cannot be written", played(orders(1), "--report", "json=nowhere/x.json")},
	{"no vault password", 1, "not begun", "password", func(t *testing.T, s *shell, reports []string) int {
		s.sealedFile(t, "site.yml", []byte(orders(1)))
		code, _, _ := s.run(append([]string{"play", filepath.Join(s.dir, "site.yml")}, reports...)...)
		return code
	}},
	{"no credentials", 5, "not begun", "", func(t *testing.T, s *shell, reports []string) int {
		s.on(t, emulator.Options{})
		delete(s.env, "CLEVER_TOKEN")
		delete(s.env, "CLEVER_SECRET")
		code, _, _ := s.run(append([]string{"play", s.file(t, "site.yml", orders(1))}, reports...)...)
		return code
	}},
	{"another run", 6, "not begun", "another run holds the lock", func(t *testing.T, s *shell, reports []string) int {
		ordering, release := s.stuck(t)
		other := s.process(t, "play", s.file(t, "other.yml", orders(1)))
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		<-ordering
		code, _, _ := s.run(append([]string{"play", s.file(t, "site.yml", orders(1))}, reports...)...)
		release()
		_ = other.Wait()
		return code
	}},
	{"an interrupt", 130, "interrupted", "", signalled(syscall.SIGTERM)},
	{"a kill", -1, "running", "", signalled(syscall.SIGKILL)},
}

// played plays a playbook on an emulator.
func played(playbook string, args ...string) func(*testing.T, *shell, []string) int {
	return func(t *testing.T, s *shell, reports []string) int {
		s.on(t, emulator.Options{})
		all := append([]string{"play", s.file(t, "site.yml", playbook)}, args...)
		code, _, _ := s.run(append(all, reports...)...)
		return code
	}
}

// stuck points the shell at a platform that takes an order and does not respond
// until it is released.
func (s *shell) stuck(t *testing.T) (ordering <-chan struct{}, release func()) {
	t.Helper()
	e := s.on(t, emulator.Options{})
	came, free := make(chan struct{}, 10), make(chan struct{})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			came <- struct{}{}
			<-free
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	s.env["API_HOST"] = proxy.URL
	return came, func() { close(free) }
}

// signalled sends a signal to a run while its order is on the way.
func signalled(sig syscall.Signal) func(*testing.T, *shell, []string) int {
	return func(t *testing.T, s *shell, reports []string) int {
		ordering, release := s.stuck(t)
		// The second order waits for the first, so that an interrupt leaves it undone.
		playbook := orders(1) + "- pause: {seconds: 0}\n- addon_register: {name: second, provider: pg, details: {plan: dev}}\n"
		c := s.process(t, append([]string{"play", s.file(t, "site.yml", playbook)}, reports...)...)
		stderr, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		<-ordering
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if sig != syscall.SIGKILL {
			_, _ = stderr.Read(make([]byte, 1)) // it says that it ends
		}
		release()
		_ = c.Wait()
		return c.ProcessState.ExitCode()
	}
}

// TestReportsAtEachEnd: whatever was reported before, the files say of each run that
// it began, whether it ended, how and why.
func TestReportsAtEachEnd(t *testing.T) {
	t.Parallel()
	for _, end := range ends {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			var reports []string
			for kind := range readers {
				path := filepath.Join(s.dir, "report."+kind)
				if err := os.WriteFile(path, []byte("of yesterday: runner_last_run_success 1\n"), 0o640); err != nil {
					t.Fatal(err)
				}
				reports = append(reports, "--report", kind+"="+path)
			}
			if code := end.play(t, s, reports); code != end.code {
				t.Fatalf("exit code %d, want %d", code, end.code)
			}
			for kind, read := range readers {
				text, err := os.ReadFile(filepath.Join(s.dir, "report."+kind))
				if err != nil {
					t.Fatal(err)
				}
				s.holds(t, kind, read(t, text), printed{end.code == 0 || end.code == 3, end.state, end.code, end.why}, text)
			}
			if left, _ := filepath.Glob(filepath.Join(s.dir, ".report*")); len(left) > 0 && end.code >= 0 {
				t.Errorf("left are %v", left)
			}
			if code, _, stderr := s.run(append([]string{"play", "--emulator", s.file(t, "next.yml", "- debug: {msg: x}\n")}, reports...)...); code != 0 {
				t.Fatalf("the next run: exit %d\n%s", code, stderr)
			}
			if left, _ := filepath.Glob(filepath.Join(s.dir, ".report*")); len(left) > 0 {
				t.Errorf("the next run left %v", left)
			}
		})
	}
}

func (s *shell) holds(t *testing.T, kind string, got, want printed, text []byte) {
	t.Helper()
	if got.good != want.good || got.exit != -1 && got.exit != want.exit {
		t.Errorf("%s: success %v, exit %d; want %v, %d:\n%s", kind, got.good, got.exit, want.good, want.exit, text)
	}
	if hasState := kind == "json" || kind == "jsonl" || kind == "markdown" || kind == "text"; hasState && got.state != want.state {
		t.Errorf("%s: it is %q, want %q:\n%s", kind, got.state, want.state, text)
	}
	if kind != "prometheus" && want.why != "" && !strings.Contains(strings.ReplaceAll(got.why, `\`, ""), want.why) {
		t.Errorf("%s: the reason is %q, want %q:\n%s", kind, got.why, want.why, text)
	}
	if info, err := os.Stat(filepath.Join(s.dir, "report."+kind)); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%s: %v, %v", kind, info.Mode(), err)
	}
}

// TestReportsOnStandardOutput: under each of its names, and for one report only.
func TestReportsOnStandardOutput(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	site := s.file(t, "site.yml", "- debug: {msg: \"{{ ['nan' | float, 'inf' | float, '-inf' | float] }}\"}\n")
	for _, name := range []string{"json", "json=-", "json=/dev/stdout", "json=/dev/fd/1"} {
		code, out, stderr := s.run("play", "--emulator", site, "--report", name)
		if code != 0 || !readJSON(t, []byte(out)).good || !strings.Contains(out, `"-Infinity"`) {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, stderr)
		}
		if code, _, stderr := s.run("play", "--emulator", site, "--report", name, "--report", "text"); code != 1 || !strings.Contains(stderr, "cannot share standard output") {
			t.Errorf("%s and text: exit %d\n%s", name, code, stderr)
		}
	}
	if code, out, stderr := s.run("play", "--emulator", site, "--report", "json=/dev/stderr"); code != 0 || !strings.Contains(out, "PLAY RECAP") || !strings.Contains(stderr, `"exit": 0`) {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	if code, out, _ := s.run("play", "--emulator", s.file(t, "bad.yml", "- debgu: 1\n"), "--report", "json"); code != 4 || readJSON(t, []byte(out)).state != "not begun" {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// TestReportsOfOneFile: two of them are refused, by whatever names.
func TestReportsOfOneFile(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	site, file, link := s.file(t, "site.yml", "- debug: {msg: x}\n"), filepath.Join(s.dir, "r"), filepath.Join(s.dir, "link")
	if err := os.Symlink(s.dir, link); err != nil {
		t.Skip(err)
	}
	for _, second := range []string{file, s.dir + "/./r", link + "/r"} {
		code, _, stderr := s.run("play", "--emulator", site, "--report", "json="+file, "--report", "junit="+second)
		if code != 1 || !strings.Contains(stderr, "two reports cannot share the file") {
			t.Errorf("%s: exit %d\n%s", second, code, stderr)
		}
	}
	if code, _, stderr := s.run("play", "--emulator", site, "--report", "json=/dev/null", "--report", "junit=/dev/null"); code != 0 {
		t.Errorf("exit %d\n%s", code, stderr)
	}
}
