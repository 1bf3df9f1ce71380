package rest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"runner/clever"
	"runner/clever/emulator/catalogue"
)

// A Refusal is how the platform says no. The package comment has the table.
type Refusal struct {
	status  int
	id      int
	code    string
	Message string
	Fields  map[string]string
}

func (f *Refusal) Error() string { return f.Message }

func badPath() *Refusal {
	return &Refusal{400, 90001, "emulator.bad-path", "The escapes in this path are wrong.", nil}
}

// Unauthorized says which part of the credentials is wrong.
func Unauthorized(why string) *Refusal {
	return &Refusal{401, 90002, "emulator.unauthorized", "Not authenticated: " + why + ".", nil}
}

// NoSuchPath is for paths at which nothing answers.
func NoSuchPath() *Refusal {
	return &Refusal{404, 90003, "emulator.no-such-path", "Nothing answers at this path.", nil}
}

func methodNotAllowed(allowed []string) *Refusal {
	return &Refusal{405, 90004, "emulator.method", "This path knows only " + strings.Join(allowed, ", ") + ".", nil}
}

func badBody(why string) *Refusal {
	return &Refusal{400, 90005, "emulator.bad-body", "The body cannot be read: " + why + ".", nil}
}

func tooLarge() *Refusal {
	return &Refusal{413, 90006, "emulator.body-too-large", "The body is larger than a mebibyte.", nil}
}

// NoSuchOwner is for owners that do not exist, where naming others does not help.
func NoSuchOwner() *Refusal {
	return &Refusal{404, 90010, "emulator.no-such-owner", "This owner does not exist.", nil}
}

// UnknownOwner names the owners that there are.
func UnknownOwner(id string, known []string) *Refusal {
	return &Refusal{404, 90010, "emulator.no-such-owner", fmt.Sprintf("There is no owner %q; available: %s.", id, strings.Join(known, ", ")), nil}
}

// NotFound is for everything without a number of its own.
func NotFound(what string) *Refusal {
	return &Refusal{404, 90011, "emulator.not-found", "This " + what + " does not exist.", nil}
}

// NoSuchAddon has the platform's number.
func NoSuchAddon() *Refusal {
	return &Refusal{404, 11001, "emulator.not-found", "This addon does not exist.", nil}
}

// ForeignAddon has the platform's number: the add-on is another owner's.
func ForeignAddon() *Refusal {
	return &Refusal{403, 10300, "emulator.forbidden", "This addon does not belong to you.", nil}
}

// ForeignApplication has the platform's number (docs/platform.md §5.2); the status is not known.
func ForeignApplication() *Refusal {
	return &Refusal{403, 4002, "emulator.foreign-application", "This application does not belong to you.", nil}
}

// NeverDeployed and NoFavourite have the platform's numbers (docs/platform.md §5.2); the status of
// the first is not known.
func NeverDeployed() *Refusal {
	return &Refusal{400, 4014, "emulator.never-deployed", "This application has never been deployed.", nil}
}

// NoFavourite says that an application has no favourite domain.
func NoFavourite() *Refusal {
	return &Refusal{404, 4021, "emulator.not-found", "This application has no favourite domain.", nil}
}

// Discontinued is said in the platform's words, as far as they are known (docs/platform.md §5.2).
func Discontinued() *Refusal {
	return &Refusal{410, 90012, "emulator.discontinued", "This endpoint is discontinued, use /v4/billing.", nil}
}

// BadField refuses a member of the body; id and code are those of the table.
func BadField(id int, code, field, why string) *Refusal {
	return &Refusal{400, id, code, "The " + field + " is wrong: " + why + ".", map[string]string{field: why}}
}

// CannotMigrate says why an add-on stays as it is.
func CannotMigrate(why string) *Refusal {
	return &Refusal{400, 90025, "emulator.cannot-migrate", "This addon cannot be migrated: " + why + ".", nil}
}

// NotSaved says that the state file could not be written.
func NotSaved(err error) *Refusal {
	return &Refusal{500, 90050, "emulator.not-saved", "The emulator could not keep this: " + err.Error() + ".", nil}
}

// NoDatabase says that the server behind the add-ons did not do its part.
func NoDatabase(err error) *Refusal {
	return &Refusal{500, 90053, "emulator.no-database", err.Error(), nil}
}

