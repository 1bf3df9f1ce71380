package serve

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// mostBody is how large a delivery may be: one of a thousand commits has less than a
	// megabyte. Many may have to be held before it is known whether they are signed.
	mostBody = 5 << 20
	// busyTime is how long a delivery waits while many are carried out.
	busyTime = 5 * time.Second
)

// A form is how somebody signs and writes deliveries.
type form struct {
	header string // by which it is known; its value proves who sent it
	valid  func(r *http.Request, body, secret []byte) bool
	read   func(r *http.Request, body []byte) (push, error)
}

// forms are those that are known. A delivery is held to the first whose header it has.
var forms = []form{
	{"X-Hub-Signature-256", signedHex("X-Hub-Signature-256"), readGitHub},
	{"Webhook-Signature", signedStandard, readGitLab},
	{"X-Gitlab-Token", func(r *http.Request, _, secret []byte) bool {
		return subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Gitlab-Token")), secret) == 1
	}, readGitLab},
	{"X-Runner-Signature", signedHex("X-Runner-Signature"), readPlain},
}

// signedHex returns a check of a header such as sha256=6dcb09…: the HMAC of the body.
func signedHex(header string) func(*http.Request, []byte, []byte) bool {
	return func(r *http.Request, body, secret []byte) bool {
		text, ok := strings.CutPrefix(r.Header.Get(header), "sha256=")
		given, err := hex.DecodeString(text)
		return ok && err == nil && hmac.Equal(given, sum(secret, body))
	}
}

func sum(secret []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, secret)
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// clockSkew is how old a delivery may be that says when it was sent.
const clockSkew = 5 * time.Minute

// signedStandard checks the signature of Standard Webhooks, which GitLab sends where a
// hook has a signing token: the HMAC of "id.time.body", in base64 behind "v1,". Several
// may stand there with spaces between them, while a token is replaced.
func signedStandard(r *http.Request, body, secret []byte) bool {
	id, stamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil || time.Since(time.Unix(seconds, 0)).Abs() > clockSkew {
		return false
	}
	if text, ok := strings.CutPrefix(string(secret), "whsec_"); ok {
		if secret, err = base64.StdEncoding.DecodeString(text); err != nil {
			return false
		}
	}
	want := sum(secret, []byte(id+"."+stamp+"."), body)
	valid := false
	for word := range strings.FieldsSeq(r.Header.Get("Webhook-Signature")) {
		text, ok := strings.CutPrefix(word, "v1,")
		given, err := base64.StdEncoding.DecodeString(text)
		valid = ok && err == nil && hmac.Equal(given, want) || valid
	}
	return valid
}

// A push is what a delivery reports.
type push struct {
	Delivery string   // the same for a delivery that is sent again; "": it has none
	Digest   string   // of the body
	Other    string   // what it reports that is no push; "" of a push
	Ref      string   // refs/heads/main
	Commit   string   // what the ref is at now; "" where the delivery does not say
	Deleted  bool     // the ref is gone
	Changed  []string // the files that changed
	All      bool     // what changed is not known, or not all of it
}

const noCommit = "0000000000000000000000000000000000000000"

// changes are the files of one commit, as GitHub and GitLab name them.
type changes struct{ Added, Modified, Removed []string }

// collect adds the files of all commits to a push.
func (p *push) collect(commits []changes) {
	for _, c := range commits {
		p.Changed = append(append(append(p.Changed, c.Added...), c.Modified...), c.Removed...)
	}
}

// mostCommits is how many commits GitHub names in a delivery.
const mostCommits = 2048

func readGitHub(r *http.Request, body []byte) (push, error) {
	p := push{Delivery: r.Header.Get("X-Github-Delivery"), Other: r.Header.Get("X-Github-Event")}
	if p.Other != "push" {
		return p, nil
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return p, err
		}
		body = []byte(values.Get("payload"))
	}
	var d struct {
		Ref, Before, After       string
		Created, Deleted, Forced bool
		Commits                  []changes
	}
	err := json.Unmarshal(body, &d)
	p.Other, p.Ref, p.Commit, p.Deleted = "", d.Ref, d.After, d.Deleted || d.After == noCommit
	p.All = d.Created || d.Forced || d.Before == noCommit || len(d.Commits) == 0 || len(d.Commits) >= mostCommits
	p.collect(d.Commits)
	return p, err
}

