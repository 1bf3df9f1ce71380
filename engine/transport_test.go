package engine

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// aRight is a right to write that a test ends.
type aRight struct{ ended, noticed atomic.Bool }

var errRight = errors.New("the right has ended")

func (r *aRight) over(base http.RoundTripper) http.RoundTripper {
	return leased{base, func() error {
		if r.ended.Load() {
			return errRight
		}
		return nil
	}, func(error) { r.noticed.Store(true) }}
}

// TestNothingIsSentAfterTheRightToWriteEnded: not even what waited for a connection when
// it ended; reading goes on.
func TestNothingIsSentAfterTheRightToWriteEnded(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodGet} {
		var right aRight
		sent := make(chan string, 10)
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			right.ended.Store(true)
			ours, theirs := net.Pipe()
			go func() {
				text := make([]byte, 1)
				n, _ := io.ReadFull(theirs, text)
				sent <- string(text[:n])
				theirs.Close()
			}()
			return ours, nil
		}}
		body := io.Reader(strings.NewReader("{}"))
		if method != http.MethodPost {
			body = nil
		}
		req, err := http.NewRequest(method, "http://platform.test/", body)
		if err != nil {
			t.Fatal(err)
		}
		_, err = right.over(transport).RoundTrip(req)
		writes := method != http.MethodGet
		if got := <-sent; (got == "") != writes || errors.Is(err, errRight) != writes || right.noticed.Load() != writes {
			t.Errorf("%s: sent %q, %v", method, got, err)
		}
	}
}

// slowly responds after a while, or with the error of the request's context.
type slowly time.Duration

func (d slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Duration(d)):
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

// TestAWriteWithoutAResponseIsGivenUp soon after the right to write has ended, and not as
// long as it goes on.
func TestAWriteWithoutAResponseIsGivenUp(t *testing.T) {
	for _, c := range []struct {
		takes, right time.Duration
		err          error
		took         time.Duration // at most
	}{
		{time.Minute, time.Hour, nil, time.Minute},
		{time.Minute, 5 * time.Second, errRight, 5*time.Second + writeGrace + time.Second},
		{6 * time.Second, 5 * time.Second, nil, 6 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			var right aRight
			time.AfterFunc(c.right, func() { right.ended.Store(true) })
			req, err := http.NewRequest(http.MethodPost, "http://platform.test/", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			resp, err := right.over(slowly(c.takes)).RoundTrip(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			if took := time.Since(began); !errors.Is(err, c.err) || took > c.took {
				t.Errorf("%v after %v", err, took)
			}
		})
	}
}
