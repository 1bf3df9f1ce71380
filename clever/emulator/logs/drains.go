package logs

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// recipients are the kinds of those that a drain can send to.
var recipients = []string{"BETTERSTACK", "DATADOG", "ELASTICSEARCH", "NEWRELIC", "OVH_TCP", "RAW_HTTP", "SYSLOG_TCP", "SYSLOG_UDP"}

// drainView returns a drain as v4 shows it; its recipient is as it was sent.
func drainView(r *store.Drain) map[string]any {
	status, execution := "ENABLED", "RUNNING"
	if r.Disabled {
		status, execution = "DISABLED", "STOPPED"
	}
	return map[string]any{
		"id": r.ID, "tenantId": r.Owner, "ownerId": r.Owner, "resourceId": r.Resource, "applicationId": r.Resource, "kind": r.Kind, "recipient": r.Recipient,
		"status":    map[string]any{"id": catalogue.UUIDOf(r.ID + status), "drainId": r.ID, "status": status, "date": r.Changed, "authorId": nil},
		"execution": map[string]any{"id": catalogue.UUIDOf(r.ID + execution), "drainId": r.ID, "status": execution, "date": r.Changed, "lastError": nil},
		"backlog":   map[string]any{"msgRateOut": 0, "msgThroughputOut": 0, "msgBacklog": 0},
	}
}

func (s *Server) listDrains(c *rest.Call) (rest.Response, error) {
	w := s.store.World()
	if _, err := s.resource(w, c); err != nil {
		return rest.Response{}, err
	}
	q, list := c.Request.URL.Query(), []any{}
	for _, r := range w.Drains.All() {
		wanted := q.Get("status")
		if r.Resource == c.Path["resource"] && (wanted == "" || (wanted == "DISABLED") == r.Disabled) {
			list = append(list, drainView(r))
		}
	}
	return rest.Response{Body: list}, nil
}

func (s *Server) createDrain(c *rest.Call) (rest.Response, error) {
	var wanted struct {
		Kind      string
		Recipient json.RawMessage
	}
	if err := c.Decode(&wanted); err != nil {
		return rest.Response{}, err
	}
	if err := checkRecipient(wanted.Recipient); err != nil {
		return rest.Response{}, err
	}
	r := &store.Drain{ID: "drain_" + catalogue.NewUUID(), Resource: c.Path["resource"], Kind: wanted.Kind, Recipient: wanted.Recipient, Changed: s.now().UTC()}
	if r.Kind == "" {
		r.Kind = "LOG"
	}
	if !slices.Contains([]string{"LOG", "ACCESSLOG", "AUDITLOG"}, r.Kind) {
		return rest.Response{}, badDrain("kind", fmt.Sprintf("%q is none of LOG, ACCESSLOG, AUDITLOG", r.Kind))
	}
	err := s.store.Change(func(d *store.Draft) error {
		owner, err := s.resource(&d.World, c)
		if err != nil {
			return err
		}
		r.Owner = owner
		d.Drains.Put(r)
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: drainView(r)}, nil
}

func badDrain(field, why string) error {
	return rest.BadField(90085, "emulator.bad-drain", field, why)
}

// checkRecipient refuses a recipient of a kind that is not known, or without an
// address.
func checkRecipient(text json.RawMessage) error {
	var to struct{ Type, URL string }
	if json.Unmarshal(text, &to) != nil || !slices.Contains(recipients, to.Type) {
		return badDrain("recipient", fmt.Sprintf("%q is none of %s", to.Type, strings.Join(recipients, ", ")))
	}
	if u, err := url.Parse(to.URL); err != nil || u.Scheme == "" || u.Host == "" {
		return badDrain("recipient", "its url is none")
	}
	return nil
}

// drain returns the drain that a path names.
func (s *Server) drain(w *store.World, c *rest.Call) (*store.Drain, error) {
	if _, err := s.resource(w, c); err != nil {
		return nil, err
	}
	r := w.Drains.Find(c.Path["drain"])
	if r == nil || r.Resource != c.Path["resource"] {
		return nil, rest.NotFound("drain")
	}
	return r, nil
}

func (s *Server) getDrain(c *rest.Call) (rest.Response, error) {
	r, err := s.drain(s.store.World(), c)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: drainView(r)}, nil
}

func (s *Server) switchDrain(c *rest.Call, disabled bool) (rest.Response, error) {
	var changed store.Drain
	err := s.store.Change(func(d *store.Draft) error {
		r, err := s.drain(&d.World, c)
		if err != nil {
			return err
		}
		changed = *r
		changed.Disabled, changed.Changed = disabled, s.now().UTC()
		d.Drains.Put(&changed)
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: drainView(&changed)}, nil
}

// deleteDrain answers with the drain, as the platform does.
func (s *Server) deleteDrain(c *rest.Call) (rest.Response, error) {
	var gone *store.Drain
	err := s.store.Change(func(d *store.Draft) error {
		r, err := s.drain(&d.World, c)
		if err != nil {
			return err
		}
		gone = r
		d.Drains.Remove(r.ID)
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: drainView(gone)}, nil
}
