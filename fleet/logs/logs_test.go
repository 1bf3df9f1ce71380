package logs_test

import (
	"context"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"runner/fleet/logs"
	"runner/fleet/settings"
)

// A bucket is an S3 server with a bucket, and a folder of secrets that fits it.
type bucket struct {
	backend  *s3mem.Backend
	server   *httptest.Server
	secrets  string
	settings settings.Logs
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{backend: s3mem.New(), secrets: t.TempDir()}
	if err := b.backend.CreateBucket("acme"); err != nil {
		t.Fatal(err)
	}
	b.server = httptest.NewServer(gofakes3.New(b.backend).Server())
	t.Cleanup(b.server.Close)
	b.secret(t, "cellar", "CELLAR_ADDON_KEY_ID='id'\nCELLAR_ADDON_KEY_SECRET='a secret'\n", 0o600)
	b.settings = settings.Logs{Bucket: "acme", Credentials: "cellar", Endpoint: b.server.URL, Prefix: "fleet/"}
	return b
}

func (b *bucket) secret(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.secrets, name+".env"), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// store returns that of a machine of its own.
func (b *bucket) store(t *testing.T) *logs.Store {
	t.Helper()
	s, err := logs.Open(b.settings, time.Hour, t.TempDir(), b.secrets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, s *logs.Store, name, text string) string {
	t.Helper()
	if err := os.WriteFile(s.Path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.Path(name)
}

func read(t *testing.T, s *logs.Store, where string) string {
	t.Helper()
	r, err := s.Read(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestALogIsReadFromAnywhere: what one machine sent another reads, also where it could only
// be sent later; it is on the disk no longer.
func TestALogIsReadFromAnywhere(t *testing.T) {
	b := newBucket(t)
	worker, elsewhere := b.store(t), b.store(t)
	path := write(t, worker, "run-1", "a line\n")
	where, err := worker.Send(t.Context(), path)
	if err != nil || where != "s3://acme/fleet/run-1.jsonl" {
		t.Fatal(where, err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("it is still on the disk:", err)
	}
	if got := read(t, elsewhere, where); got != "a line\n" {
		t.Errorf("%q", got)
	}

	b.server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	later := write(t, worker, "run-2", "another\n")
	if where, err = worker.Send(ctx, later); where != later || err == nil || !strings.Contains(err.Error(), "stays at "+later) {
		t.Fatal(where, err)
	}
	if got := read(t, worker, where); got != "another\n" {
		t.Errorf("%q", got)
	}
	b.server = httptest.NewServer(gofakes3.New(b.backend).Server())
	t.Cleanup(b.server.Close)
	b.settings.Endpoint = b.server.URL
	again, err := logs.Open(b.settings, time.Hour, worker.Dir, b.secrets)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.SendRest(t.Context(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(later); err != nil {
		t.Error("a log that may belong to a play was sent:", err)
	}
	if err := again.SendRest(t.Context(), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := read(t, b.store(t), where); got != "another\n" {
		t.Errorf("%q", got)
	}
}

// TestOldLogsAreRemoved: only logs, only below the prefix, only what is too old.
func TestOldLogsAreRemoved(t *testing.T) {
	b := newBucket(t)
	s := b.store(t)
	for _, object := range []string{"fleet/old.jsonl", "fleet/notes.txt", "others/old.jsonl"} {
		if _, err := b.backend.PutObject("acme", object, nil, strings.NewReader("x"), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Dir = filepath.Join(s.Dir, "a [odd] name")
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, s, "here", "x")
	for _, name := range []string{"here.jsonl" + logs.Beside, "here.txt"} {
		if err := os.WriteFile(filepath.Join(s.Dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := func(now time.Time) string {
		if err := s.Remove(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		list, err := b.backend.ListBucket("acme", nil, gofakes3.ListBucketPage{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, o := range list.Contents {
			names = append(names, o.Key)
		}
		files, err := os.ReadDir(s.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			names = append(names, file.Name())
		}
		return strings.Join(names, " ")
	}
	if got := left(time.Now()); got != "fleet/notes.txt fleet/old.jsonl others/old.jsonl here.jsonl here.jsonl.result here.txt" {
		t.Error("nothing is old, and there is", got)
	}
	if got := left(time.Now().Add(2 * time.Hour)); got != "fleet/notes.txt others/old.jsonl here.txt" {
		t.Error("two hours later there is", got)
	}
}

// TestWhatIsWrongWithABucket: each is reported with what to do, and no secret.
func TestWhatIsWrongWithABucket(t *testing.T) {
	b := newBucket(t)
	b.secret(t, "open", "CELLAR_ADDON_KEY_ID=id\nCELLAR_ADDON_KEY_SECRET=hidden\n", 0o644)
	b.secret(t, "half", "CELLAR_ADDON_KEY_SECRET=hidden\n", 0o600)
	b.secret(t, "broken", "hidden hidden = 'hidden\n", 0o600)
	for name, want := range map[string]string{
		"missing": " is missing: create it", "open": "chmod 600", "half": "lacks CELLAR_ADDON_KEY_ID", "broken": "not NAME=value",
	} {
		wrong := b.settings
		wrong.Credentials = name
		if _, err := logs.Open(wrong, time.Hour, t.TempDir(), b.secrets); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", name, err)
		}
	}
	nowhere := b.settings
	nowhere.Endpoint = ""
	if _, err := logs.Open(nowhere, time.Hour, t.TempDir(), b.secrets); err == nil || !strings.Contains(err.Error(), "logs.endpoint") {
		t.Error(err)
	}
	if _, err := b.store(t).Read(t.Context(), "/var/lib/elsewhere/run-9.jsonl"); err == nil || !strings.Contains(err.Error(), "has no fleet/run-9.jsonl") {
		t.Error(err)
	}
	none := b.settings
	none.Bucket = "other"
	s, err := logs.Open(none, time.Hour, t.TempDir(), b.secrets)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), write(t, s, "run", "x")); err == nil || !strings.Contains(err.Error(), "bucket other") {
		t.Error(err)
	}
	plain, err := logs.Open(settings.Logs{}, time.Hour, t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, plain, "run", "x")
	if where, err := plain.Send(t.Context(), path); err != nil || where != path {
		t.Error(where, err)
	}
	if _, err := plain.Read(t.Context(), "/nowhere/run.jsonl"); err == nil || !strings.Contains(err.Error(), "on the disk of its worker") {
		t.Error(err)
	}
}
