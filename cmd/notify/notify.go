// Package notify tells other services how a run ended: as a JSON document, or in the
// form of Slack's and Mattermost's incoming web hooks. It knows no engine, and what is
// secret it is given masked.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// An Event says why somebody is notified.
type Event string

// The events.
const (
	Failure Event = "failure" // a task failed, or the run did not end well
	Change  Event = "change"  // something was changed
	Drift   Event = "drift"   // a check found something to do
)

// Events lists all events.
func Events() []string { return []string{string(Failure), string(Change), string(Drift)} }

// A Message is the JSON document that a receiver gets.
type Message struct {
	Event     Event     `json:"event"`
	Title     string    `json:"title"` // one line for people
	Playbooks []string  `json:"playbooks"`
	Platform  string    `json:"platform"`
	Host      string    `json:"host"` // the machine that played
	Run       string    `json:"run"`  // its id, as runner history has it
	Check     bool      `json:"check"`
	Exit      int       `json:"exit"`
	Stats     any       `json:"stats"`
	Failed    []Task    `json:"failed"`
	Changed   []Task    `json:"changed"`
	Left      int       `json:"left"` // how many tasks are not listed, of those that failed or changed something
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended"`
}

// A Task is one that failed or changed something.
type Task struct {
	Name    string `json:"name"`
	At      string `json:"at"`                // file:line
	Message string `json:"message,omitempty"` // why it failed, or what it changed
}

// A Receiver is where messages go.
type Receiver struct {
	url  *url.URL
	chat bool // Slack's and Mattermost's form
}

// ParseReceiver reads a receiver's URL. Slack's own addresses get Slack's form, and so
// do those that begin with slack+ or mattermost+; all others get JSON. The error shows
// no more than the host: a web hook's path is its password.
func ParseReceiver(text string) (Receiver, error) {
	var r Receiver
	for _, form := range []string{"slack+", "mattermost+"} {
		if rest, ok := strings.CutPrefix(text, form); ok {
			text, r.chat = rest, true
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return r, errors.New("a receiver of notifications is an http or https URL, [slack+|mattermost+]https://…")
	}
	r.url, r.chat = u, r.chat || u.Hostname() == "hooks.slack.com"
	return r, nil
}

// Host names the receiver without its path.
func (r Receiver) Host() string { return r.url.Host }

// URL returns the whole address, which is a secret.
func (r Receiver) URL() string { return r.url.String() }

// wait bounds how long a receiver may take.
const wait = 5 * time.Second

// Send sends a message to all receivers at once, and returns what went wrong, a line
// for each receiver that did not take it. Out is the way to them; nil: the network.
func Send(ctx context.Context, out http.RoundTripper, receivers []Receiver, m Message) []error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
	defer cancel()
	client := &http.Client{Transport: out, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	failed := make([]error, len(receivers))
	var all sync.WaitGroup
	for i, r := range receivers {
		all.Go(func() {
			if err := r.send(ctx, client, m); err != nil {
				failed[i] = fmt.Errorf("%s did not take the notification: %w", r.Host(), err)
			}
		})
	}
	all.Wait()
	var errs []error
	for _, err := range failed {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (r Receiver) send(ctx context.Context, client *http.Client, m Message) error {
	body, err := r.body(m)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "runner")
	response, err := client.Do(request)
	if err != nil {
		return reason(err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return fmt.Errorf("it redirects (%s): give the address that it redirects to", response.Status)
	case response.StatusCode >= 300:
		return fmt.Errorf("it responded %s", response.Status)
	}
	return nil
}

// reason returns why a request failed, without its URL.
func reason(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it did not respond within %s", wait)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func (r Receiver) body(m Message) ([]byte, error) {
	if !r.chat {
		return encode(m)
	}
	return encode(map[string]string{"text": m.text()})
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// escaped makes text mean nothing to Slack and Mattermost: no mention, no link.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@\u200b", "`", "'", "\n", " ", "\r", " ")

// text returns a message as a chat shows it.
func (m Message) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%s*\n", escaped.Replace(m.Title))
	for _, part := range []struct {
		title string
		tasks []Task
	}{{"failed", m.Failed}, {"changed", m.Changed}} {
		for _, t := range part.tasks {
			fmt.Fprintf(&b, "• %s: %s", part.title, escaped.Replace(t.Name))
			if t.Message != "" {
				fmt.Fprintf(&b, " — %s", escaped.Replace(t.Message))
			}
			fmt.Fprintf(&b, " (`%s`)\n", escaped.Replace(t.At))
		}
	}
	if m.Left > 0 {
		fmt.Fprintf(&b, "and %d more\n", m.Left)
	}
	return b.String()
}
