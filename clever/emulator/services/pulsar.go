package services

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"runner/clever/emulator/store"
)

// pulsarBase begins the paths of Pulsar's administration that are played.
const pulsarBase = "/admin/v2/namespaces/"

// A retention is how Pulsar writes how long, and how much, a namespace keeps; -1 is
// without limit, and 0 nothing.
type retention struct {
	Minutes int64 `json:"retentionTimeInMinutes"`
	MiB     int64 `json:"retentionSizeInMB"`
}

// pulsar reads and changes the retention of a namespace: the Pulsar whose token the
// request has.
func (srv *Server) pulsar(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, pulsarBase), "/")
	fail := func(status int, reason string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"reason": reason}) // a client that has gone needs nothing
	}
	if len(parts) != 3 || parts[2] != "retention" {
		fail(http.StatusNotFound, "the emulator plays a namespace's retention only")
		return
	}
	a := srv.store.World().Addon(parts[1])
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case a == nil || a.Provider != "addon-pulsar" || a.Owner != parts[0]:
		fail(http.StatusNotFound, "Namespace does not exist")
		return
	case token == "" || token != a.Facts["token"]:
		fail(http.StatusUnauthorized, "the token is not this namespace's")
		return
	}
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(retentionOf(a)) // likewise
	case http.MethodPost, http.MethodPut:
		var sent retention
		if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&sent) != nil || sent.Minutes < -1 || sent.MiB < -1 {
			fail(http.StatusPreconditionFailed, "the retention is none")
			return
		}
		srv.keepRetention(w, a.ID, &sent)
	case http.MethodDelete:
		srv.keepRetention(w, a.ID, nil)
	default:
		fail(http.StatusMethodNotAllowed, "GET, POST, PUT or DELETE")
	}
}

// retentionOf returns a Pulsar's retention; without one that was set, nothing is kept.
func retentionOf(a *store.Addon) retention {
	policy := a.StoragePolicies().Retention
	if policy == nil {
		return retention{}
	}
	r := retention{-1, -1}
	if policy.Days != nil && *policy.Days >= 0 {
		r.Minutes = *policy.Days * int64(day/time.Minute)
	}
	if policy.Size != nil {
		r.MiB = *policy.Size
	}
	return r
}

// keepRetention notes a retention where the API shows it too, in whole days; nil takes
// it away.
func (srv *Server) keepRetention(w http.ResponseWriter, id string, sent *retention) {
	err := srv.store.Change(func(d *store.Draft) error {
		a := d.Addon(id)
		if a == nil {
			return nil // it was removed meanwhile
		}
		changed, policies := *a, a.StoragePolicies()
		policies.Retention = nil
		if sent != nil {
			perDay := int64(day / time.Minute)
			days := (sent.Minutes + perDay - 1) / perDay
			if sent.Minutes < 0 {
				days = -1
			}
			policies.Retention = &store.Retention{Size: &sent.MiB, Days: &days}
		}
		changed.Policies = &policies
		d.Replace(&changed)
		return nil
	})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
