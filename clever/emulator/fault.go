package emulator

import (
	"net/http"
	"strings"

	"runner/clever"
)

// A fault is a refusal. The package comment has the table.
type fault struct {
	status  int
	id      int
	code    string
	message string
	fields  map[string]string
}

func (f *fault) Error() string { return f.message }

func badPath() *fault {
	return &fault{400, 90001, "emulator.bad-path", "The escapes in this path are wrong.", nil}
}

func unauthorized(why string) *fault {
	return &fault{401, 90002, "emulator.unauthorized", "Not authenticated: " + why + ".", nil}
}

func noSuchPath() *fault {
	return &fault{404, 90003, "emulator.no-such-path", "Nothing answers at this path.", nil}
}

func methodNotAllowed(allowed []string) *fault {
	return &fault{405, 90004, "emulator.method", "This path knows only " + strings.Join(allowed, ", ") + ".", nil}
}

func badBody(why string) *fault {
	return &fault{400, 90005, "emulator.bad-body", "The body cannot be read: " + why + ".", nil}
}

func tooLarge() *fault {
	return &fault{413, 90006, "emulator.body-too-large", "The body is larger than a mebibyte.", nil}
}

func noSuchOwner() *fault {
	return &fault{404, 90010, "emulator.no-such-owner", "This owner does not exist.", nil}
}

func notFound(what string) *fault {
	return &fault{404, 90011, "emulator.not-found", "This " + what + " does not exist.", nil}
}

func noSuchAddon() *fault {
	return &fault{404, 11001, "emulator.not-found", "This addon does not exist.", nil}
}

func foreignAddon() *fault {
	return &fault{403, 10300, "emulator.forbidden", "This addon does not belong to you.", nil}
}

// wrongField refuses a member of the body; id and code are those of the table.
func wrongField(id int, code, field, why string) *fault {
	return &fault{400, id, code, "The " + field + " is wrong: " + why + ".", map[string]string{field: why}}
}

func cannotMigrate(why string) *fault {
	return &fault{400, 90025, "emulator.cannot-migrate", "This addon cannot be migrated: " + why + ".", nil}
}

func notSaved(err error) *fault {
	return &fault{500, 90050, "emulator.not-saved", "The emulator could not keep this: " + err.Error() + ".", nil}
}

func clientGone() *fault {
	return &fault{499, 90051, "emulator.gone", "The client went away.", nil}
}

// answer tells the fault as the version of the API in the path does (§5.1).
func (f *fault) answer(r *http.Request) answer {
	if strings.HasPrefix(strings.TrimLeft(r.URL.Path, "/"), "v4/") {
		return answer{status: f.status, body: clever.MessageV4{
			APIRequestID: newUUID(), Code: f.code, Context: map[string]any{}, Error: f.message,
		}}
	}
	return answer{status: f.status, body: clever.Message{ID: f.id, Message: f.message, Type: "error", Fields: f.fields}}
}
