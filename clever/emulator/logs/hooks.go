package logs

import (
	"encoding/json"
	"maps"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
)

// hookView returns a hook as it was sent, with its id and owner.
func hookView(h *store.Hook) map[string]any {
	view := map[string]any{"createdAt": h.Created, "updatedAt": nil, "scope": nil, "events": nil, "notified": []any{}, "urls": []any{}}
	sent := map[string]any{}
	_ = json.Unmarshal(h.Body, &sent) // it was read once
	maps.Copy(view, sent)
	view["id"], view["ownerId"] = h.ID, h.Owner
	return view
}

func (s *Server) listHooks(c *rest.Call, channel string) (rest.Response, error) {
	owner, err := s.owner(c)
	list := []any{}
	for _, h := range s.store.World().Hooks.All() {
		if h.Owner == owner && h.Channel == channel {
			list = append(list, hookView(h))
		}
	}
	return rest.Response{Body: list}, err
}

// hookIn reads a hook, which has a name.
func hookIn(c *rest.Call) error {
	var sent struct{ Name string }
	if err := c.Decode(&sent); err != nil {
		return err
	}
	return rest.CheckName(sent.Name)
}

func (s *Server) createHook(c *rest.Call, channel string) (rest.Response, error) {
	owner, err := s.owner(c)
	if err == nil {
		err = hookIn(c)
	}
	if err != nil {
		return rest.Response{}, err
	}
	prefix := map[string]string{"webhooks": "webhook_", "emailhooks": "emailhook_"}[channel]
	h := &store.Hook{ID: prefix + catalogue.NewUUID(), Owner: owner, Channel: channel, Body: c.Body, Created: s.now().UTC()}
	err = s.store.Change(func(d *store.Draft) error {
		d.Hooks.Put(h)
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: hookView(h)}, nil
}

// hook returns the hook that a path names.
func (s *Server) hook(w *store.World, c *rest.Call, channel string) (*store.Hook, error) {
	owner, err := s.owner(c)
	if err != nil {
		return nil, err
	}
	h := w.Hooks.Find(c.Path["hook"])
	if h == nil || h.Owner != owner || h.Channel != channel {
		return nil, rest.NotFound("hook")
	}
	return h, nil
}

func (s *Server) editHook(c *rest.Call, channel string) (rest.Response, error) {
	if err := hookIn(c); err != nil {
		return rest.Response{}, err
	}
	h, err := s.hook(s.store.World(), c, channel)
	if err != nil {
		return rest.Response{}, err
	}
	changed := *h
	changed.Body = c.Body
	err = s.store.Change(func(d *store.Draft) error {
		if d.Hooks.Find(h.ID) == nil {
			return rest.NotFound("hook")
		}
		d.Hooks.Put(&changed)
		return nil
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: hookView(&changed)}, nil
}

func (s *Server) deleteHook(c *rest.Call, channel string) (rest.Response, error) {
	h, err := s.hook(s.store.World(), c, channel)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Body: clever.Message{ID: 90102, Message: "The hook has been removed.", Type: "success"}}, s.store.Change(func(d *store.Draft) error {
		d.Hooks.Remove(h.ID)
		return nil
	})
}

// listEvents answers what hooks can hear of: the words that the vendor's clients use.
func (s *Server) listEvents(*rest.Call) (rest.Response, error) {
	return rest.Response{Body: map[string][]string{
		"META_SERVICE_LIFECYCLE":  {"APPLICATION_REDEPLOY", "APPLICATION_STOP", "APPLICATION_EDITION", "APPLICATION_CREATION", "APPLICATION_REMOVAL"},
		"META_DEPLOYMENT_RESULT":  {"DEPLOYMENT_ACTION_BEGIN", "DEPLOYMENT_ACTION_END", "DEPLOYMENT_SUCCESS", "DEPLOYMENT_FAIL"},
		"META_SERVICE_MANAGEMENT": {"ADDON_CREATION", "ADDON_REMOVAL"},
		"META_CREDITS":            {"CREDITS_ADDED", "PREPAID_LOW"},
	}}, nil
}

func (s *Server) listFormats(*rest.Call) (rest.Response, error) {
	return rest.Response{Body: []string{"raw", "slack", "gitter", "flowdock"}}, nil
}
