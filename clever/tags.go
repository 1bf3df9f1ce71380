package clever

import (
	"context"
	"slices"
	"sync"
)

// Tags reads the tags of an add-on.
func (c *Client) Tags(ctx context.Context, owner, id string) ([]string, error) {
	path, err := below(owner, id, "tags")
	if err != nil {
		return nil, err
	}
	return read[[]string](ctx, c, path)
}

// TagsOf returns the tags of an add-on without a request of its own: from the
// summary, which is read once per client, and from what this client changed since.
// Only what neither of them knows is read.
func (c *Client) TagsOf(ctx context.Context, owner, id string) ([]string, error) {
	tags, known, doubtful := c.labels.look(id)
	if known {
		return tags, nil
	}
	if !doubtful {
		summary, err := c.Summary(ctx)
		if err != nil {
			return nil, err
		}
		if a := summary.addon(id); a != nil {
			return slices.Clone(a.CustomerTags), nil
		}
	}
	return c.Tags(ctx, owner, id)
}

// Retag changes the tags of an add-on: from what they are at that moment, so that
// what others added meanwhile is kept. It returns what came of it.
func (c *Client) Retag(ctx context.Context, owner, id string, change func([]string) []string) ([]string, error) {
	now, err := c.Tags(ctx, owner, id)
	if err != nil {
		return nil, err
	}
	tags := change(slices.Clone(now))
	slices.Sort(tags)
	tags = slices.Compact(tags)
	slices.Sort(now)
	if slices.Equal(tags, now) {
		c.labels.note(id, tags)
		return tags, nil
	}
	return tags, c.SetTags(ctx, owner, id, tags)
}

// SetTags replaces the tags of an add-on.
func (c *Client) SetTags(ctx context.Context, owner, id string, tags []string) error {
	path, err := below(owner, id, "tags")
	if err != nil {
		return err
	}
	err = c.put(ctx, path, append([]string{}, tags...))
	if err != nil {
		c.labels.doubt(id)
		return err
	}
	c.labels.note(id, tags)
	return nil
}

// addon finds an add-on in the summary; nil if it is not there.
func (s Summary) addon(id string) *SummaryAddon {
	for _, o := range append([]SummaryOwner{s.User}, s.Organisations...) {
		if i := slices.IndexFunc(o.Addons, func(a SummaryAddon) bool { return a.ID == id }); i >= 0 {
			return &o.Addons[i]
		}
	}
	return nil
}

// labels are the tags that a client set since the summary was read. The zero
// value is ready.
type labels struct {
	mu       sync.Mutex
	set      map[string][]string // by add-on id
	doubtful map[string]bool     // setting them failed: who knows what they are
}

func (l *labels) look(id string) (tags []string, known, doubtful bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tags, known = l.set[id]
	return slices.Clone(tags), known, l.doubtful[id]
}

func (l *labels) note(id string, tags []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set == nil {
		l.set = map[string][]string{}
	}
	l.set[id] = slices.Clone(tags)
	delete(l.doubtful, id)
}

func (l *labels) doubt(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.doubtful == nil {
		l.doubtful = map[string]bool{}
	}
	delete(l.set, id)
	l.doubtful[id] = true
}
