package value

import (
	"errors"
	"testing"
)

func TestALaterIsReadOnceByWhoeverUsesIt(t *testing.T) {
	reads := 0
	m := MapOf("name", "db", "env", NewLater("db", func() (Value, error) { reads++; return MapOf("HOST", "h"), nil }))
	if known := Known([]Value{m}).([]Value)[0].(*Map); known.Len() != 1 || reads != 0 {
		t.Errorf("a report shows %v after %d reads", known.Keys(), reads)
	}
	for range 2 {
		v, ok := m.Clone().Get("env")
		if host, _ := v.(*Map).Get("HOST"); !ok || host != "h" {
			t.Errorf("got %v, %v", v, ok)
		}
	}
	for k, v := range m.All() {
		if _, later := v.(*Later); later {
			t.Errorf("%v is not read", k)
		}
	}
	if known := Known(m).(*Map); reads != 1 || known.Len() != 1 {
		t.Errorf("%d reads, a report shows %v", reads, known.Keys())
	}
}

func TestAFailedReadingIsAnErrorAndIsTriedAgain(t *testing.T) {
	fault := errors.New("no network")
	fails := true
	m := MapOf("env", NewLater("db", func() (Value, error) {
		if fails {
			return nil, fault
		}
		return "read", nil
	}))
	if _, err := Complete([]Value{m}); !errors.Is(err, fault) {
		t.Errorf("got %v", err)
	}
	get := func() (v Value, err error) {
		defer CatchRead(&err)
		v, _ = m.Get("env")
		return v, nil
	}
	if v, err := get(); v != nil || !errors.Is(err, fault) {
		t.Errorf("got %v, %v", v, err)
	}
	fails = false
	if v, err := get(); v != "read" || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
}
