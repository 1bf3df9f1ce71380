package store

import (
	"os"
	"testing"
	"time"

	"runner/clever/emulator/catalogue"
)

// A kept store is one whose changes fail the test.
type kept struct {
	*Store
	t testing.TB
}

// openKept opens a state file, with a user in a new one.
func openKept(t testing.TB, path string, warn func(error)) *kept {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	seed := func() *World { return &World{User: Account{ID: "user_" + catalogue.NewUUID(), Name: "x", Created: 1}} }
	s, err := Open(path, time.Millisecond, c, seed, warn)
	if err != nil {
		t.Fatal(err)
	}
	return &kept{s, t}
}

func (s *kept) shut() {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *kept) do(change func(*Draft)) {
	s.t.Helper()
	if err := s.try(change); err != nil {
		s.t.Fatal(err)
	}
}

func (s *kept) try(change func(*Draft)) error {
	return s.Change(func(d *Draft) error {
		change(d)
		return nil
	})
}

// order adds an add-on as an order does.
func (s *kept) order(name string) *Addon {
	s.t.Helper()
	a := s.fresh(name)
	s.do(func(d *Draft) { d.Add(a) })
	return a
}

func (s *kept) fresh(name string) *Addon {
	return &Addon{
		ID: "addon_" + catalogue.NewUUID(), RealID: "kv_" + catalogue.NewUUID(), Owner: s.World().User.ID, Name: name, Provider: "kv",
		Plan: "plan_310a853e-ec9a-42f2-8ea9-877af376bc25", Region: "par", Created: 1, Facts: map[string]string{"token": catalogue.NewUUID()},
	}
}

func (s *kept) rename(id, name string) {
	s.t.Helper()
	s.do(func(d *Draft) { renameIn(d, id, name) })
}

func renameIn(d *Draft, id, name string) {
	a := *d.Addon(id)
	a.Name = name
	d.Replace(&a)
}

func (s *kept) names() map[string]string { return namesOf(s.World()) }

// namesOf returns the names of all add-ons by id.
func namesOf(w *World) map[string]string {
	m := map[string]string{}
	for _, a := range w.Addons {
		m[a.ID] = a.Name
	}
	return m
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
