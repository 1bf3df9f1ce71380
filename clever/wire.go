// Package clever speaks to the Clever Cloud platform: its add-on plane as the
// vendor's own clients use it, over HTTP signed with OAuth 1.0a. It knows no
// playbook.
package clever

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// This file holds what goes over the wire, once, for the client and for the
// emulator. Member names are the platform's; sections are those of the API
// reference that the project keeps.

// A Provider is a kind of add-on in the catalogue (docs/platform.md §3.1).
type Provider struct {
	ID             string    `json:"id"`   // "postgresql-addon"
	Name           string    `json:"name"` // "PostgreSQL"
	Website        string    `json:"website"`
	SupportEmail   string    `json:"supportEmail"`
	GooglePlusName string    `json:"googlePlusName"`
	TwitterName    string    `json:"twitterName"`
	AnalyticsID    string    `json:"analyticsId"`
	ShortDesc      string    `json:"shortDesc"`
	LongDesc       string    `json:"longDesc"`
	LogoURL        string    `json:"logoUrl"`
	Status         string    `json:"status"` // ALPHA BETA_PRIV BETA_PUB RELEASE DELETED
	OpenInNewTab   bool      `json:"openInNewTab"`
	CanUpgrade     bool      `json:"canUpgrade"`
	Regions        []string  `json:"regions"`            // union of its plans' zones
	Plans          []Plan    `json:"plans,omitempty"`    // absent inside an add-on
	Features       []Feature `json:"features,omitempty"` // absent inside an add-on
}

// A Plan is a size of a provider's add-ons.
type Plan struct {
	ID       string    `json:"id"`    // "plan_…"
	Name     string    `json:"name"`  // "XXS Small Space"
	Slug     string    `json:"slug"`  // "xxs_sml"; case as published, compared without
	Price    *float64  `json:"price"` // euros a month, an indication; nil: the catalogue has none
	PriceID  *string   `json:"price_id"`
	Zones    []string  `json:"zones"`
	Features []Feature `json:"features"`
}

// Monthly returns the plan's price in euros a month, 0 where the catalogue has none.
func (p Plan) Monthly() float64 {
	if p.Price == nil {
		return 0
	}
	return *p.Price
}

// BilledByUse reports whether what a provider's add-ons cost depends on what is used of
// them: their plans have a price of 0 (docs/platform.md §3.1).
func BilledByUse(providerID string) bool {
	return slices.Contains([]string{"cellar-addon", "fs-bucket", "addon-pulsar"}, providerID)
}

// A Feature is a property of a provider (no values) or of a plan.
type Feature struct {
	Name            string  `json:"name"`
	Type            string  `json:"type"` // BOOLEAN INTERVAL FILESIZE NUMBER PERCENTAGE STRING OBJECT BYTES BOOLEAN_SHARED
	Value           string  `json:"value,omitempty"`
	ComputableValue *string `json:"computable_value,omitempty"` // always text: bytes in decimal, "true", JSON
	NameCode        *string `json:"name_code"`
}

// ProviderInfo is what v4 knows of a provider with versions (docs/platform.md §3.2).
type ProviderInfo struct {
	ProviderID              string               `json:"providerId"`
	DefaultDedicatedVersion string               `json:"defaultDedicatedVersion"`
	Clusters                []Cluster            `json:"clusters"`
	Dedicated               map[string]Dedicated `json:"dedicated"` // by version
}

// A Cluster is shared by the add-ons of small plans.
type Cluster struct {
	ID       string          `json:"id"`
	Label    string          `json:"label"`
	Zone     string          `json:"zone"`
	Version  string          `json:"version"`
	Features []FeatureSwitch `json:"features"`
}

// Dedicated tells the options of a version.
type Dedicated struct {
	Features []FeatureSwitch `json:"features"`
}

// A FeatureSwitch is an option and whether it is on.
type FeatureSwitch struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
}

// A Zone is a place where add-ons run (docs/platform.md §3.3).
type Zone struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"` // "par"
	Country     string   `json:"country"`
	CountryCode string   `json:"countryCode"`
	City        string   `json:"city"`
	DisplayName *string  `json:"displayName"`
	Lat         float64  `json:"lat"`
	Lon         float64  `json:"lon"`
	OutboundIPs []string `json:"outboundIPs"`
	Status      string   `json:"status,omitempty"`
	Tags        []string `json:"tags"`
}

// An Addon is an add-on as v2 shows it (docs/platform.md §4.1): no status, version, options or tags.
type Addon struct {
	ID           string   `json:"id"`     // "addon_…"
	Name         string   `json:"name"`   //
	RealID       string   `json:"realId"` // "postgresql_…"
	Region       string   `json:"region"`
	ZoneID       string   `json:"zoneId"`
	Provider     Provider `json:"provider"`
	Plan         Plan     `json:"plan"`
	CreationDate int64    `json:"creationDate"` // milliseconds
	ConfigKeys   []string `json:"configKeys"`
}

// Created returns the creation date as a time.
func (a Addon) Created() time.Time { return time.UnixMilli(a.CreationDate) }

// Migratable reports whether the platform changes plan, version and region of the
// add-on by a migration (docs/platform.md §4.7).
func (a Addon) Migratable() bool {
	return a.Provider.CanUpgrade || strings.EqualFold(a.Plan.Feature("is-migratable"), "yes")
}

