package clever

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testOrder() CreateRequest {
	return CreateRequest{Name: "main-db", ProviderID: "postgresql-addon", Plan: "plan_1", Region: "par"}
}

// An orderStep is what becomes of one POST.
type orderStep struct {
	made int // add-ons that come into being
	reply
}

func playOrders(steps []orderStep) func(int, func() Addon) (*http.Response, error) {
	return func(n int, create func() Addon) (*http.Response, error) {
		step := steps[min(n, len(steps))-1]
		var last Addon
		for range step.made {
			last = create()
		}
		if step.status == 0 && step.err == nil {
			return answerJSON(last)
		}
		return step.response()
	}
}

func TestCreateNeverOrdersTwice(t *testing.T) {
	ok := orderStep{made: 1}
	unavailable := reply{status: 503, body: `{"id":-500,"message":"Error from provider: [no capacity]","type":"error"}`}
	const looked = `; add-on "main-db" of the personal space is not there: the list of add-ons did not show it for 10s; `
	tests := []struct {
		name  string
		steps []orderStep
		posts int
		there []string // ids after; addon_1 and addon_2 were there before
		want  string   // the id that is returned
		err   string
	}{
		{"it works", []orderStep{ok}, 1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"made, but the connection is cut", []orderStep{{1, reply{err: io.ErrUnexpectedEOF}}, ok},
			1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"made, but reset", []orderStep{{1, reply{err: syscall.ECONNRESET}}, ok},
			1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"made, but answered with a page", []orderStep{{1, reply{status: 200, body: "<html>"}}, ok},
			1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"made, but the JSON is cut off", []orderStep{{1, reply{status: 200, body: `{"id":"addon_`}}, ok},
			1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"made, but the answer names none", []orderStep{{1, reply{status: 200, body: `{}`}}, ok},
			1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"made, but 500", []orderStep{{1, reply{status: 500}}, ok},
			1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"made, but 503", []orderStep{{1, unavailable}, ok},
			1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"made, but redirected", []orderStep{{1, reply{status: 302, header: "Location: /x"}}, ok},
			1, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"not made, and the connection is cut", []orderStep{{0, reply{err: io.EOF}}, ok},
			2, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"cut for ever", []orderStep{{0, reply{err: io.EOF}}},
			3, []string{"addon_1", "addon_2"}, "", "no answer from http://platform.test to POST /v2/self/addons: the connection was closed too early" + looked +
				"check that http://platform.test is the endpoint that you mean (--endpoint, RUNNER_ENDPOINT, API_HOST) and can be reached from here"},
		{"not made, and 500", []orderStep{{0, reply{status: 500}}, ok},
			2, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"not made, and 504", []orderStep{{0, reply{status: 504}}, ok},
			2, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"busy, then it works", []orderStep{{0, unavailable}, {0, unavailable}, ok},
			3, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"too many requests, then it works", []orderStep{{0, reply{status: 429, header: "Retry-After: 9"}}, ok},
			2, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"busy for too long", []orderStep{{0, reply{status: 503, header: "Retry-After: 99999"}}, ok},
			1, []string{"addon_1", "addon_2"}, "", "the platform failed at POST /v2/self/addons: 503, service unavailable" + looked + laterAdvice(24*time.Hour, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Local())},
		{"busy for ever", []orderStep{{0, unavailable}}, 3, []string{"addon_1", "addon_2"}, "",
			"the platform failed at POST /v2/self/addons: 503, service unavailable: Error from provider: [no capacity] (-500)" + looked + "try again later"},
		{"refused before anything was sent, then it works", []orderStep{{0, reply{err: dialError(syscall.ECONNREFUSED)}}, ok},
			2, []string{"addon_1", "addon_2", "addon_3"}, "addon_3", ""},
		{"refused by the platform", []orderStep{{0, reply{status: 400, body: `{"id":7,"message":"Unknown plan.","type":"error"}`}}, ok},
			1, []string{"addon_1", "addon_2"}, "", "the platform refused POST /v2/self/addons: 400, bad request: Unknown plan (7)"},
		{"refused by the transport", []orderStep{{0, reply{err: errors.New("only reading is allowed")}}, ok},
			1, []string{"addon_1", "addon_2"}, "", "POST /v2/self/addons: only reading is allowed"},
		{"made twice by a broken platform", []orderStep{{2, reply{status: 500}}, ok},
			1, []string{"addon_1", "addon_2", "addon_3", "addon_4"}, "",
			`the response to the order of add-on "main-db" of the personal space was lost, and there are now 2 new ones of that name: ` +
				"the platform failed at POST /v2/self/addons: 500, internal server error; keep one and remove the others: [addon_3 addon_4]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{onPost: playOrders(tt.steps)}
				w.create(testOrder()) // one of the same name was there before
				w.create(CreateRequest{Name: "other", ProviderID: "redis-addon"})
				c := newTestClient(t, w)
				got, err := c.Create(t.Context(), "", testOrder(), "")
				if withHint(err) != tt.err || got.ID != tt.want {
					t.Errorf("got %q, error\n%q; want %q,\n%q", got.ID, withHint(err), tt.want, tt.err)
				}
				if w.posts != tt.posts {
					t.Errorf("%d orders were sent, want %d", w.posts, tt.posts)
				}
				if d := cmp.Diff(tt.there, w.there()); d != "" {
					t.Errorf("the world: %s", d)
				}
				list, err := c.Addons(t.Context(), "")
				if d := cmp.Diff(tt.there, idsOf(list)); d != "" || err != nil {
					t.Errorf("the client's list: %s %v", d, err)
				}
			})
		})
	}
}

func TestAnOrderThatComesLateIsAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		w.onPost = func(_ int, create func() Addon) (*http.Response, error) {
			time.AfterFunc(600*time.Millisecond, func() { create() })
			return nil, io.ErrUnexpectedEOF
		}
		got, err := newTestClient(t, w).Create(t.Context(), "", testOrder(), "")
		if err != nil || got.ID != "addon_1" || w.posts != 1 {
			t.Errorf("got %q, %v after %d orders; want addon_1 after one", got.ID, err, w.posts)
		}
	})
}

func TestABusyPlatformThatTookTheOrderIsSentNoSecondOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		w.onPost = func(_ int, create func() Addon) (*http.Response, error) {
			time.AfterFunc(100*time.Millisecond, func() { create() })
			return reply{status: 503}.response()
		}
		got, err := newTestClient(t, w).Create(t.Context(), "", testOrder(), "")
		if err != nil || got.ID != "addon_1" || w.posts != 1 {
			t.Errorf("got %q, %v after %d orders; want addon_1 after one", got.ID, err, w.posts)
		}
	})
}

func TestAnOrderThatHangsIsLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost {
				return w.RoundTrip(r)
			}
			w.create(testOrder())
			return hangs(r)
		}))
		got, err := c.Create(t.Context(), "", testOrder(), "")
		if err != nil || got.ID != "addon_1" {
			t.Errorf("got %q, %v; want the add-on that was made", got.ID, err)
		}
	})
}

func TestAnInterruptedOrderIsLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, made := range []bool{true, false} {
			w := &world{}
			ctx, cancel := context.WithCancel(t.Context())
			c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPost {
					return w.RoundTrip(r)
				}
				if made {
					w.create(testOrder())
				}
				cancel()
				return hangs(r)
			}))
			got, err := c.Create(ctx, "", testOrder(), "")
			switch {
			case made && (err != nil || got.ID != "addon_1"):
				t.Errorf("got %q, %v; want the add-on that was made", got.ID, err)
			case !made && (!errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "is not there")):
				t.Errorf("%v; want a report that nothing was ordered", err)
			}
		}
	})
}

func TestALostOrderWhoseListCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{onPost: playOrders([]orderStep{{1, reply{err: io.EOF}}})}
		w.onGet = func(_ string, n int) reply {
			if n > 1 {
				return reply{status: 500}
			}
			return reply{}
		}
		_, err := newTestClient(t, w).Create(t.Context(), "", testOrder(), "")
		const want = `whether add-on "main-db" of the personal space was ordered is not known: no answer from http://platform.test to POST /v2/self/addons: ` +
			"the connection was closed too early; and the list of add-ons could not be read: " +
			"the platform failed at GET /v2/self/addons: 500, internal server error, tried 5 times"
		if err == nil || err.Error() != want || w.posts != 1 {
			t.Errorf("%v after %d orders, want %q", err, w.posts, want)
		}
	})
}

func TestOrdersOfOneNameDoNotAdoptEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		w.onPost = func(n int, create func() Addon) (*http.Response, error) {
			time.Sleep(time.Second)
			create()
			return reply{err: io.EOF}.response()
		}
		c := newTestClient(t, w)
		var mu sync.Mutex
		ids := map[string]bool{}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				a, err := c.Create(t.Context(), "", testOrder(), "")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[a.ID] = true
			})
		}
		wg.Wait()
		if len(ids) != 3 || len(w.there()) != 3 {
			t.Errorf("three orders gave %v, and there is %v", ids, w.there())
		}
	})
}

func TestRealLostAnswer(t *testing.T) {
	for name, steps := range map[string][]orderStep{
		"cut":  {{1, reply{err: io.EOF}}, {made: 1}},
		"half": {{1, reply{status: 200, body: `{"id":`}}, {made: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{onPost: playOrders(steps)}
			got, err := w.overHTTP(t).Create(t.Context(), "", testOrder(), "")
			if err != nil || got.ID != "addon_1" || len(w.there()) != 1 {
				t.Errorf("got %q, %v, and there is %v; want exactly one add-on", got.ID, err, w.there())
			}
		})
	}
}

// A stormy world does with each request one of many things, by chance: before it
// is carried out, after, or never answers.
type stormy struct {
	*world
	mu     sync.Mutex
	chance *rand.Rand
	calm   int // the percentage of requests that nothing happens to
}

func (s *stormy) draw(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chance.IntN(n)
}

func (s *stormy) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.draw(100) < s.calm {
		return s.world.RoundTrip(r)
	}
	before := []reply{{status: 503}, {status: 429, header: "Retry-After: 2"}, {err: dialError(syscall.ECONNREFUSED)}}
	if n := s.draw(6); n < len(before) {
		return before[n].response()
	}
	resp, err := s.world.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	after := []reply{{status: 500}, {status: 503}, {status: 502, body: "<html>"}, {status: 200, body: `{"id":`},
		{status: 200, body: "<html>"}, {err: io.ErrUnexpectedEOF}, {err: syscall.ECONNRESET}}
	n := s.draw(len(after) + 2)
	switch {
	case n == len(after):
		return hangs(r)
	case n > len(after):
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(
			io.LimitReader(resp.Body, 5), iotest.ErrReader(io.ErrUnexpectedEOF)))}, nil
	}
	return after[n].response()
}

func TestWhateverHappensOneOrderIsOneAddon(t *testing.T) {
	ended := map[string]int{}
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			s := &stormy{world: &world{}, chance: rand.New(rand.NewPCG(seed, 1)), calm: 40}
			c := newTestClient(t, s)
			a, err := c.Create(t.Context(), "", testOrder(), "")
			there := s.there()
			switch {
			case len(there) > 1:
				t.Errorf("seed %d: one order made %v", seed, there)
			case err == nil && (len(there) != 1 || there[0] != a.ID):
				t.Errorf("seed %d: got %q, there is %v", seed, a.ID, there)
			case err != nil && len(there) == 1:
				if lost, ok := errors.AsType[*LostOrderError](err); !ok || lost.Look == nil {
					t.Errorf("seed %d: %v, though there is %v", seed, err, there)
				}
				ended["untold"]++
			case err != nil:
				ended["failed"]++
			default:
				ended["ordered"]++
			}
		})
	}
	if ended["ordered"] < 50 || ended["failed"] == 0 {
		t.Errorf("the storm is not mixed: %v", ended)
	}
}
