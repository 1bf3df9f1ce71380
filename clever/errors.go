package clever

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// An Error is a request that did not end well: refused by the platform, answered
// with something that cannot be understood, or never answered. It never holds
// credentials.
type Error struct {
	Method    string
	Path      string // with the query, below the endpoint
	Status    int    // 0 when there was no answer
	ID        string // the platform's number or code: "11001", "clever.core.quota-exceeded"
	Message   string // what the platform says, or what is wrong with its answer
	RequestID string // the platform's name for the request, for its support
	Tries     int    // how often it was sent
	Err       error  // why there was no answer, or none that can be used

	endpoint string
	advice   string
	kind     failure
	outcome  outcome
	page     bool          // the body is a web page
	sent     bool          // the platform may have seen the request
	after    time.Duration // how long to leave the platform alone, as it asks
}

type failure int

const (
	refusal       failure = iota // an answer whose status says no
	unreachable                  // no answer, because of the network
	notUnderstood                // a response that is not what it should be
	aborted                      // not sent, or given up, on this side
)

// Error says what happened, on one line.
func (e *Error) Error() string {
	what := e.Method + " " + e.Path
	switch e.kind {
	case unreachable:
		return fmt.Sprintf("no answer from %s to %s: %s%s", e.endpoint, what, e.Message, e.times())
	case notUnderstood:
		return fmt.Sprintf("the platform answered %s with %s%s", what, e.Message, e.times())
	case aborted:
		return fmt.Sprintf("%s: %s", what, e.Message)
	}
	verb := "refused"
	if e.Status >= 500 {
		verb = "failed at"
	}
	text := fmt.Sprintf("the platform %s %s: %d, %s", verb, what, e.Status, statusWords(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.ID != "" {
		text += " (" + e.ID + ")"
	}
	return text + e.times()
}

func (e *Error) times() string {
	if e.Tries < 2 {
		return ""
	}
	return fmt.Sprintf(", tried %d times", e.Tries)
}

// Hint says what to do, "" where there is nothing to advise.
func (e *Error) Hint() string { return e.advice }

// Detail returns what the platform's support asks for, "" when it is not known.
func (e *Error) Detail() string {
	if e.RequestID == "" {
		return ""
	}
	return "request id " + e.RequestID
}

// Unwrap returns why there was no answer.
func (e *Error) Unwrap() error { return e.Err }

// IsNotFound reports whether the platform says that there is no such thing. A page
// of something else on the way does not.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.page && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

// IsForbidden reports whether what was asked for belongs to somebody else.
func IsForbidden(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.page && e.Status == http.StatusForbidden
}

// IsAuth reports whether credentials are missing, cannot be used, or were refused
// as such. A 403 about one thing of somebody else's is not; one about the user is.
func IsAuth(err error) bool {
	if _, ok := errors.AsType[*Missing](err); ok {
		return true
	}
	if _, ok := errors.AsType[*BadCredentials](err); ok {
		return true
	}
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == http.StatusUnauthorized ||
		e.Status == http.StatusForbidden && slices.Contains([]string{"/v2/self", "/v2/summary", "/v2/organisations"}, e.Path))
}

// IsUnreachable reports whether there was no answer because of the network.
func IsUnreachable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.kind == unreachable
}

func hasStatus(err error, statuses ...int) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	for _, s := range statuses {
		if e.Status == s {
			return true
		}
	}
	return false
}

// failed makes an Error of a try that got no answer, or no whole one.
func (c *core) failed(q call, a response, err error) *Error {
	e := &Error{
		Method: q.method, Path: c.target(q), Tries: a.tries, Err: err,
		endpoint: c.endpoint, kind: aborted, sent: a.sent, outcome: outcomeOf(a, err),
	}
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		e.Message = "given up, " + err.Error()
	case a.status != 0 && isBroken(err):
		e.kind, e.Message = notUnderstood, "an answer that is cut off: "+reason(err)
		e.advice = "try again later"
	case a.status != 0:
		e.kind, e.Message = notUnderstood, "an answer that cannot be used: "+err.Error()
	case isBroken(err), isUnsent(err), isNetwork(err):
		e.kind, e.Message = unreachable, reason(err)
		e.advice = fmt.Sprintf("check that %s is the endpoint that you mean (--endpoint, RUNNER_ENDPOINT, API_HOST) and can be reached from here", c.endpoint)
	default:
		e.Message = err.Error()
	}
	e.Message = c.clean(e.Message)
	return e
}

func isNetwork(err error) bool {
	_, ok := errors.AsType[*networkError](err)
	return ok
}

// reason says in plain words why there was no answer.
func reason(err error) string {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case isDNS && dns.IsNotFound:
		return fmt.Sprintf("there is no host %q", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused, nothing listens there"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed too early"
	}
	return err.Error()
}

