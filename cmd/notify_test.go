package cmd_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"runner/clever/emulator"
)

// A receiver is a service that is notified, and what it got.
type receiver struct {
	*httptest.Server
	bodies chan string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{bodies: make(chan string, 10)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.bodies <- q.Method + " " + q.Header.Get("Content-Type") + " " + string(body)
	}))
	t.Cleanup(r.Close)
	return r
}

// got returns what came since it was looked at last.
func (r *receiver) got() []string {
	var all []string
	for len(r.bodies) > 0 {
		all = append(all, <-r.bodies)
	}
	return all
}

// TestNotifications: each end of a run that somebody wants to know of makes one
// message, and those of no interest make none.
func TestNotifications(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.on(t, emulator.Options{})
	r := newReceiver(t)
	s.env["HOOK"] = r.URL + "/s3cret-path"
	site := s.file(t, "site.yml", orders(1))
	broken := s.file(t, "broken.yml", "- fail: {msg: 'it holds {{ lookup(\"env\", \"CLEVER_SECRET\") }}'}\n")
	wrong := s.file(t, "wrong.yml", "- nonsense:\n")
	for _, test := range []struct {
		args        []string
		code        int
		event, text string // "": nobody is notified
	}{
		{[]string{"--check", site}, 0, "drift", "1 to change"},
		{[]string{site}, 0, "change", "1 changed"},
		{[]string{site}, 0, "", ""},
		{[]string{"--check", site}, 0, "", ""},
		{[]string{broken}, 2, "failure", "1 failed"},
		{[]string{"--notify-on", "change,drift", broken}, 2, "", ""},
		{[]string{wrong}, 4, "failure", "the playbook is wrong"},
	} {
		code, out, stderr := s.run(append([]string{"play", "--notify", "env:HOOK"}, test.args...)...)
		got := r.got()
		if code != test.code || len(got) != map[bool]int{true: 0, false: 1}[test.event == ""] {
			t.Fatalf("%v: exit %d, notified of %q\n%s%s", test.args, code, got, out, stderr)
		}
		if test.event == "" {
			continue
		}
		body, isJSON := strings.CutPrefix(got[0], "POST application/json ")
		var m struct {
			Event, Title string
			Exit         int
			Failed       []struct{ Name, At, Message string }
		}
		if err := json.Unmarshal([]byte(body), &m); err != nil || !isJSON || m.Event != test.event || m.Exit != code || !strings.Contains(m.Title, test.text) {
			t.Errorf("%v: %v, %s", test.args, err, got[0])
		}
		for _, secret := range []string{"s3cret-path", "emulator-token-secret"} {
			if strings.Contains(got[0]+out+stderr, secret) {
				t.Errorf("%v: %q is shown", test.args, secret)
			}
		}
	}
}

// TestChatNotification: a chat gets text in which nothing of the run's has a meaning of
// its own.
func TestChatNotification(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	r := newReceiver(t)
	book := s.file(t, "site.yml", "- name: \"<!channel> @here\"\n  fail: {msg: \"a < b & `c`\"}\n")
	if code, out, stderr := s.run("play", "--notify", "mattermost+"+r.URL, "--notify", "slack+"+r.URL, book); code != 2 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	got := r.got()
	if len(got) != 2 {
		t.Fatalf("%d messages: %q", len(got), got)
	}
	for _, message := range got {
		_, body, _ := strings.Cut(message, " application/json ")
		var m map[string]string
		if err := json.Unmarshal([]byte(body), &m); err != nil || len(m) != 1 {
			t.Fatalf("%v, %s", err, body)
		}
		if text := m["text"]; !strings.Contains(text, "failed: &lt;!channel&gt; @\u200bhere — a &lt; b &amp; 'c'") {
			t.Errorf("the text is %q", text)
		}
	}
}

// TestReceiversThatFail: what becomes of a notification fails no run, and is reported
// without the path, which is a password.
func TestReceiversThatFail(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(hang) })
	redirected := newReceiver(t)
	redirecting := httptest.NewServer(http.RedirectHandler(redirected.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	refusing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(refusing.Close)
	closed := httptest.NewServer(nil)
	closed.Close()
	s := newShell(t)
	book := s.file(t, "site.yml", "- debug: {msg: hello}\n  changed_when: true\n")
	args := []string{"play", book}
	for _, r := range []*httptest.Server{hanging, redirecting, refusing, closed} {
		args = append(args, "--notify", r.URL+"/s3cret-path")
	}
	began := time.Now()
	code, out, stderr := s.run(args...)
	if code != 0 || time.Since(began) > time.Minute {
		t.Errorf("exit %d after %s\n%s%s", code, time.Since(began), out, stderr)
	}
	for host, why := range map[string]string{hanging.URL: "it did not respond within 5s", redirecting.URL: "it redirects",
		refusing.URL: "it responded 404 Not Found", closed.URL: "connection refused"} {
		line := "warning: " + strings.TrimPrefix(host, "http://") + " did not take the notification: "
		if _, rest, ok := strings.Cut(stderr, line); !ok || !strings.Contains(strings.SplitN(rest, "\n", 2)[0], why) {
			t.Errorf("no %q with %q in\n%s", line, why, stderr)
		}
	}
	if strings.Contains(stderr, "s3cret") || len(redirected.got()) > 0 {
		t.Errorf("it was followed, or the path is shown:\n%s", stderr)
	}
}

// TestWrongReceivers: an address that is none is refused before anything is played.
func TestWrongReceivers(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	book := s.file(t, "site.yml", "- debug: {msg: hello}\n")
	for _, test := range []struct{ receiver, want string }{
		{"ftp://example.com/s3cret", "a receiver of notifications is an http or https URL"},
		{"s3cret", "a receiver of notifications is an http or https URL"},
		{"https://%zz/s3cret", "a receiver of notifications is an http or https URL"},
		{"env:NOTHING", "$NOTHING is not set"},
	} {
		code, out, stderr := s.run("play", "--notify", test.receiver, book)
		if code != 1 || out != "" || !strings.Contains(stderr, test.want) || strings.Contains(stderr, "s3cret") {
			t.Errorf("%s: exit %d\n%s%s", test.receiver, code, out, stderr)
		}
	}
}
