package emulator

import (
	"os"
	"testing"
	"time"
)

// A kept store is one whose changes fail the test.
type kept struct {
	*store
	t testing.TB
}

// openKept opens a state file, with a user in a new one.
func openKept(t testing.TB, path string, warn func(error)) *kept {
	t.Helper()
	c, err := loadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	seed := func() *world { return &world{user: account{ID: "user_" + newUUID(), Name: "x", Created: 1}} }
	s, err := openStore(path, time.Millisecond, c, seed, warn)
	if err != nil {
		t.Fatal(err)
	}
	return &kept{s, t}
}

func (s *kept) shut() {
	s.t.Helper()
	if err := s.close(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *kept) do(change func(*draft)) {
	s.t.Helper()
	if err := s.try(change); err != nil {
		s.t.Fatal(err)
	}
}

func (s *kept) try(change func(*draft)) error {
	return s.change(func(d *draft) error {
		change(d)
		return nil
	})
}

// order adds an add-on as an order does.
func (s *kept) order(name string) *addon {
	s.t.Helper()
	a := s.fresh(name)
	s.do(func(d *draft) { d.add(a) })
	return a
}

func (s *kept) fresh(name string) *addon {
	return &addon{
		ID: "addon_" + newUUID(), RealID: "kv_" + newUUID(), Owner: s.world().user.ID, Name: name, Provider: "kv",
		Plan: "plan_310a853e-ec9a-42f2-8ea9-877af376bc25", Region: "par", Created: 1, Facts: map[string]string{"token": newUUID()},
	}
}

func (s *kept) rename(id, name string) {
	s.t.Helper()
	s.do(func(d *draft) { renameIn(d, id, name) })
}

func renameIn(d *draft, id, name string) {
	a := *d.addon(id)
	a.Name = name
	d.replace(&a)
}

func (s *kept) names() map[string]string { return namesOf(s.world()) }

// namesOf returns the names of all add-ons by id.
func namesOf(w *world) map[string]string {
	m := map[string]string{}
	for _, a := range w.addons {
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
