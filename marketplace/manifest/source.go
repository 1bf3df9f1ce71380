package manifest

// A Source is a sentence of a marketplace's documentation: a page, the section on
// it, and what that says, in words of ours.
type Source struct {
	Link    string `json:"link,omitempty"`
	Section string `json:"section,omitempty"`
	Says    string `json:"says,omitempty"`
}

// String returns section and link; "" where there is none.
func (s Source) String() string {
	if s.Link == "" {
		return ""
	}
	return s.Section + ", " + s.Link
}

const (
	cleverForm  = "https://www.clever.cloud/developers/doc/marketplace/#available-fields"
	appfogForm  = "https://github.com/CenturyLinkCloud/PublicKB/blob/master/Ecosystem%20Partners/General/upload-service-manifests-to-addon-engine.md#manifest-json-schema"
	appfogFirst = "https://github.com/CenturyLinkCloud/PublicKB/blob/master/AppFog/AppFog%20Version%201/become-an-add-on-partner.md#manifest"
	herokuForm  = "https://devcenter.heroku.com/articles/add-on-manifest#fields"
	kensaForm   = "https://github.com/heroku/kensa/blob/master/lib/heroku/kensa/check.rb"
	jsonForm    = "https://www.rfc-editor.org/rfc/rfc8259"
	urlForm     = "https://www.rfc-editor.org/rfc/rfc9110#section-4.2.4"
)

// formSources are the pages on a manifest's fields.
var formSources = map[Dialect]Source{
	Clever:   {Link: cleverForm, Section: "Available fields"},
	AppFog:   {Link: appfogForm, Section: "Manifest JSON Schema"},
	HerokuV1: {Link: herokuForm, Section: "Fields"},
	HerokuV3: {Link: herokuForm, Section: "Fields"},
}

// ruleSources are those of rules that another page is about.
var ruleSources = map[string]Source{
	"M001": {jsonForm, "RFC 8259", "JSON has no comments, and is UTF-8"},
	"M002": {jsonForm + "#section-4", "RFC 8259, Objects", "names in an object should be unique"},
	"M041": {"https://github.com/CleverCloud/documentation/pull/523", "documentation pull request 523", "samples of documentations were found as secrets in production"},
	"M042": {urlForm, "advice", "who learns one secret should not know the other"},
	"M043": {"https://www.rfc-editor.org/rfc/rfc7617#section-2", "RFC 7617, The Basic authentication scheme", "a user name has no colon, and the charset of other characters is not agreed on"},
	"M064": {urlForm, "RFC 9110, Deprecation of userinfo", "https URIs have no user information"},
	"M084": {appfogForm, "advice", "variables of a platform are not overwritten"},
}

// kensaRules are those that kensa held Heroku's manifests to.
var kensaRules = map[string]bool{"M031": true, "M060": true, "M061": true, "M063": true, "M070": true, "M101": true, "M102": true}

// Source returns where a dialect's documentation has the rule.
func (r Rule) Source(d Dialect) Source {
	s, own := ruleSources[r.Code]
	switch {
	case own:
		return s
	case d == HerokuV1 && kensaRules[r.Code]:
		return Source{kensaForm, "ManifestCheck", r.Title}
	case d == AppFog && (r.Code == "M031" || r.Code == "M121"):
		return Source{appfogFirst, "Manifest Format", "the first version had it"}
	}
	s = formSources[d]
	s.Says = r.Title
	return s
}
