package conformance

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"runner/marketplace/manifest"
)

const (
	cleanTime = time.Minute // for all that a run made
	cleaners  = 4           // at work side by side
)

// clean removes everything that was made, and notes what stays. What an order
// made whose answer was lost is removed, too.
func (s *session) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, cleanTime)
	defer cancel()
	s.ctx = ctx
	var tasks []func() string
	for _, r := range s.made {
		if !r.removed {
			tasks = append(tasks, func() string { return s.clear(r) })
		}
	}
	for _, o := range s.orphans {
		if !slices.ContainsFunc(s.made, func(r *resource) bool { return r.order.Key == o.Key }) {
			tasks = append(tasks, func() string { return s.abandon(o) })
		}
	}
	left := make([]string, len(tasks))
	slots := make(chan struct{}, cleaners)
	var group sync.WaitGroup
	for i, task := range tasks {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			left[i] = task()
		})
	}
	group.Wait()
	s.report.Left = slices.DeleteFunc(left, func(id string) bool { return id == "" })
}

// clear removes an add-on, and gives its id if it stays.
func (s *session) clear(r *resource) string {
	switch s.remove(r).status() {
	case 200, 201, 202, 204, 404, 410:
		return ""
	}
	return r.id
}

// abandon removes what an order may have made. Where only the back-end knows the
// id, the order is repeated to learn it. It returns the order's key if that came to
// nothing.
func (s *session) abandon(o manifest.Order) string {
	if s.m.Dialect == manifest.HerokuV3 {
		return s.clear(&resource{order: o, id: o.Key})
	}
	a := s.send(http.MethodPost, "", o.Body(s.m))
	switch status := a.status(); {
	case a.good() && a.id() != "":
		return s.clear(&resource{order: o, id: a.id()})
	case status == http.StatusBadRequest, status == http.StatusGone, status == http.StatusUnprocessableEntity: // others say nothing of it
		return ""
	}
	return o.Key + ", whose answer was lost,"
}
