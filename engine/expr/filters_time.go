package expr

import (
	"strings"
	"time"

	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

func momentMethods() []operation {
	return []operation{
		{names: "strftime", params: "format!", do: func(u *use) (value.Value, error) {
			s := format.Time(u.in.(value.Moment), u.str(0, ""))
			return s, u.c.Write(len(s))
		}},
		{names: "isoformat", params: "sep", do: func(u *use) (value.Value, error) {
			return strings.Replace(u.in.(value.Moment).String(), " ", u.str(0, "T"), 1), nil
		}},
		{names: "timestamp", do: func(u *use) (value.Value, error) {
			return float64(u.in.(value.Moment).Time.UnixMicro()) / 1e6, nil
		}},
		{names: "weekday", do: func(u *use) (value.Value, error) { return (int(u.in.(value.Moment).Time.Weekday()) + 6) % 7, nil }},
		{names: "isoweekday", do: func(u *use) (value.Value, error) { return (int(u.in.(value.Moment).Time.Weekday())+6)%7 + 1, nil }},
		{names: "date", do: func(u *use) (value.Value, error) { return u.in.(value.Moment).Time.Format(time.DateOnly), nil }},
	}
}

func spanMethods() []operation {
	return []operation{
		{names: "total_seconds", do: func(u *use) (value.Value, error) {
			return time.Duration(u.in.(value.Span)).Seconds(), nil
		}},
	}
}

// timeFilters make times of text and text of times.
func timeFilters() []operation {
	return []operation{
		{names: "to_datetime", params: "format", how: plugin, do: toDatetime},
		{names: "strftime", params: "second utc", how: plugin, do: strftime},
	}
}

func toDatetime(u *use) (value.Value, error) {
	layout := u.str(0, "%Y-%m-%d %H:%M:%S")
	t, err := format.ParseTime(u.text(), layout)
	if err != nil {
		return nil, err
	}
	return value.Moment{Time: t}, nil
}

// strftime formats the seconds since 1970 that its argument gives, or now.
func strftime(u *use) (value.Value, error) {
	t := time.Now()
	switch v := u.arg(0, nil).(type) {
	case nil:
	case int, float64, bool:
		f := value.ToFloat(v)
		if f < -1e11 || f > 1e12 {
			return nil, value.Errorf(value.FilterError, "'strftime' wants seconds since 1970, not %s", value.Describe(v))
		}
		whole := int64(f)
		t = time.Unix(whole, int64((f-float64(whole))*1e9))
	case string:
		f, ok := value.ReadFloat(v)
		if !ok || f < -1e11 || f > 1e12 {
			return nil, value.Errorf(value.FilterError, "'strftime' wants seconds since 1970, not %s", value.Describe(v))
		}
		t = time.Unix(int64(f), 0)
	default:
		return nil, value.Errorf(value.FilterError, "'strftime' wants seconds since 1970, not %s", value.Describe(v))
	}
	if u.flag(1, false) {
		t = t.UTC()
	}
	s := format.Time(value.Moment{Time: t}, u.text())
	return s, u.c.Write(len(s))
}
