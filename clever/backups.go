package clever

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// A Backup is one that the platform keeps of an add-on (docs/platform.md §4.11).
type Backup struct {
	ID      string     `json:"backup_id"`
	Status  string     `json:"status"` // which words there are is not known
	Created BackupTime `json:"creation_date"`
	Until   BackupTime `json:"delete_at"`
	File    string     `json:"filename"`
	URL     string     `json:"download_url"` // it needs no credentials: a secret
}

// Usable reports whether a backup is there, as far as its status says: one that failed or is
// still being made is none.
func (b Backup) Usable() bool {
	if b.Created.IsZero() {
		return false
	}
	status := strings.ToUpper(b.Status)
	for _, word := range []string{"FAIL", "ERROR", "ABORT", "CANCEL", "RUNNING", "PENDING", "STARTED", "PROGRESS", "DELET"} {
		if strings.Contains(status, word) {
			return false
		}
	}
	return true
}

// A BackupTime is a point in time as the platform writes it: RFC 3339, with the zone's name in
// brackets behind it or without, or milliseconds.
type BackupTime struct{ time.Time }

// UnmarshalJSON reads it; what is null, or no time, is the zero time.
func (t *BackupTime) UnmarshalJSON(body []byte) error {
	var ms int64
	if json.Unmarshal(body, &ms) == nil && string(body) != "null" {
		t.Time = time.UnixMilli(ms).UTC()
		return nil
	}
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		return err
	}
	text, _, _ = strings.Cut(text, "[")
	t.Time, _ = time.Parse(time.RFC3339, text) // no time: no backup that can be relied on
	return nil
}

// Backups reads the backups of an add-on. One that has none has an empty list.
func (c *Client) Backups(ctx context.Context, owner string, addon Addon) ([]Backup, error) {
	owner, err := c.ownerID(ctx, owner)
	if err != nil {
		return nil, err
	}
	path, err := pathOf("/v2/backups", owner, addon.RealID)
	if err != nil {
		return nil, err
	}
	list, err := read[[]Backup](ctx, c, path)
	if IsNotFound(err) {
		return nil, nil
	}
	return list, err
}

// Latest returns the newest usable backup of a list; nil if there is none.
func Latest(list []Backup) *Backup {
	var latest *Backup
	for i := range list {
		if b := &list[i]; b.Usable() && (latest == nil || b.Created.After(latest.Created.Time)) {
			latest = b
		}
	}
	return latest
}
