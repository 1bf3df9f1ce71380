package builtin

import (
	"math"
	"strings"
	"time"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// dayMethods are those that datetime and date have in common.
func dayMethods() []expr.Operation {
	day := func(u *expr.Call) time.Time {
		if d, ok := u.In.(value.Date); ok {
			return d.Time
		}
		return u.In.(value.Moment).Time
	}
	weekday := func(u *expr.Call) int { return (int(day(u).Weekday()) + 6) % 7 }
	return []expr.Operation{
		{Names: "strftime", Params: "format!", Do: func(u *expr.Call) (value.Value, error) {
			m, isMoment := u.In.(value.Moment)
			if !isMoment {
				m = value.Moment{Time: day(u)}
			}
			s := format.Time(m, u.Str(0))
			return s, u.Context.Write(len(s))
		}},
		{Names: "weekday", Do: func(u *expr.Call) (value.Value, error) { return weekday(u), nil }},
		{Names: "isoweekday", Do: func(u *expr.Call) (value.Value, error) { return weekday(u) + 1, nil }},
		{Names: "isocalendar", Do: func(u *expr.Call) (value.Value, error) {
			year, week := day(u).ISOWeek()
			return value.Tuple{year, week, weekday(u) + 1}, nil
		}},
		{Names: "toordinal", Do: func(u *expr.Call) (value.Value, error) {
			return int(day(u).Truncate(24*time.Hour).Unix()/86400) + 719163, nil
		}},
		{Names: "ctime", Do: func(u *expr.Call) (value.Value, error) { return day(u).Format(time.ANSIC), nil }},
		{Names: "timetuple", Do: func(u *expr.Call) (value.Value, error) {
			t := day(u)
			return value.Tuple{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), weekday(u), t.YearDay(), -1}, nil
		}},
		{Names: "replace", Params: "year=none month=none day=none hour=none minute=none second=none microsecond=none", Do: replacedTime},
	}
}

// replacedTime returns a moment or a date with other parts.
func replacedTime(u *expr.Call) (value.Value, error) {
	d, isDate := u.In.(value.Date)
	t := d.Time
	if !isDate {
		t = u.In.(value.Moment).Time
	}
	parts := []int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1000}
	for i := range parts {
		if u.Arg(i) != nil {
			parts[i] = u.Int(i)
		}
	}
	other := time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], parts[6]*1000, t.Location())
	if int(other.Month()) != parts[1] || other.Day() != parts[2] || other.Hour() != parts[3] {
		return nil, value.Errorf(value.TypeError, "there is no such time")
	}
	if isDate {
		return value.Date{Time: other}, nil
	}
	return value.Moment{Time: other}, nil
}

func dateMethods() []expr.Operation {
	return append(dayMethods(), expr.Operation{Names: "isoformat", Do: func(u *expr.Call) (value.Value, error) { return value.Text(u.In), nil }})
}

func momentMethods() []expr.Operation {
	return append(dayMethods(), []expr.Operation{
		{Names: "isoformat", Params: "sep='T'", Do: func(u *expr.Call) (value.Value, error) {
			return strings.Replace(u.In.(value.Moment).String(), " ", u.Str(0), 1), nil
		}},
		{Names: "timestamp", Do: timestamp},
		{Names: "date", Do: func(u *expr.Call) (value.Value, error) {
			y, m, d := u.In.(value.Moment).Date()
			return value.Date{Time: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}, nil
		}},
		{Names: "time", Do: func(u *expr.Call) (value.Value, error) { return u.In.(value.Moment).Format(time.TimeOnly), nil }},
	}...)
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
	layout = withoutMicroseconds(layout)
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

// withoutMicroseconds makes text of %f, which Python's time module, unlike its datetime, does not know.
func withoutMicroseconds(layout string) string {
	return strings.NewReplacer("%%", "%%", "%f", "%%f").Replace(layout)
}
