package services

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"runner/clever/emulator/store"
)

const stamp = "2006-01-02T15:04:05.000Z"

// An owner is how S3 names whose something is.
type owner struct {
	ID          string
	DisplayName string
}

func (o *operation) listBuckets() error {
	type bucket struct{ Name, CreationDate string }
	list := struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Owner   owner
		Buckets []bucket `xml:"Buckets>Bucket"`
	}{Owner: owner{o.cellar.RealID, o.cellar.Name}}
	for _, b := range o.srv.store.World().Buckets.All() {
		if b.Addon == o.cellar.ID {
			list.Buckets = append(list.Buckets, bucket{b.Name, b.Created.Format(stamp)})
		}
	}
	o.answer(http.StatusOK, list)
	return nil
}

// onBucket does what is asked for of a bucket.
func (o *operation) onBucket(q url.Values) error {
	switch o.r.Method {
	case http.MethodPut:
		if len(q) > 0 {
			return errNotOurs
		}
		return o.createBucket()
	case http.MethodDelete:
		return o.deleteBucket()
	case http.MethodPost:
		if q.Has("delete") {
			return o.deleteObjects()
		}
		return errNotOurs
	case http.MethodGet, http.MethodHead:
		b, err := o.find(o.srv.store.World())
		if err != nil {
			return err
		}
		return o.readBucket(b, q)
	}
	return errNotOurs
}

// readBucket answers with where a bucket is, what it has of what S3 knows, or its
// objects.
func (o *operation) readBucket(b *store.Bucket, q url.Values) error {
	switch {
	case o.r.Method == http.MethodHead:
		o.answer(http.StatusOK, nil)
	case q.Has("location"):
		o.answer(http.StatusOK, struct {
			XMLName xml.Name `xml:"LocationConstraint"`
		}{})
	case q.Has("versioning"):
		o.answer(http.StatusOK, struct {
			XMLName xml.Name `xml:"VersioningConfiguration"`
		}{})
	case q.Has("policy"):
		return &fault{http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist"}
	case q.Has("acl") || q.Has("cors") || q.Has("lifecycle") || q.Has("tagging") || q.Has("versions") || q.Has("uploads"):
		return errNotOurs
	default:
		o.answer(http.StatusOK, list(b, q))
	}
	return nil
}

// An entry is an object in a list.
type entry struct {
	Key, LastModified, ETag string
	Size                    int
	StorageClass            string
}

// A prefix stands for all objects below it.
type prefix struct{ Prefix string }

// A listing is a part of a bucket's objects, of both versions of the call.
type listing struct {
	XMLName                                  xml.Name `xml:"ListBucketResult"`
	Name, Prefix, Delimiter                  string
	Marker, NextMarker, StartAfter           string `xml:",omitempty"`
	ContinuationToken, NextContinuationToken string `xml:",omitempty"`
	MaxKeys, KeyCount                        int
	IsTruncated                              bool
	Contents                                 []entry
	CommonPrefixes                           []prefix
}

const mostKeys = 1000

// list returns the objects that a query asks for, by their keys.
func list(b *store.Bucket, q url.Values) listing {
	l := listing{Name: b.Name, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), MaxKeys: mostKeys,
		Marker: q.Get("marker"), StartAfter: q.Get("start-after"), ContinuationToken: q.Get("continuation-token")}
	if n, err := strconv.Atoi(q.Get("max-keys")); err == nil && n >= 0 && n < mostKeys {
		l.MaxKeys = n
	}
	after := max(l.Marker, l.StartAfter, l.ContinuationToken)
	last := ""
	for _, key := range slices.Sorted(maps.Keys(b.Objects)) {
		if !strings.HasPrefix(key, l.Prefix) || key <= after {
			continue
		}
		shown := key
		if at := strings.Index(key[len(l.Prefix):], l.Delimiter); l.Delimiter != "" && at >= 0 {
			shown = key[:len(l.Prefix)+at+len(l.Delimiter)]
		}
		if shown == last || strings.HasSuffix(after, l.Delimiter) && l.Delimiter != "" && strings.HasPrefix(key, after) && shown == after {
			continue
		}
		if l.KeyCount == l.MaxKeys {
			l.IsTruncated = true
			l.NextMarker, l.NextContinuationToken = last, last
			break
		}
		l.KeyCount++
		if last = shown; shown != key {
			l.CommonPrefixes = append(l.CommonPrefixes, prefix{shown})
			continue
		}
		x := b.Objects[key]
		l.Contents = append(l.Contents, entry{key, x.Modified.UTC().Format(stamp), strconv.Quote(x.ETag), len(x.Data), "STANDARD"})
	}
	return l
}

// deleteObjects deletes many at once.
func (o *operation) deleteObjects() error {
	type named struct{ Key string }
	var wanted struct{ Object []named }
	if err := xml.Unmarshal(o.body, &wanted); err != nil {
		return &fault{http.StatusBadRequest, "MalformedXML", "The XML is not well-formed."}
	}
	err := o.change(func(b *store.Bucket) error {
		for _, x := range wanted.Object {
			delete(b.Objects, x.Key)
		}
		return nil
	})
	if err == nil {
		o.answer(http.StatusOK, struct {
			XMLName xml.Name `xml:"DeleteResult"`
			Deleted []named
		}{Deleted: wanted.Object})
	}
	return err
}

// day is what Pulsar's retention is kept in.
const day = 24 * time.Hour