func readGitLab(r *http.Request, body []byte) (push, error) {
	var d struct {
		Kind               string `json:"object_kind"`
		Ref, Before, After string
		Total              int `json:"total_commits_count"`
		Commits            []changes
	}
	err := json.Unmarshal(body, &d)
	p := push{Ref: d.Ref, Commit: d.After, Deleted: d.After == noCommit}
	for _, header := range []string{"X-Gitlab-Event-Uuid", "Idempotency-Key", "Webhook-Id"} { // the last one is the best: it is signed
		if id := r.Header.Get(header); id != "" {
			p.Delivery = id
		}
	}
	if err == nil && d.Kind != "push" && d.Kind != "tag_push" {
		p.Other = strconv.Quote(d.Kind)
	}
	p.All = d.Before == noCommit || len(d.Commits) == 0 || d.Total > len(d.Commits)
	p.collect(d.Commits)
	return p, err
}

// readPlain reads our own form, for those who have neither.
func readPlain(_ *http.Request, body []byte) (push, error) {
	var d struct {
		ID      string    `json:"id"`
		Ref     string    `json:"ref"`
		Commit  string    `json:"commit"`
		Changed *[]string `json:"changed"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&d)
	if err == nil && d.Ref == "" {
		err = errors.New(`it lacks "ref"`)
	}
	p := push{Delivery: d.ID, Ref: d.Ref, Commit: d.Commit, All: d.Changed == nil}
	if d.Changed != nil {
		p.Changed = *d.Changed
	}
	if !strings.HasPrefix(p.Ref, "refs/") {
		p.Ref = "refs/heads/" + p.Ref
	}
	return p, err
}

// hook takes a delivery, and counts it.
func (s *Server) hook(w http.ResponseWriter, r *http.Request) {
	code, res := s.take(w, r)
	project := r.PathValue("project")
	if _, known := s.secrets[project]; !known {
		project = "" // whoever sent it may have made it up
	}
	s.counts.hooks.WithLabelValues(project, strconv.Itoa(code)).Inc()
	respond(w, code, res)
}

// take takes a delivery.
func (s *Server) take(w http.ResponseWriter, r *http.Request) (int, result) {
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-time.After(busyTime):
		w.Header().Set("Retry-After", "5")
		return http.StatusServiceUnavailable, result{Error: "too many deliveries at once; send it again"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return http.StatusRequestEntityTooLarge, result{Error: "the delivery is larger than 5 MB"}
	} else if err != nil {
		return http.StatusBadRequest, result{Error: "the delivery could not be read"}
	}
	project := r.PathValue("project")
	f, ok := s.authentic(r, project, body)
	if !ok {
		s.Logger.Warn("a delivery was refused: its signature or token is wrong, or missing", "from", r.RemoteAddr)
		return http.StatusUnauthorized, result{Error: "not authorized"}
	}
	p, err := f.read(r, body)
	if err != nil {
		return http.StatusBadRequest, result{Error: "the delivery cannot be read: " + err.Error()}
	}
	digest := sha256.Sum256(body)
	p.Digest = hex.EncodeToString(digest[:])
	code, res := s.deliver(project, p)
	s.Logger.Info("web hook", "project", project, "ref", p.Ref, "status", code, "started", len(res.Plays), "already", len(res.Already), "ignored", res.Ignored, "error", res.Error)
	return code, res
}

// authentic returns the form of a delivery, and reports whether it proves that it comes
// from somebody who has the secret of the project. For a project without one the
// response is that of a wrong secret.
func (s *Server) authentic(r *http.Request, project string, body []byte) (form, bool) {
	secret, ok := s.secrets[project]
	if !ok {
		secret = s.decoy
	}
	for _, f := range forms {
		if r.Header.Get(f.header) != "" {
			return f, f.valid(r, body, secret)
		}
	}
	return form{}, false
}

// A result is the response to a delivery.
type result struct {
	Plays   []string `json:"plays,omitempty"`   // the ids of those that it started
	Already []string `json:"already,omitempty"` // of those that it had started before
	Commit  string   `json:"commit,omitempty"`  // what is played
	Note    string   `json:"note,omitempty"`
	Pending bool     `json:"pending,omitempty"` // git or the server takes long: plays are started later
	Ignored string   `json:"ignored,omitempty"` // why there are none
	Error   string   `json:"error,omitempty"`
}

func respond(w http.ResponseWriter, code int, r result) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(r) // who sent it may be gone
}