// CreateRequest orders an add-on (docs/platform.md §4.3). All four of ProviderID, Plan (an id),
// Region and Name are sent; a version goes into Options.
type CreateRequest struct {
	Name       string            `json:"name"`
	Plan       string            `json:"plan"`
	ProviderID string            `json:"providerId"`
	Region     string            `json:"region"`
	Options    map[string]string `json:"options"`
}

// An EnvVar is a variable of an add-on's environment (docs/platform.md §4.6).
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Self is the user whose token it is (docs/platform.md §2.1).
type Self struct {
	ID                string   `json:"id"` // "user_…"
	Email             string   `json:"email"`
	Name              string   `json:"name"`
	Phone             string   `json:"phone"`
	Address           string   `json:"address"`
	City              string   `json:"city"`
	Zipcode           string   `json:"zipcode"`
	Country           string   `json:"country"`
	Avatar            string   `json:"avatar"`
	CreationDate      int64    `json:"creationDate"`
	Lang              string   `json:"lang"`
	EmailValidated    bool     `json:"emailValidated"`
	OAuthApps         []string `json:"oauthApps"`
	Admin             bool     `json:"admin"`
	CanPay            bool     `json:"canPay"`
	PreferredMFA      string   `json:"preferredMFA"`
	HasPassword       bool     `json:"hasPassword"`
	PartnerID         *string  `json:"partnerId"`
	PartnerName       *string  `json:"partnerName"`
	PartnerConsoleURL *string  `json:"partnerConsoleUrl"`
}

// TokenInfo is the token in use (docs/platform.md §1.5); dates in milliseconds.
type TokenInfo struct {
	Token           string          `json:"token"`
	Consumer        json.RawMessage `json:"consumer"`
	CreationDate    int64           `json:"creationDate"`
	ExpirationDate  int64           `json:"expirationDate"`
	LastUtilisation int64           `json:"lastUtilisation"`
	Rights          map[string]bool `json:"rights"`
	EmployeeID      *string         `json:"employeeId"`
}

// An Organisation as v2 shows it (docs/platform.md §2.2).
type Organisation struct {
	ID               string `json:"id"` // "orga_…"
	Name             string `json:"name"`
	Description      string `json:"description"`
	BillingEmail     string `json:"billingEmail"`
	Address          string `json:"address"`
	City             string `json:"city"`
	Zipcode          string `json:"zipcode"`
	Country          string `json:"country"`
	Company          string `json:"company"`
	VAT              string `json:"VAT"`
	Avatar           string `json:"avatar"`
	VATState         string `json:"vatState"`
	CustomerFullName string `json:"customerFullName"`
	CanPay           bool   `json:"canPay"`
	CleverEnterprise bool   `json:"cleverEnterprise"`
	EmergencyNumber  string `json:"emergencyNumber"`
	CanSEPA          bool   `json:"canSEPA"`
	IsTrusted        bool   `json:"isTrusted"`
}

// A Summary is the user and all organisations with what they own (docs/platform.md §2.3).
type Summary struct {
	User          SummaryOwner   `json:"user"`
	Organisations []SummaryOwner `json:"organisations"`
}

// A SummaryOwner is a user or an organisation in a Summary.
type SummaryOwner struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Email        string            `json:"email,omitempty"`
	Lang         string            `json:"lang,omitempty"`
	Avatar       string            `json:"avatar"`
	Role         string            `json:"role,omitempty"`
	VATState     string            `json:"vatState,omitempty"`
	Providers    []json.RawMessage `json:"providers,omitempty"`
	Applications []json.RawMessage `json:"applications"`
	Addons       []SummaryAddon    `json:"addons"`
	Consumers    []json.RawMessage `json:"consumers"`
}

// A SummaryAddon is an add-on in a Summary.
type SummaryAddon struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	RealID       string   `json:"realId"`
	ProviderID   string   `json:"providerId"`
	LogoURL      string   `json:"logoUrl"`
	SystemTags   []string `json:"systemTags"`
	CustomerTags []string `json:"customerTags"`
}

// A Migration is a change of plan, version or region under way (docs/platform.md §4.7).
type Migration struct {
	ID          string          `json:"migrationId"`
	RequestDate string          `json:"requestDate"`
	Status      string          `json:"status"` // RUNNING OK FAILED ABORTED RECOVERING RECOVERED
	Steps       []MigrationStep `json:"steps"`
}

// A MigrationStep is one step of a Migration.
type MigrationStep struct {
	Value     string `json:"value"`
	Status    string `json:"status"`
	StartDate string `json:"startDate,omitempty"`
	EndDate   string `json:"endDate,omitempty"`
	Message   string `json:"message,omitempty"`
}

// MigrationRequest asks for a Migration; what does not change is sent as it is.
type MigrationRequest struct {
	PlanID  string  `json:"planId"`
	Region  string  `json:"region"`
	Version *string `json:"version"`
}

// A Message is how v2 answers a DELETE, and how it tells errors (docs/platform.md §5.1).
type Message struct {
	ID      int               `json:"id"`
	Message string            `json:"message"`
	Type    string            `json:"type"` // error warning success info
	Fields  map[string]string `json:"fields,omitempty"`
}

// A MessageV4 is how v4 tells errors (docs/platform.md §5.1).
type MessageV4 struct {
	APIRequestID string         `json:"apiRequestId"`
	Code         string         `json:"code"`
	Context      map[string]any `json:"context"`
	Error        string         `json:"error"`
}