// Unavailable is how the platform says that it cannot take an order now (docs/platform.md §5.2).
func Unavailable() *Refusal {
	return &Refusal{503, -500, "emulator.unavailable", "Error from provider: there is no capacity.", nil}
}

// TooManyRequests is what a fault wants.
func TooManyRequests() *Refusal {
	return &Refusal{429, 90052, "emulator.too-many-requests", "There are too many requests.", nil}
}

// ClientGone is for whoever does not hear it any more.
func ClientGone() *Refusal {
	return &Refusal{499, 90051, "emulator.gone", "The client went away.", nil}
}

// NotSelling is for the personal space, which has no providers.
func NotSelling() *Refusal {
	return &Refusal{403, 90070, "emulator.only-organisations", "Only organisations register providers.", nil}
}

// AlreadyThere says that a name is taken.
func AlreadyThere(what, name string) *Refusal {
	return &Refusal{409, 90072, "emulator.exists", "There is a " + what + " " + name + " already.", nil}
}

// ProviderInUse says why a provider stays.
func ProviderInUse(why string) *Refusal {
	return &Refusal{409, 90073, "emulator.in-use", "This provider cannot be removed: " + why + ".", nil}
}

// BadCallback refuses where a login would lead.
func BadCallback() *Refusal {
	return &Refusal{400, 90030, "emulator.bad-callback", "The oauth_callback is not an http or https URL, or not on the host of the consumer's baseUrl.", nil}
}

// LoginDenied is the user's no to a command line.
func LoginDenied() *Refusal {
	return &Refusal{403, 90031, "emulator.login-denied", "The user denied this login.", nil}
}

// MissingRight names what the user did not allow the token.
func MissingRight(right string) *Refusal {
	return &Refusal{403, 90033, "emulator.missing-right", "This token lacks the right " + right + ".", nil}
}

// OwnTokenStays keeps the emulator's own token.
func OwnTokenStays() *Refusal {
	return &Refusal{403, 90034, "emulator.own-token", "The emulator's own token cannot be revoked.", nil}
}

// OtherSite is for pages of other origins.
func OtherSite() *Refusal {
	return &Refusal{403, 90032, "emulator.other-site", "A page of another site, or a name that is not this server's, is no way to ask.", nil}
}

// VendorRefused hands on what a vendor says, which is untrusted text.
func VendorRefused(provider, message string) *Refusal {
	return &Refusal{422, 90060, "emulator.vendor-refused", "The vendor of " + provider + " refused this: " + cmp.Or(message, "without a reason"), nil}
}

// VendorFailed is for what its customers cannot mend. It is no 5xx: nothing is
// under way any more, and whoever asks again gets the same.
func VendorFailed(provider string) *Refusal {
	return &Refusal{424, 90061, "emulator.vendor-failed", "The vendor of " + provider + " cannot do this now: its back-end did not take it as it should.", nil}
}

// NotReady says what an add-on lacks yet.
func NotReady(why string) *Refusal {
	return &Refusal{409, 90062, "emulator.not-ready", "This addon is not ready for this: " + why + ".", nil}
}

// Response tells the refusal as the version of the API in the path does (docs/platform.md §5.1).
func (f *Refusal) Response(r *http.Request) Response {
	if strings.HasPrefix(strings.TrimLeft(r.URL.Path, "/"), "v4/") {
		return Response{Status: f.status, Body: clever.MessageV4{
			APIRequestID: catalogue.NewUUID(), Code: f.code, Context: map[string]any{}, Error: f.Message,
		}}
	}
	return Response{Status: f.status, Body: clever.Message{ID: f.id, Message: f.Message, Type: "error", Fields: f.Fields}}
}

// NameLimit is the most characters of a name or a tag.
const NameLimit = 255

// CheckName refuses a name, or a tag, that is empty or too long.
func CheckName(name string) error {
	if strings.TrimSpace(name) == "" {
		return BadField(90020, "emulator.bad-name", "name", "it is empty")
	}
	if utf8.RuneCountInString(name) > NameLimit {
		return BadField(90020, "emulator.bad-name", "name", fmt.Sprintf("it has more than %d characters", NameLimit))
	}
	return nil
}