// refused makes an Error of an answer that is not a success.
func (c *core) refused(q call, a response) *Error {
	e := &Error{
		Method: q.method, Path: c.target(q), Status: a.status, Tries: a.tries,
		RequestID: a.header.Get("Sozu-Id"), endpoint: c.endpoint, sent: true, outcome: outcomeOf(a, nil),
	}
	e.after = retryAfter(a.header)
	if a.status >= 300 && a.status < 400 {
		e.Message = "it points to " + c.clean(fmt.Sprintf("%q", a.header.Get("Location")))
		e.advice = "redirects are not followed, so that credentials stay where they belong: correct the endpoint"
		return e
	}
	e.read(a.body)
	if e.page && a.status == http.StatusNotFound {
		e.Message, e.advice = "a web page, not the platform's words", c.elsewhere()
		return e
	}
	e.Message, e.ID, e.RequestID = c.clean(e.Message), c.clean(e.ID), c.clean(e.RequestID)
	switch a.status {
	case http.StatusUnauthorized:
		e.advice = c.creds.advice(time.Now())
		if text := clockAdvice(a.header, time.Now()); text != "" {
			e.advice = text
		}
	case http.StatusForbidden:
		if e.ID != notYours {
			e.advice = c.creds.lacking()
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		e.advice = laterAdvice(e.after, time.Now())
	}
	return e
}

// laterAdvice says when to try again.
func laterAdvice(after time.Duration, now time.Time) string {
	if after < time.Second {
		return "try again later"
	}
	until := now.Add(after).Round(time.Second)
	format := time.TimeOnly
	if after > 12*time.Hour {
		format = time.DateTime
	}
	return fmt.Sprintf("the platform asks to be left alone for %v: try again after %s", after.Round(time.Second), until.Format(format))
}

// clockOff is how far this machine's clock may be from the platform's before it is
// likely to be why a signature was refused.
const clockOff = 2 * time.Minute

// clockAdvice says that this machine's clock is wrong, by the date of a response;
// "" if it is not.
func clockAdvice(h http.Header, now time.Time) string {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return ""
	}
	ahead := now.Sub(at).Round(time.Second)
	switch {
	case ahead > clockOff:
		return fmt.Sprintf("this machine's clock is %v ahead of the platform's, and signatures hold the time: set the clock, then try again", ahead)
	case ahead < -clockOff:
		return fmt.Sprintf("this machine's clock is %v behind the platform's, and signatures hold the time: set the clock, then try again", -ahead)
	}
	return ""
}

// notYours is the platform's number for what belongs to another owner (docs/platform.md §5.2). No
// right of a token's would help.
const notYours = "10300"

// read takes over what an error's body says, in the forms of v2, v4 and the
// bridge (docs/platform.md §5.1). A page of a proxy says nothing.
func (e *Error) read(body []byte) {
	var said struct {
		ID           json.RawMessage
		Message      string
		Fields       map[string]string
		APIRequestID string
		Code         string
		Error        string
	}
	if isPage(body) {
		e.page = true
		return
	}
	if err := json.Unmarshal(body, &said); err != nil && said.Message == "" {
		e.Message = string(body)
		return
	}
	e.Message = said.Message
	if e.Message == "" {
		e.Message = said.Error
	}
	for _, name := range sortedKeys(said.Fields) {
		e.Message += fmt.Sprintf("; %s: %s", name, said.Fields[name])
	}
	e.ID = said.Code
	if e.ID == "" {
		e.ID = strings.Trim(string(said.ID), `"`)
	}
	if said.APIRequestID != "" {
		e.RequestID = said.APIRequestID
	}
}

// garbled makes an Error of a success that is not what was due.
func (c *core) garbled(q call, a response, bad *unreadableError) *Error {
	err := bad.err
	e := &Error{
		Method: q.method, Path: c.target(q), Status: a.status, Tries: a.tries, Err: err,
		endpoint: c.endpoint, kind: notUnderstood, sent: true, outcome: unreadable, RequestID: c.clean(a.header.Get("Sozu-Id")),
	}
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	_, isLack := errors.AsType[*lack](err)
	switch {
	case isLack || errors.Is(err, errNull):
		e.Message = c.clean(err.Error())
	case len(bytes.TrimSpace(a.body)) == 0:
		e.Message = "nothing where JSON is due"
	case isPage(a.body):
		e.Message = "a web page where JSON is due"
		e.advice = c.elsewhere()
	case isSyntax && syntax.Offset >= int64(len(a.body)):
		e.Message = "JSON that is cut off"
	case isSyntax:
		e.Message = "something that is not JSON"
	default:
		e.Message = c.clean("JSON of another shape than expected: " + err.Error())
	}
	return e
}

// elsewhere says that another server may have answered.
func (c *core) elsewhere() string {
	return fmt.Sprintf("something else than the platform may answer at %s: a proxy, or a log-in page of the network", c.endpoint)
}

// masked keeps back credentials.
func (c *core) masked(text string) string {
	for _, secret := range c.creds.forms() {
		text = strings.ReplaceAll(text, secret, "********")
	}
	return text
}

// target tells where a call goes. A token that is ended stands in its path.
func (c *core) target(q call) string { return c.masked(q.target()) }

func isPage(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// longestMessage is how much of a platform's message is shown, in characters.
const longestMessage = 500

// clean makes text from outside fit for one line of a terminal, and keeps back
// credentials that a server may have repeated.
func (c *core) clean(text string) string {
	text = strings.ToValidUTF8(c.masked(text), "?")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.TrimRight(strings.Join(strings.Fields(text), " "), ".")
	if runes := []rune(text); len(runes) > longestMessage {
		text = string(runes[:longestMessage]) + "…"
	}
	return text
}

func statusWords(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "not authenticated"
	case http.StatusForbidden:
		return "not allowed"
	}
	if words := http.StatusText(status); words != "" {
		return strings.ToLower(words)
	}
	return "an unknown status"
}
