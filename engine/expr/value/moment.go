package value

import (
	"fmt"
	"strings"
	"time"
)

// A Moment is a date with a time. A naive one has no zone, as Python has it; its
// Time is in UTC.
type Moment struct{ time.Time }

// Naive reports whether the moment has no zone.
func (m Moment) Naive() bool { return m.Location() == time.UTC }

// A Date is a day without a time.
type Date struct{ time.Time }

func (d Date) String() string { return d.Time.Format(time.DateOnly) }

// ISO returns the moment as ISO 8601 writes it, as JSON has it.
func (m Moment) ISO() string { return strings.Replace(m.String(), " ", "T", 1) }

// MarshalText returns what JSON has of the moment.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.ISO()), nil }

// MarshalJSON returns the moment as a JSON text.
func (m Moment) MarshalJSON() ([]byte, error) { return []byte(`"` + m.ISO() + `"`), nil }

// MarshalText returns what JSON has of the date.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// MarshalJSON returns the date as a JSON text.
func (d Date) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// python returns what repr() in Python makes of a moment, or of a date.
func python(t time.Time, date bool) string {
	if date {
		return fmt.Sprintf("datetime.date(%d, %d, %d)", t.Year(), t.Month(), t.Day())
	}
	s := fmt.Sprintf("datetime.datetime(%d, %d, %d, %d, %d", t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute())
	us := t.Nanosecond() / 1000
	if t.Second() != 0 || us != 0 {
		s += fmt.Sprintf(", %d", t.Second())
	}
	if us != 0 {
		s += fmt.Sprintf(", %d", us)
	}
	return s + ")"
}

// Attr returns a part of the date by its name in Python.
func (d Date) Attr(name string) (Value, bool) {
	switch name {
	case "year", "month", "day":
		return Moment(d).Attr(name)
	}
	return nil, false
}

// A Span is the time between two moments.
type Span time.Duration

const (
	day     = 24 * time.Hour
	isoForm = "2006-01-02 15:04:05"
)

func (m Moment) String() string {
	s := m.Time.Format(isoForm)
	if us := m.Time.Nanosecond() / 1000; us != 0 {
		s += fmt.Sprintf(".%06d", us)
	}
	if !m.Naive() {
		s += m.Time.Format("-07:00")
	}
	return s
}

// split cuts a span into days, seconds and microseconds; only days may be negative.
func (s Span) split() (days, seconds, micros int) {
	d := time.Duration(s)
	days = int(d / day)
	if d%day < 0 {
		days--
	}
	rest := d - time.Duration(days)*day
	return days, int(rest / time.Second), int(rest % time.Second / time.Microsecond)
}

func (s Span) String() string {
	days, seconds, micros := s.split()
	text := fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if micros != 0 {
		text += fmt.Sprintf(".%06d", micros)
	}
	switch days {
	case 0:
		return text
	case 1, -1:
		return fmt.Sprintf("%d day, %s", days, text)
	}
	return fmt.Sprintf("%d days, %s", days, text)
}

// Attr returns a part of the moment by its name in Python: year, hour.
func (m Moment) Attr(name string) (Value, bool) {
	switch name {
	case "year":
		return m.Time.Year(), true
	case "month":
		return int(m.Time.Month()), true
	case "day":
		return m.Time.Day(), true
	case "hour":
		return m.Time.Hour(), true
	case "minute":
		return m.Time.Minute(), true
	case "second":
		return m.Time.Second(), true
	case "microsecond":
		return m.Time.Nanosecond() / 1000, true
	}
	return nil, false
}

// Attr returns a part of the span by its name in Python: days, seconds.
func (s Span) Attr(name string) (Value, bool) {
	days, seconds, micros := s.split()
	switch name {
	case "days":
		return days, true
	case "seconds":
		return seconds, true
	case "microseconds":
		return micros, true
	}
	return nil, false
}

// timeArithmetic does what can be done with moments and spans.
func timeArithmetic(op string, l, r Value) (Value, bool) {
	switch x := l.(type) {
	case Date:
		switch y := r.(type) {
		case Date:
			return Span(x.Time.Sub(y.Time)), op == "-"
		case Span:
			if op == "-" {
				y = -y
			}
			return Date{x.Time.Add(time.Duration(y).Truncate(day))}, op == "+" || op == "-"
		}
	case Moment:
		switch y := r.(type) {
		case Moment:
			return Span(x.Time.Sub(y.Time)), op == "-"
		case Span:
			if op == "-" {
				y = -y
			}
			return Moment{x.Time.Add(time.Duration(y))}, op == "+" || op == "-"
		}
	case Span:
		switch y := r.(type) {
		case Span:
			if op == "-" {
				return x - y, true
			}
			return x + y, op == "+"
		case Moment:
			return Moment{y.Time.Add(time.Duration(x))}, op == "+"
		}
	}
	return nil, false
}
