package builtin

import (
	"strings"
	"time"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

func momentMethods() []expr.Operation {
	return []expr.Operation{
		{Names: "strftime", Params: "format!", Do: func(u *expr.Call) (value.Value, error) {
			s := format.Time(u.In.(value.Moment), u.Str(0, ""))
			return s, u.Context.Write(len(s))
		}},
		{Names: "isoformat", Params: "sep", Do: func(u *expr.Call) (value.Value, error) {
			return strings.Replace(u.In.(value.Moment).String(), " ", u.Str(0, "T"), 1), nil
		}},
		{Names: "timestamp", Do: func(u *expr.Call) (value.Value, error) {
			return float64(u.In.(value.Moment).Time.UnixMicro()) / 1e6, nil
		}},
		{Names: "weekday", Do: func(u *expr.Call) (value.Value, error) { return (int(u.In.(value.Moment).Time.Weekday()) + 6) % 7, nil }},
		{Names: "isoweekday", Do: func(u *expr.Call) (value.Value, error) { return (int(u.In.(value.Moment).Time.Weekday())+6)%7 + 1, nil }},
		{Names: "date", Do: func(u *expr.Call) (value.Value, error) { return u.In.(value.Moment).Time.Format(time.DateOnly), nil }},
	}
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
		{Names: "to_datetime", Params: "format", How: expr.Plugin, Do: toDatetime},
		{Names: "strftime", Params: "second utc", How: expr.Plugin, Do: strftime},
	}
}

func toDatetime(u *expr.Call) (value.Value, error) {
	layout := u.Str(0, "%Y-%m-%d %H:%M:%S")
	t, err := format.ParseTime(u.Text(), layout)
	if err != nil {
		return nil, err
	}
	return value.Moment{Time: t}, nil
}

// strftime formats the seconds since 1970 that its argument gives, or now.
func strftime(u *expr.Call) (value.Value, error) {
	t := time.Now()
	switch v := u.Arg(0, nil).(type) {
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
	if u.Flag(1, false) {
		t = t.UTC()
	}
	s := format.Time(value.Moment{Time: t}, u.Text())
	return s, u.Context.Write(len(s))
}
