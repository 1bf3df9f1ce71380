package conformance

import "runner/marketplace/manifest"

// A topic is what a sentence of a documentation is about.
type topic string

const (
	onManifest  topic = "manifest"
	onAuth      topic = "credentials"
	onProvision topic = "provision"
	onID        topic = "id"
	onConfig    topic = "config"
	onNames     topic = "names of variables"
	onExtras    topic = "unknown fields"
	onRepeat    topic = "repeated requests"
	onRegion    topic = "regions"
	onCallback  topic = "callbacks"
	onPlan      topic = "plan change"
	onSamePlan  topic = "a change to the same plan"
	onRemoval   topic = "deprovision"
	onSSO       topic = "single sign-on"
	onProof     topic = "the proof"
	onWindow    topic = "the timestamp"
	onDrain     topic = "log drains"
	onSecrets   topic = "secrets"
	onTime      topic = "time limits"
	onTLS       topic = "https"
	onHeader    topic = "Heroku's header"
	onAdvice    topic = "" // no marketplace's documentation says it
)

const (
	cleverDoc  = "https://www.clever.cloud/developers/doc/marketplace/"
	appfogDoc  = "https://github.com/CenturyLinkCloud/PublicKB/blob/master/Ecosystem%20Partners/General/addon-engine-api.md"
	appfogForm = "https://github.com/CenturyLinkCloud/PublicKB/blob/master/Ecosystem%20Partners/General/upload-service-manifests-to-addon-engine.md"
	herokuV1   = "https://devcenter.heroku.com/articles/legacy-add-on-partner-api-reference"
	herokuV3   = "https://devcenter.heroku.com/articles/add-on-partner-api-reference"
	herokuSSO  = "https://devcenter.heroku.com/articles/add-on-single-sign-on"
	herokuForm = "https://devcenter.heroku.com/articles/add-on-manifest"
	herokuTips = "https://devcenter.heroku.com/articles/add-on-partner-technical-best-practices"
	kensaCode  = "https://github.com/heroku/kensa/blob/master/lib/heroku/kensa/check.rb"
)

// said makes a Source: a page, its section, and what that says, in words of ours.
func said(page, anchor, section, says string) manifest.Source {
	return manifest.Source{Link: page + anchor, Section: section, Says: says}
}

