package manifest

import (
	"crypto/rand"
	"fmt"
	"maps"
	"time"
)

// An Order is an add-on that somebody ordered, as a marketplace knows it.
type Order struct {
	Key       string // the market's id of the add-on, the only stable one: addon_… at Clever Cloud, a UUID elsewhere
	App       string // heroku_id: app123@heroku.com
	OwnerID   string // orga_… or user_…
	OwnerName string
	UserID    string // who ordered
	Account   string // AppFog's alias
	Name      string
	Plan      string
	Region    string
	Callback  string // where the back-end reads and writes the add-on
	Options   map[string]string
	Grant     string    // Heroku v3's authorization code
	GrantEnds time.Time // when the code is worth nothing any more
}

// NewKey returns a market's id that no add-on has: addon_ and a UUID, or a UUID.
func NewKey(d Dialect) string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	if d == Clever {
		return "addon_" + id
	}
	return id
}

// DefaultRegion returns how a dialect writes where most add-ons are.
func (d Dialect) DefaultRegion() string {
	switch d {
	case Clever:
		return "EU"
	case AppFog:
		return "useast"
	}
	return "amazon-web-services::us-east-1"
}

// KeyField returns how a dialect calls the market's id in an order.
func (d Dialect) KeyField() string {
	if d == Clever {
		return "addon_id"
	}
	return "uuid"
}

// Body returns what a marketplace sends to order an add-on.
func (o Order) Body(m *Manifest) map[string]any {
	options := map[string]string{}
	maps.Copy(options, o.Options)
	b := map[string]any{m.Dialect.KeyField(): o.Key, "plan": o.Plan, "region": o.Region, "callback_url": o.Callback, "options": options}
	switch m.Dialect {
	case Clever:
		b["owner_id"], b["owner_name"], b["user_id"] = o.OwnerID, o.OwnerName, o.UserID
	case AppFog:
		b["clc"] = map[string]any{"account": o.Account}
	case HerokuV1:
		b["heroku_id"], b["logplex_token"] = o.App, nil
		if m.Requirement("log_input") {
			b["log_input_url"] = "https://token:" + o.Key + "@logs.example.test/logs"
		}
	case HerokuV3:
		b["name"] = o.Name
		b["oauth_grant"] = map[string]any{"code": o.Grant, "expires_at": o.GrantEnds.UTC().Format(time.RFC3339), "type": "authorization_code"}
		if m.Requirement("log_input") {
			b["log_input_url"] = "https://token:" + o.Key + "@logs.example.test/logs"
		}
	}
	if m.Dialect.Heroku() && m.Requirement("syslog_drain") {
		b["log_drain_token"] = "d." + o.Key
	}
	return b
}

// PlanBody returns what a marketplace sends to change an add-on's plan.
func (o Order) PlanBody(d Dialect, plan string) map[string]any {
	b := map[string]any{"plan": plan}
	switch d {
	case Clever:
		b["addon_id"] = o.Key
	case AppFog:
		b["clc"] = map[string]any{"account": o.Account}
	case HerokuV1:
		b["heroku_id"], b["uuid"] = o.App, o.Key
	case HerokuV3:
		b["uuid"] = o.Key
	}
	return b
}
