package clever

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// This file judges what the platform answers: what is not as it should be is
// unreadable, which is not the same as "there is nothing".

// An unreadableError says what is wrong with the body of a success.
type unreadableError struct {
	body []byte
	err  error
}

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

func isUnreadable(err error) bool {
	_, ok := errors.AsType[*unreadableError](err)
	return ok
}

// errNull says that there is null, or nothing, where a value is due.
var errNull = errors.New("null where a value is due")

// decode reads a body into a pointer, strictly. The error is an *unreadableError.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if err == nil && bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		err = errNull
	}
	if err == nil {
		err = wellFormed(into)
	}
	if err != nil {
		return &unreadableError{body, err}
	}
	return nil
}

// anyJSON takes a body whose contents do not matter: JSON, or nothing.
func anyJSON(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var v json.RawMessage
	if err := json.Unmarshal(body, &v); err != nil {
		return &unreadableError{body, err}
	}
	return nil
}

// A lack says which member is missing where none may be.
type lack struct{ what string }

func (l *lack) Error() string { return l.what }

func lacks(format string, args ...any) error { return &lack{fmt.Sprintf(format, args...)} }

// wellFormed reports what a value of the platform lacks that it always has; nil for
// values that are whole.
func wellFormed(v any) error {
	switch v := v.(type) {
	case *[]Addon:
		return wholeAddons(*v)
	case *Addon:
		return wholeAddon(*v)
	case *[]Application:
		return each(*v, "application", func(a Application) []string { return []string{"id", a.ID, "name", a.Name} })
	case *[]Group:
		return each(*v, "network group", func(g Group) []string { return []string{"id", g.ID} })
	case *[]EnvVar:
		return each(*v, "variable", func(e EnvVar) []string { return []string{"name", e.Name} })
	case *[]Provider:
		return wholeProviders(*v)
	case *[]Zone:
		return each(*v, "zone", func(z Zone) []string { return []string{"name", z.Name} })
	case *[]Organisation:
		return each(*v, "organisation", func(o Organisation) []string { return []string{"id", o.ID} })
	case *[]Migration:
		return each(*v, "migration", migrationParts)
	case *[]Feature:
		return each(*v, "feature", func(f Feature) []string { return []string{"name", f.Name} })
	case *[]Plan:
		return each(*v, "plan", planParts)
	case *Migration:
		return present("migration", migrationParts(*v))
	case *Provider:
		return present("provider", []string{"id", v.ID})
	case *Self:
		return present("user", []string{"id", v.ID})
	case *Summary:
		return wholeSummary(*v)
	}
	return nil
}

func migrationParts(m Migration) []string { return []string{"migrationId", m.ID, "status", m.Status} }
func planParts(p Plan) []string           { return []string{"id", p.ID, "slug", p.Slug} }

// present reports the first member that is empty of names and values in turn.
func present(what string, members []string) error {
	for i := 0; i < len(members); i += 2 {
		if strings.TrimSpace(members[i+1]) == "" {
			article := "a"
			if strings.ContainsAny(what[:1], "aeio") {
				article = "an"
			}
			return lacks("%s %s without %s", article, what, members[i])
		}
	}
	return nil
}

func each[V any](list []V, what string, members func(V) []string) error {
	for _, v := range list {
		if err := present(what, members(v)); err != nil {
			return err
		}
	}
	return nil
}

func wholeAddon(a Addon) error {
	return present("add-on", []string{"id", a.ID, "name", a.Name, "provider", a.Provider.ID})
}

// wholeAddons refuses a list in which an add-on cannot be distinguished from another.
func wholeAddons(list []Addon) error {
	seen := make(map[string]bool, len(list))
	for i := range list { // by index: add-ons are large
		if err := wholeAddon(list[i]); err != nil {
			return err
		}
		if seen[list[i].ID] {
			return lacks("the add-on %s twice", list[i].ID)
		}
		seen[list[i].ID] = true
	}
	return nil
}

func wholeProviders(list []Provider) error {
	for i := range list {
		if err := present("provider", []string{"id", list[i].ID}); err != nil {
			return err
		}
		if err := each(list[i].Plans, "plan", planParts); err != nil {
			return fmt.Errorf("of %s %w", list[i].ID, err)
		}
	}
	return nil
}

func wholeSummary(s Summary) error {
	if err := present("user", []string{"id", s.User.ID}); err != nil {
		return err
	}
	owners := append([]SummaryOwner{s.User}, s.Organisations...)
	for _, o := range owners {
		if err := present("organisation", []string{"id", o.ID}); err != nil {
			return err
		}
		err := each(o.Addons, "add-on", func(a SummaryAddon) []string { return []string{"id", a.ID} })
		if err != nil {
			return err
		}
	}
	return nil
}
