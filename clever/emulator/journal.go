package emulator

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/clever/emulator/rest"
)

// journalLimit is how many exchanges are remembered.
const journalLimit = 100_000

// An Exchange is one request and how it was answered, without bodies and
// without credentials.
type Exchange struct {
	Time   time.Time // when it came
	Took   time.Duration
	Method string
	Path   string // as it was sent, escapes and all; a very long one is cut
	Query  string // sorted, values of signatures and tokens left out; a very long one is cut
	Status int
	User   string // id of the user whose token it was; "" for none or a refused one
}

// linesAtOnce is how many exchanges Since returns at most.
const linesAtOnce = 100

// TextLimit is how many bytes of a path or a query are remembered.
const TextLimit = 2000

// A journal remembers the last exchanges and how many were being answered.
type journal struct {
	mu     sync.Mutex
	ring   []Exchange
	next   int // where the next goes once the ring is full
	flying int
	peak   int
	total  int // how many there were since the start
	epoch  int // how often it was reset
}

// A Mark is a place in the journal: who has it can ask for what came since.
type Mark struct{ Epoch, total int }

// since returns what came after a mark, oldest first, of very many the last few; and
// the mark for next time. After a reset it returns all there is.
func (j *journal) since(m Mark) ([]Exchange, Mark) {
	j.mu.Lock()
	defer j.mu.Unlock()
	count := len(j.ring)
	if m.Epoch == j.epoch {
		count = min(count, j.total-m.total)
	}
	count = min(count, linesAtOnce)
	list := make([]Exchange, 0, count)
	for i := range count {
		list = append(list, j.ring[(j.next+len(j.ring)-count+i)%len(j.ring)])
	}
	return list, Mark{j.epoch, j.total}
}

func (j *journal) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.flying++
	j.peak = max(j.peak, j.flying)
}

func (j *journal) end(e Exchange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.flying--
	j.total++
	e.Path, e.Query = clip(e.Path), clip(e.Query)
	if len(j.ring) < journalLimit {
		j.ring = append(j.ring, e)
		return
	}
	j.ring[j.next] = e
	j.next = (j.next + 1) % journalLimit
}

// all returns what is remembered, oldest first.
func (j *journal) all() []Exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]Exchange, 0, len(j.ring))
	list = append(list, j.ring[j.next:]...)
	return append(list, j.ring[:j.next]...)
}

func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring, j.next, j.peak = nil, 0, j.flying
	j.epoch++
}

func (j *journal) highest() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.peak
}

func clip(s string) string { return strings.Clone(s[:min(len(s), TextLimit)]) }

// withoutToken returns a path without the token that it ends, which is half of what
// signs requests.
func withoutToken(path string) string {
	p := rest.Parts(path)
	if len(p) < 4 || !slices.Equal(p[:3], []string{"v2", "self", "tokens"}) || p[3] == "current" {
		return path
	}
	return "/v2/self/tokens/***"
}

// harmless returns a query without what could sign another request.
func harmless(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "" // it may hide anything
	}
	for name := range values {
		if strings.HasPrefix(name, "oauth_") || name == "authorization" || strings.Contains(name, "token") {
			values.Set(name, "***")
		}
	}
	return values.Encode()
}
