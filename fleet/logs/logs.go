// Package logs keeps the logs of plays: on the disk of the worker that played, or in a
// bucket of an S3 server, such as Clever Cloud's Cellar. It knows files, buckets and their
// credentials, and nothing of what is in a log: whoever wrote it has masked its secrets.
package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/joho/godotenv"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"runner/fleet/secret"
	"runner/fleet/settings"
)

const (
	// ending is that of the names of logs; nothing else is sent or read.
	ending = ".jsonl"
	// Beside is what a play adds to the name of its log for a file that it keeps while it
	// goes on. One that was killed leaves it: it is removed as old logs are.
	Beside = ".result"
)

const (
	// sendTime is how long a log may take to be sent, while its play's lane waits.
	sendTime = 10 * time.Second
	// listTime is how long it may take to look for old logs in the bucket.
	listTime = 10 * time.Minute
)

// A Store keeps logs. Make it with Open.
type Store struct {
	Dir    string // the folder of this machine
	bucket string // "": there is none
	prefix string
	keep   time.Duration
	client *minio.Client
}

// Open returns the store that settings name, with a folder of this machine. Logs are kept for a
// while only. The credentials of a bucket are a file in the folder of secrets.
func Open(s settings.Logs, keep time.Duration, dir, secrets string) (*Store, error) {
	store := &Store{Dir: dir, bucket: s.Bucket, prefix: s.Prefix, keep: keep}
	if s.Bucket == "" {
		return store, nil
	}
	key, err := readKey(s.Credentials, secrets)
	if err != nil {
		return nil, fmt.Errorf("the credentials of the bucket %s: %w", s.Bucket, err)
	}
	endpoint := cmp.Or(s.Endpoint, key.host)
	if endpoint == "" {
		return nil, fmt.Errorf("nothing says where the bucket %s is: set logs.endpoint, or CELLAR_ADDON_HOST beside its credentials", s.Bucket)
	}
	host, plain := strings.CutPrefix(endpoint, "http://")
	store.client, err = minio.New(strings.TrimPrefix(host, "https://"), &minio.Options{
		Creds: credentials.NewStaticV4(key.id, key.secret, ""), Secure: !plain, Region: cmp.Or(s.Region, "us-east-1"), MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("logs.endpoint %q is no host: %w", endpoint, err)
	}
	return store, nil
}

type key struct{ id, secret, host string }

// readKey reads the variables of a Cellar add-on, as runner's env_file writes them, or those of
// AWS's own programs: NAME.env in the folder of secrets, or file:PATH.
func readKey(word, secrets string) (key, error) {
	path := secret.Path(word, secrets, ".env")
	text, err := secret.Read(path)
	if err != nil {
		return key{}, err
	}
	v, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		return key{}, fmt.Errorf("%s has a line that is not NAME=value", path) // the library's error quotes the line
	}
	k := key{
		id:     cmp.Or(v["CELLAR_ADDON_KEY_ID"], v["AWS_ACCESS_KEY_ID"]),
		secret: cmp.Or(v["CELLAR_ADDON_KEY_SECRET"], v["AWS_SECRET_ACCESS_KEY"]),
		host:   v["CELLAR_ADDON_HOST"],
	}
	if k.id == "" || k.secret == "" {
		return key{}, fmt.Errorf("%s lacks CELLAR_ADDON_KEY_ID and CELLAR_ADDON_KEY_SECRET, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", path)
	}
	return k, nil
}

// Path returns where a log is written: always on this machine first.
func (s *Store) Path(name string) string { return filepath.Join(s.Dir, name+ending) }

// Send sends a log to the bucket, if there is one, and returns where it is then. A log that
// cannot be sent stays on the disk, for SendRest.
func (s *Store) Send(ctx context.Context, path string) (where string, err error) {
	if s.bucket == "" {
		return path, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	object := s.prefix + filepath.Base(path)
	_, err = s.client.FPutObject(ctx, s.bucket, object, path, minio.PutObjectOptions{ContentType: "application/x-ndjson"})
	if err != nil {
		return path, fmt.Errorf("the log could not be sent to the bucket %s, and stays at %s: %w", s.bucket, path, err)
	}
	return "s3://" + s.bucket + "/" + object, os.Remove(path)
}

// SendRest sends the logs that could not be sent when their plays ended. What was written to
// since a time may belong to a play that goes on.
func (s *Store) SendRest(ctx context.Context, since time.Time) error {
	if s.bucket == "" {
		return nil
	}
	return s.each(ending, since, func(path string) error {
		_, err := s.Send(ctx, path)
		return err
	})
}

// each does something with each file of this machine whose name has an ending, and that was
// last written before a time.
func (s *Store) each(ending string, before time.Time, do func(path string) error) error {
	files, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		info, err := file.Info() // an error: it was removed just now
		if err != nil || !strings.HasSuffix(file.Name(), ending) || !info.ModTime().Before(before) {
			continue
		}
		if err := do(filepath.Join(s.Dir, file.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes logs that are too old, here and in the bucket: there those only whose names
// are below the prefix and end as logs do.
func (s *Store) Remove(ctx context.Context, now time.Time) error {
	before := now.Add(-s.keep)
	if err := errors.Join(s.each(ending, before, os.Remove), s.each(ending+Beside, before, os.Remove)); err != nil || s.bucket == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix}) {
		if o.Err != nil {
			return fmt.Errorf("the bucket %s cannot be listed: %w", s.bucket, o.Err)
		}
		if !o.LastModified.Before(before) || !strings.HasSuffix(o.Key, ending) {
			continue
		}
		if err := s.client.RemoveObject(ctx, s.bucket, o.Key, minio.RemoveObjectOptions{}); err != nil {
			return fmt.Errorf("an old log cannot be removed from the bucket %s: %w", s.bucket, err)
		}
	}
	return nil
}

// An ElsewhereError says that a log is on the disk of another machine.
type ElsewhereError struct{ Path string }

func (e *ElsewhereError) Error() string {
	return fmt.Sprintf("the log is on the disk of its worker, at %s; with logs.bucket in fleet.yml it would be readable from everywhere", e.Path)
}

// Read returns a log by what Send returned: from this machine's disk where it is there, else
// from the bucket, to which it may have been sent since.
func (s *Store) Read(ctx context.Context, where string) (io.ReadCloser, error) {
	file, err := os.Open(where)
	switch {
	case err == nil:
		return file, nil
	case s.bucket == "" && strings.HasPrefix(where, "s3://"):
		return nil, fmt.Errorf("the log is in a bucket, at %s, and fleet.yml of this machine has no logs.bucket", where)
	case s.bucket == "":
		return nil, &ElsewhereError{where}
	}
	object := s.prefix + where[strings.LastIndexAny(where, `/\`)+1:]
	o, err := s.client.GetObject(ctx, s.bucket, object, minio.GetObjectOptions{})
	if err == nil {
		_, err = o.Stat() // GetObject asks for nothing by itself
	}
	if response := minio.ToErrorResponse(err); err != nil && response.Code == minio.NoSuchKey {
		return nil, fmt.Errorf("the bucket %s has no %s: it was removed as too old, or is still on the disk of its worker", s.bucket, object)
	}
	if err != nil {
		return nil, fmt.Errorf("the log cannot be read from the bucket %s: %w", s.bucket, err)
	}
	return o, nil
}
