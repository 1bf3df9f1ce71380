package services

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"runner/clever/emulator/store"
)

const (
	objectLimit = 8 << 20  // bytes of an object
	bucketLimit = 32 << 20 // bytes of all objects of a bucket: the state file has them
)

// A fault is an error as S3 writes it.
type fault struct {
	status        int
	code, message string
}

func (f *fault) Error() string { return f.code + ": " + f.message }

func denied(code, message string) *fault { return &fault{http.StatusForbidden, code, message} }

var (
	errNoBucket = &fault{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"}
	errNoKey    = &fault{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
	errNotOurs  = &fault{http.StatusNotImplemented, "NotImplemented", "The emulator does not play this part of S3."}
)

// An operation is a request of S3 whose signature was good.
type operation struct {
	srv    *Server
	w      http.ResponseWriter
	r      *http.Request
	body   []byte
	cellar *store.Addon
	bucket string
	key    string
}

// ServeHTTP answers requests of S3, and those of Pulsar's administration.
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, pulsarBase) {
		srv.pulsar(w, r)
		return
	}
	o := &operation{srv: srv, w: w, r: r}
	o.bucket, o.key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	err := o.admit()
	if err == nil {
		err = o.run()
	}
	if err != nil {
		o.refuse(err)
	}
}

func (o *operation) refuse(err error) {
	f, ok := errors.AsType[*fault](err)
	if !ok {
		f = &fault{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	o.answer(f.status, struct {
		XMLName                 xml.Name `xml:"Error"`
		Code, Message, Resource string
	}{Code: f.code, Message: f.message, Resource: o.r.URL.Path})
}

// answer writes a body of XML; nil is none.
func (o *operation) answer(status int, body any) {
	if body == nil || o.r.Method == http.MethodHead {
		o.w.WriteHeader(status)
		return
	}
	text, err := xml.Marshal(body)
	if err != nil { // our own types can be written
		status = http.StatusInternalServerError
	}
	o.w.Header().Set("Content-Type", "application/xml")
	o.w.WriteHeader(status)
	_, _ = io.WriteString(o.w, xml.Header+string(text)) // a client that has gone needs nothing
}

// admit reads the body, and finds the Cellar whose key signed the request.
func (o *operation) admit() error {
	c, signed := claimOf(o.r)
	if !signed {
		return denied("AccessDenied", "The request is not signed.")
	}
	w := o.srv.store.World()
	for _, a := range w.Addons {
		if a.Provider == "cellar-addon" && a.Facts["key"] == c.key {
			o.cellar = a
		}
	}
	switch {
	case o.cellar == nil:
		return denied("InvalidAccessKeyId", "The access key id is that of no Cellar.")
	case !c.fresh(o.srv.now()):
		return denied("RequestTimeTooSkewed", "The request is not of now.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(o.w, o.r.Body, objectLimit+1<<20))
	if err != nil {
		return tooLarge
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if c.payload == "" {
		c.payload = hash
	}
	if !c.good(o.r, o.cellar.Facts["secret"]) {
		return denied("SignatureDoesNotMatch", "The signature is not that of this request and this key.")
	}
	return o.take(body, hash, c.payload)
}

var tooLarge = &fault{http.StatusBadRequest, "EntityTooLarge", "The emulator takes objects of eight mebibytes at most."}

// take takes the body, which may come in signed chunks.
func (o *operation) take(body []byte, hash, payload string) (err error) {
	switch {
	case strings.HasPrefix(payload, "STREAMING-"):
		if body, err = unchunk(body); err != nil {
			return &fault{http.StatusBadRequest, "IncompleteBody", err.Error()}
		}
	case payload != "UNSIGNED-PAYLOAD" && payload != hash:
		return &fault{http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The body is not the one that was signed."}
	}
	o.body = body
	return nil
}

// unchunk joins what came in chunks: "size;chunk-signature=…", the bytes, and an end
// of line each.
func unchunk(body []byte) ([]byte, error) {
	errShort := errors.New("the chunks of the body are not whole")
	var all []byte
	for {
		head, rest, ok := strings.Cut(string(body), "\r\n")
		digits, _, _ := strings.Cut(head, ";")
		size, err := strconv.ParseInt(digits, 16, 32)
		if !ok || err != nil || size < 0 || int(size) > len(rest) {
			return nil, errShort
		}
		if size == 0 {
			return all, nil
		}
		all = append(all, rest[:size]...)
		body = []byte(strings.TrimPrefix(rest[size:], "\r\n"))
	}
}

// run does what the method and the path say.
func (o *operation) run() error {
	q := o.r.URL.Query()
	switch {
	case o.bucket == "" && o.r.Method == http.MethodGet:
		return o.listBuckets()
	case o.bucket == "":
		return errNotOurs
	case o.key == "":
		return o.onBucket(q)
	case q.Has("uploads") || q.Has("uploadId") || q.Has("acl") || q.Has("tagging"):
		return errNotOurs
	}
	return o.onObject()
}

// bucketName is the form of names that S3 takes.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// find returns the bucket, which must be the Cellar's own.
func (o *operation) find(w *store.World) (*store.Bucket, error) {
	b := w.Buckets.Find(o.bucket)
	switch {
	case b == nil:
		return nil, errNoBucket
	case b.Addon != o.cellar.ID:
		return nil, denied("AccessDenied", "The bucket is another Cellar's.")
	}
	return b, nil
}

// change changes a copy of the bucket, whose objects may be changed.
func (o *operation) change(change func(b *store.Bucket) error) error {
	return o.srv.store.Change(func(d *store.Draft) error {
		b, err := o.find(&d.World)
		if err != nil {
			return err
		}
		changed := *b
		if changed.Objects = maps.Clone(b.Objects); changed.Objects == nil {
			changed.Objects = map[string]*store.Object{}
		}
		if err := change(&changed); err != nil {
			return err
		}
		d.Buckets.Put(&changed)
		return nil
	})
}

func (o *operation) createBucket() error {
	if !bucketName.MatchString(o.bucket) {
		return &fault{http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid."}
	}
	err := o.srv.store.Change(func(d *store.Draft) error {
		if b := d.Buckets.Find(o.bucket); b != nil {
			code := "BucketAlreadyExists"
			if b.Addon == o.cellar.ID {
				code = "BucketAlreadyOwnedByYou"
			}
			return &fault{http.StatusConflict, code, "The requested bucket name is not available."}
		}
		if d.Addon(o.cellar.ID) == nil {
			return denied("InvalidAccessKeyId", "The Cellar was removed just now.")
		}
		d.Buckets.Put(&store.Bucket{Name: o.bucket, Addon: o.cellar.ID, Created: o.srv.now().UTC()})
		return nil
	})
	if err != nil {
		return err
	}
	o.w.Header().Set("Location", "/"+o.bucket)
	o.answer(http.StatusOK, nil)
	return nil
}

func (o *operation) deleteBucket() error {
	err := o.srv.store.Change(func(d *store.Draft) error {
		b, err := o.find(&d.World)
		switch {
		case err != nil:
			return err
		case len(b.Objects) > 0:
			return &fault{http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty"}
		}
		d.Buckets.Remove(b.Name)
		return nil
	})
	if err == nil {
		o.answer(http.StatusNoContent, nil)
	}
	return err
}

// onObject does what is asked for of an object.
func (o *operation) onObject() error {
	switch o.r.Method {
	case http.MethodPut:
		return o.putObject()
	case http.MethodGet, http.MethodHead:
		return o.getObject()
	case http.MethodDelete:
		err := o.change(func(b *store.Bucket) error {
			delete(b.Objects, o.key)
			return nil
		})
		if err == nil {
			o.answer(http.StatusNoContent, nil)
		}
		return err
	}
	return errNotOurs
}

func (o *operation) putObject() error {
	if o.r.Header.Get("X-Amz-Copy-Source") != "" {
		return errNotOurs
	}
	if len(o.body) > objectLimit {
		return tooLarge
	}
	sum := md5.Sum(o.body) // what S3 calls an object's ETag
	obj := &store.Object{
		Data: o.body, Type: o.r.Header.Get("Content-Type"), ETag: hex.EncodeToString(sum[:]), Meta: map[string]string{}, Modified: o.srv.now().UTC(),
	}
	for name := range o.r.Header {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-meta-") {
			obj.Meta[name] = o.r.Header.Get(name)
		}
	}
	err := o.change(func(b *store.Bucket) error {
		b.Objects[o.key] = obj
		size := 0
		for _, x := range b.Objects {
			size += len(x.Data)
		}
		if size > bucketLimit {
			return &fault{http.StatusInsufficientStorage, "QuotaExceeded", "The emulator keeps 32 mebibytes of a bucket at most."}
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.w.Header().Set("ETag", strconv.Quote(obj.ETag))
	o.answer(http.StatusOK, nil)
	return nil
}

func (o *operation) getObject() error {
	b, err := o.find(o.srv.store.World())
	if err != nil {
		return err
	}
	obj := b.Objects[o.key]
	if obj == nil {
		return errNoKey
	}
	h := o.w.Header()
	h.Set("ETag", strconv.Quote(obj.ETag))
	if obj.Type != "" {
		h.Set("Content-Type", obj.Type)
	}
	for name, value := range obj.Meta {
		h.Set(name, value)
	}
	http.ServeContent(o.w, o.r, "", obj.Modified.Truncate(time.Second), strings.NewReader(string(obj.Data)))
	return nil
}