// sources hold, by topic and dialect, what the marketplaces' documentations say.
var sources = map[topic]map[manifest.Dialect]manifest.Source{
	onManifest: {
		manifest.Clever:   said(cleverDoc, "#available-fields", "Available fields", "what each field of a manifest must be"),
		manifest.AppFog:   said(appfogForm, "#manifest-json-schema", "Manifest JSON Schema", "what each field of a manifest must be"),
		manifest.HerokuV1: said(herokuForm, "#fields", "Fields", "what each field of a manifest must be"),
		manifest.HerokuV3: said(herokuForm, "#fields", "Fields", "what each field of a manifest must be"),
	},
	onAuth: {
		manifest.Clever:   said(cleverDoc, "#authentication", "Authentication", "all calls must be checked for the combination of user and password, and a failure should be answered with 401"),
		manifest.AppFog:   said(appfogDoc, "#api-authentication", "API Authentication", "calls carry the manifest's id and password as HTTP basic authentication"),
		manifest.HerokuV1: said(herokuV1, "#authentication", "Authentication", "all calls should be protected by HTTP basic auth with id and password; kensa wants 401"),
		manifest.HerokuV3: said(herokuV3, "#authentication-ssl", "Authentication & SSL", "the Authorization header must be validated against the manifest's id and password"),
	},
	onProvision: {
		manifest.Clever:   said(cleverDoc, "#provisioning", "Provisioning", "POST base_url is answered with a JSON object of id, config and message"),
		manifest.AppFog:   said(appfogDoc, "#provision", "Provision", "POST base_url is answered with a JSON object of id and config"),
		manifest.HerokuV1: said(herokuV1, "#provision", "Provision", "the response must be valid JSON with an id"),
		manifest.HerokuV3: said(herokuV3, "#provisioning", "Provisioning", "the response must be valid JSON with an id"),
	},
	onID: {
		manifest.Clever:   said(cleverDoc, "#provisioning", "Provisioning", "the id is the add-on's as seen from the provider's side, and must be a string"),
		manifest.AppFog:   said(appfogDoc, "#provision", "Provision", "the response must include an id that is unique to the service instance"),
		manifest.HerokuV1: said(herokuV1, "#provision", "Provision", "the id must be unique to the request, and not made from fields that Heroku sent, but the uuid"),
		manifest.HerokuV3: said(herokuV3, "#provisioning", "Provisioning", "the id must be unique to the request"),
	},
	onConfig: {
		manifest.Clever:   said(cleverDoc, "#provisioning", "Provisioning", "config maps strings to strings, and keys that are not in config_vars are ignored"),
		manifest.AppFog:   said(appfogDoc, "#provision", "Provision", "config is an object; its attributes are given to the consumer"),
		manifest.HerokuV1: said(herokuV1, "#provision", "Provision", "config is an object of strings, whose keys the manifest declares; kensa holds back-ends to it"),
		manifest.HerokuV3: said(herokuV3, "#provisioning", "Provisioning", "config is an object of strings, whose keys the manifest declares"),
	},
	onNames: {
		manifest.Clever:   said(cleverDoc, "#available-fields", "Available fields, api/config_vars", "each name must start with the capitalized add-on id with underscores"),
		manifest.HerokuV1: said(herokuForm, "#fields", "Fields, api/config_vars_prefix", "names in responses must begin with the prefix and an underscore"),
		manifest.HerokuV3: said(herokuForm, "#fields", "Fields, api/config_vars_prefix", "names in responses must begin with the prefix and an underscore"),
	},
	onExtras: {
		manifest.HerokuV1: said(herokuV1, "#validation", "Validation", "bodies may contain elements that are not documented, and are valid all the same"),
		manifest.HerokuV3: said(herokuV3, "#validation", "Validation", "bodies may contain elements that are not documented, and are valid all the same"),
	},
	onRepeat: {
		manifest.HerokuV1: said(herokuV1, "#idempotency", "Idempotency", "requests may be sent several times, and endpoints must respond idempotently: several POSTs make one resource"),
		manifest.HerokuV3: said(herokuV3, "#idempotency", "Idempotency", "requests may be sent several times, and endpoints must respond idempotently: several POSTs make one resource"),
	},
	onRegion: {
		manifest.Clever:   said(cleverDoc, "#provisioning", "Provisioning", "region is where to provision the add-on, and is EU for now"),
		manifest.AppFog:   said(appfogDoc, "#provision", "Provision", "region can be useast or uswest"),
		manifest.HerokuV1: said(herokuV1, "#exceptions", "Exceptions", "what cannot be serviced should be answered with 422 and a message"),
		manifest.HerokuV3: said(herokuV3, "#exceptions", "Exceptions", "what cannot be serviced should be answered with 422 and a message"),
	},
	onCallback: {
		manifest.Clever:   said(cleverDoc, "#provisioning", "Provisioning", "callback_url is available when the provisioning is done, and not during the POST"),
		manifest.AppFog:   said(appfogDoc, "#callback", "Callback", "callback_url is protected by the manifest's id and password"),
		manifest.HerokuV1: said(herokuV1, "#timeouts", "Timeouts", "202 acknowledges an order that is fulfilled later, by the callback APIs"),
		manifest.HerokuV3: said(herokuV3, "#asynchronous-provisioning", "Asynchronous provisioning", "202 acknowledges an order; a call ends it"),
	},
	onPlan: {
		manifest.AppFog:   said(appfogDoc, "#plan-update", "Plan update", "a change is answered with 200; one that is not supported with a status that is not, 400 for instance, and a text"),
		manifest.HerokuV1: said(herokuV1, "#general-guidelines", "General guidelines", "all calls of the document must be implemented; plan change is one"),
		manifest.HerokuV3: said(herokuV3, "#plan-change", "Plan change", "the plan is changed, or refuses with 422 and a message"),
	},
	onSamePlan: {
		manifest.HerokuV1: said(herokuTips, "#handling-plan-changes-should-be-idempotent", "Handling plan changes should be idempotent", "a change to the same plan does nothing and is answered with 200"),
		manifest.HerokuV3: said(herokuTips, "#handling-plan-changes-should-be-idempotent", "Handling plan changes should be idempotent", "a change to the same plan does nothing and is answered with 200"),
	},
	onRemoval: {
		manifest.Clever:   said(cleverDoc, "#de-provisioning", "De-provisioning", "DELETE base_url/id, whose id is the one of the provisioning's answer, is answered with 200"),
		manifest.AppFog:   said(appfogDoc, "#deprovision-api-endpoint", "Deprovision API Endpoint", "DELETE base_url/id, whose id is the one of the provision's answer, is answered with 200"),
		manifest.HerokuV1: said(herokuV1, "#deprovision", "Deprovision", "DELETE removes the add-on of the id in its path"),
		manifest.HerokuV3: said(herokuV3, "#deprovisioning", "Deprovisioning", "DELETE removes the add-on of the uuid in its path"),
	},
	onSSO: {
		manifest.Clever:   said(cleverDoc, "#sso", "SSO", "the site confirms the signature, then sets a cookie for the session and redirects to the admin panel of the user's resource"),
		manifest.AppFog:   said(appfogDoc, "#sso-flow", "SSO Flow", "a POST of id, token and timestamp opens the dashboard of the service instance"),
		manifest.HerokuV1: said(herokuSSO, "#summary", "Summary", "the site confirms the token, then creates a session and leads to the admin panel of the resource"),
		manifest.HerokuV3: said(herokuSSO, "#summary", "Summary", "the site confirms the tokens, then creates a session and leads to the admin panel of the resource"),
	},
	onProof: {
		manifest.Clever:   said(cleverDoc, "#token", "Token", "signature is the sha512 of id, user_id, email, nav-data, sso_salt and timestamp, joined by colons"),
		manifest.AppFog:   said(appfogDoc, "#sso-flow", "SSO Flow", "token is the sha1 of id, sso_salt and timestamp, joined by colons"),
		manifest.HerokuV1: said(herokuSSO, "#salt-timestamp-and-tokens", "Salt, timestamp, and tokens", "token is the sha1 of id, salt and timestamp, joined by colons"),
		manifest.HerokuV3: said(herokuSSO, "#salt-timestamp-and-tokens", "Salt, timestamp, and tokens", "any of three tokens signs a user in; each covers salt and timestamp, and user_scoped_resource_token the user, too"),
	},
	onWindow: {
		manifest.Clever:   said(cleverDoc, "#sso", "SSO", "the timestamp is in milliseconds, and should be verified to be no older than a few minutes, like 5"),
		manifest.AppFog:   said(appfogDoc, "#sso-flow", "SSO Flow", "timestamp is when the request was made"),
		manifest.HerokuV1: said(kensaCode, "", "SsoCheck", "a token whose timestamp is too old is refused"),
		manifest.HerokuV3: said(kensaCode, "", "SsoCheck", "a token whose timestamp is too old is refused"),
	},
	onDrain: {
		manifest.HerokuV1: said(kensaCode, "", "ProvisionResponseCheck", "with syslog_drain, log_drain_url must be there, and begin with https:// or syslog://"),
		manifest.HerokuV3: said(herokuV3, "#provisioning", "Provisioning", "with syslog_drain, log_drain_url says where logs go"),
	},
	onSecrets: {
		manifest.Clever:   said(cleverDoc, "#available-fields", "Available fields", "password and sso_salt are secrets that provider and marketplace share"),
		manifest.AppFog:   said(appfogDoc, "#api-authentication", "API Authentication", "the password authenticates all calls"),
		manifest.HerokuV1: said(herokuForm, "#generating-a-manifest", "Generating a manifest", "a manifest contains secrets"),
		manifest.HerokuV3: said(herokuForm, "#generating-a-manifest", "Generating a manifest", "a manifest contains secrets"),
	},
	onTime: {
		manifest.HerokuV1: said(herokuV1, "#timeouts", "Timeouts", "answers should come within 3 seconds, and must within 25"),
		manifest.HerokuV3: said(herokuV3, "#timeouts", "Timeouts", "answers must come within the limit, or the request fails"),
	},
	onTLS: {
		manifest.Clever:   said(cleverDoc, "#authentication", "Authentication", "calls are secured by an HTTPS connection"),
		manifest.AppFog:   said("https://github.com/CenturyLinkCloud/PublicKB/blob/master/AppFog/AppFog%20Version%201/become-an-add-on-partner.md", "#authentication", "Authentication", "all requests must be completed over HTTPS"),
		manifest.HerokuV1: said(herokuForm, "#fields", "Fields, api/production", "the endpoint's URL must be https"),
		manifest.HerokuV3: said(herokuV3, "#authentication-ssl", "Authentication & SSL", "base_url must be an https URL with a valid certificate"),
	},
	onHeader: {
		manifest.HerokuV1: said(kensaCode, "", "SsoCheck", "the page has Heroku's header, and the cookie heroku-nav-data"),
	},
}
