package builtin

import (
	"math"
	"strings"
	"time"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

func momentMethods() []expr.Operation {
	weekday := func(u *expr.Call) int { return (int(u.In.(value.Moment).Weekday()) + 6) % 7 }
	return []expr.Operation{
		{Names: "strftime", Params: "format!", Do: func(u *expr.Call) (value.Value, error) {
			s := format.Time(u.In.(value.Moment), u.Str(0))
			return s, u.Context.Write(len(s))
		}},
		{Names: "isoformat", Params: "sep='T'", Do: func(u *expr.Call) (value.Value, error) {
			return strings.Replace(u.In.(value.Moment).String(), " ", u.Str(0), 1), nil
		}},
		{Names: "timestamp", Do: timestamp},
		{Names: "weekday", Do: func(u *expr.Call) (value.Value, error) { return weekday(u), nil }},
		{Names: "isoweekday", Do: func(u *expr.Call) (value.Value, error) { return weekday(u) + 1, nil }},
		{Names: "date", Do: func(u *expr.Call) (value.Value, error) { return u.In.(value.Moment).Format(time.DateOnly), nil }},
		{Names: "time", Do: func(u *expr.Call) (value.Value, error) { return u.In.(value.Moment).Format(time.TimeOnly), nil }},
	}
}

// timestamp returns the seconds since 1970. A naive moment is one of this machine's zone.
func timestamp(u *expr.Call) (value.Value, error) {
	m := u.In.(value.Moment)
	t := m.Time
	if m.Naive() {
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.Local)
	}
	return float64(t.UnixMicro()) / 1e6, nil
}

func spanMethods() []expr.Operation {
	return []expr.Operation{
		{Names: "total_seconds", Do: func(u *expr.Call) (value.Value, error) {
			return time.Duration(u.In.(value.Span)).Seconds(), nil
		}},
	}
}

// timeFilters make times of text and text of times.
func timeFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "to_datetime", Params: "format='%Y-%m-%d %H:%M:%S'", Doc: "the date that a text stands for", How: expr.Plugin, Do: toDatetime},
		{Names: "strftime", Params: "second=none utc=false", Doc: "now, or so many seconds after 1970, in the form that the text describes",
			How: expr.Plugin, Do: strftime},
	}
}

func toDatetime(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	t, err := format.ParseTime(s, u.Str(0))
	if err != nil {
		return nil, err
	}
	return value.Moment{Time: t}, nil
}

// strftime formats the seconds since 1970 that its argument is, or now. In UTC the
// zone is called GMT, as Python's time module has it.
func strftime(u *expr.Call) (value.Value, error) {
	layout, err := textIn(u)
	if err != nil {
		return nil, err
	}
	t := time.Now()
	if u.Arg(0) != nil {
		seconds, ok := secondsOf(u.Arg(0))
		if !ok {
			return nil, value.Errorf(value.FilterError, "'strftime' wants seconds since 1970, not %s", value.Describe(u.Arg(0)))
		}
		whole := math.Floor(seconds)
		t = time.Unix(int64(whole), int64((seconds-whole)*1e9))
	}
	if u.Flag(1) {
		s := format.TimeIn(t.UTC(), layout, "GMT", "+0000")
		return s, u.Context.Write(len(s))
	}
	name, _ := t.Zone()
	s := format.TimeIn(t, layout, name, t.Format("-0700"))
	return s, u.Context.Write(len(s))
}

func secondsOf(v value.Value) (float64, bool) {
	f, ok := 0.0, false
	switch v := v.(type) {
	case int, float64, bool:
		f, ok = value.ToFloat(v), true
	case string:
		f, ok = value.ReadFloat(v)
	}
	return f, ok && f >= -1e11 && f <= 1e12
}
