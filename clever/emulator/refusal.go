package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"runner/clever"
)

// A refusal is how the platform says no. The package comment has the table.
type refusal struct {
	status  int
	id      int
	code    string
	message string
	fields  map[string]string
}

func (f *refusal) Error() string { return f.message }

func badPath() *refusal {
	return &refusal{400, 90001, "emulator.bad-path", "The escapes in this path are wrong.", nil}
}

func unauthorized(why string) *refusal {
	return &refusal{401, 90002, "emulator.unauthorized", "Not authenticated: " + why + ".", nil}
}

func noSuchPath() *refusal {
	return &refusal{404, 90003, "emulator.no-such-path", "Nothing answers at this path.", nil}
}

func methodNotAllowed(allowed []string) *refusal {
	return &refusal{405, 90004, "emulator.method", "This path knows only " + strings.Join(allowed, ", ") + ".", nil}
}

func badBody(why string) *refusal {
	return &refusal{400, 90005, "emulator.bad-body", "The body cannot be read: " + why + ".", nil}
}

func tooLarge() *refusal {
	return &refusal{413, 90006, "emulator.body-too-large", "The body is larger than a mebibyte.", nil}
}

func noSuchOwner() *refusal {
	return &refusal{404, 90010, "emulator.no-such-owner", "This owner does not exist.", nil}
}

func notFound(what string) *refusal {
	return &refusal{404, 90011, "emulator.not-found", "This " + what + " does not exist.", nil}
}

func noSuchAddon() *refusal {
	return &refusal{404, 11001, "emulator.not-found", "This addon does not exist.", nil}
}

func foreignAddon() *refusal {
	return &refusal{403, 10300, "emulator.forbidden", "This addon does not belong to you.", nil}
}

// foreignApplication has the platform's number (§5.2); the status is not known.
func foreignApplication() *refusal {
	return &refusal{403, 4002, "emulator.foreign-application", "This application does not belong to you.", nil}
}

// discontinued is told in the platform's words, as far as they are known (§5.2).
func discontinued() *refusal {
	return &refusal{410, 90012, "emulator.discontinued", "This endpoint is discontinued, use /v4/billing.", nil}
}

// wrongField refuses a member of the body; id and code are those of the table.
func wrongField(id int, code, field, why string) *refusal {
	return &refusal{400, id, code, "The " + field + " is wrong: " + why + ".", map[string]string{field: why}}
}

func cannotMigrate(why string) *refusal {
	return &refusal{400, 90025, "emulator.cannot-migrate", "This addon cannot be migrated: " + why + ".", nil}
}

func notSaved(err error) *refusal {
	return &refusal{500, 90050, "emulator.not-saved", "The emulator could not keep this: " + err.Error() + ".", nil}
}

func noDatabase(err error) *refusal {
	return &refusal{500, 90053, "emulator.no-database", err.Error(), nil}
}

// unavailable is how the platform says that it cannot take an order now (§5.2).
func unavailable() *refusal {
	return &refusal{503, -500, "emulator.unavailable", "Error from provider: there is no capacity.", nil}
}

func tooManyRequests() *refusal {
	return &refusal{429, 90052, "emulator.too-many-requests", "There are too many requests.", nil}
}

func clientGone() *refusal {
	return &refusal{499, 90051, "emulator.gone", "The client went away.", nil}
}

func notSelling() *refusal {
	return &refusal{403, 90070, "emulator.not-selling", "Only organisations sell add-ons.", nil}
}

func alreadyThere(what, name string) *refusal {
	return &refusal{409, 90072, "emulator.exists", "There is a " + what + " " + name + " already.", nil}
}

func providerInUse(why string) *refusal {
	return &refusal{409, 90073, "emulator.in-use", "This provider cannot be removed: " + why + ".", nil}
}

func badCallback() *refusal {
	return &refusal{400, 90030, "emulator.bad-callback", "The oauth_callback is not an http or https URL.", nil}
}

func loginDenied() *refusal {
	return &refusal{403, 90031, "emulator.login-denied", "The user denied this login.", nil}
}

func missingRight(right string) *refusal {
	return &refusal{403, 90033, "emulator.missing-right", "This token lacks the right " + right + ".", nil}
}

func ownTokenStays() *refusal {
	return &refusal{403, 90034, "emulator.own-token", "The emulator's own token cannot be revoked.", nil}
}

func otherSite() *refusal {
	return &refusal{403, 90032, "emulator.other-site", "A page of another site, or a name that is not this server's, is no way to ask.", nil}
}

// vendorRefused hands on what a vendor says, which is untrusted text.
func vendorRefused(provider, message string) *refusal {
	return &refusal{422, 90060, "emulator.vendor-refused", "The vendor of " + provider + " refused this: " + cmp.Or(message, "it gives no reason"), nil}
}

// vendorFailed is for what its customers cannot mend. It is no 5xx: nothing is
// under way any more, and whoever asks again is told the same.
func vendorFailed(provider string) *refusal {
	return &refusal{424, 90061, "emulator.vendor-failed", "The vendor of " + provider + " cannot do this now: its back-end did not take it as it should.", nil}
}

func notReady(why string) *refusal {
	return &refusal{409, 90062, "emulator.not-ready", "This addon is not ready for this: " + why + ".", nil}
}

// answer tells the refusal as the version of the API in the path does (§5.1).
func (f *refusal) answer(r *http.Request) answer {
	if strings.HasPrefix(strings.TrimLeft(r.URL.Path, "/"), "v4/") {
		return answer{status: f.status, body: clever.MessageV4{
			APIRequestID: newUUID(), Code: f.code, Context: map[string]any{}, Error: f.message,
		}}
	}
	return answer{status: f.status, body: clever.Message{ID: f.id, Message: f.message, Type: "error", Fields: f.fields}}
}

// nameLimit is the most characters of a name or a tag.
const nameLimit = 255

// checkName refuses a name, or a tag, that is empty or too long.
func checkName(name string) error {
	if strings.TrimSpace(name) == "" {
		return wrongField(90020, "emulator.bad-name", "name", "it is empty")
	}
	if utf8.RuneCountInString(name) > nameLimit {
		return wrongField(90020, "emulator.bad-name", "name", fmt.Sprintf("it has more than %d characters", nameLimit))
	}
	return nil
}
