package expr

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A moment is a date with a time. A naive one has no zone, as Python has it.
type moment struct{ t time.Time }

// A span is the time between two moments.
type span time.Duration

const (
	day     = 24 * time.Hour
	isoForm = "2006-01-02 15:04:05"
)

func (m moment) String() string {
	s := m.t.Format(isoForm)
	if us := m.t.Nanosecond() / 1000; us != 0 {
		s += fmt.Sprintf(".%06d", us)
	}
	return s
}

// split cuts a span into days, seconds and microseconds; only days may be negative.
func (s span) split() (days, seconds, micros int) {
	d := time.Duration(s)
	days = int(d / day)
	if d%day < 0 {
		days--
	}
	rest := d - time.Duration(days)*day
	return days, int(rest / time.Second), int(rest % time.Second / time.Microsecond)
}

func (s span) String() string {
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

func (m moment) attr(name string) (Value, bool) {
	switch name {
	case "year":
		return m.t.Year(), true
	case "month":
		return int(m.t.Month()), true
	case "day":
		return m.t.Day(), true
	case "hour":
		return m.t.Hour(), true
	case "minute":
		return m.t.Minute(), true
	case "second":
		return m.t.Second(), true
	case "microsecond":
		return m.t.Nanosecond() / 1000, true
	}
	return nil, false
}

func (s span) attr(name string) (Value, bool) {
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
	case moment:
		switch y := r.(type) {
		case moment:
			return span(x.t.Sub(y.t)), op == "-"
		case span:
			if op == "-" {
				y = -y
			}
			return moment{x.t.Add(time.Duration(y))}, op == "+" || op == "-"
		}
	case span:
		switch y := r.(type) {
		case span:
			if op == "-" {
				return x - y, true
			}
			return x + y, op == "+"
		case moment:
			return moment{y.t.Add(time.Duration(x))}, op == "+"
		}
	}
	return nil, false
}

func momentMethods() []operation {
	return []operation{
		{names: "strftime", params: "format!", do: func(u *use) (Value, error) {
			s := u.in.(moment).format(u.str(0, ""))
			return s, u.c.write(len(s))
		}},
		{names: "isoformat", params: "sep", do: func(u *use) (Value, error) {
			return strings.Replace(u.in.(moment).String(), " ", u.str(0, "T"), 1), nil
		}},
		{names: "timestamp", do: func(u *use) (Value, error) {
			return float64(u.in.(moment).t.UnixMicro()) / 1e6, nil
		}},
		{names: "weekday", do: func(u *use) (Value, error) { return (int(u.in.(moment).t.Weekday()) + 6) % 7, nil }},
		{names: "isoweekday", do: func(u *use) (Value, error) { return (int(u.in.(moment).t.Weekday())+6)%7 + 1, nil }},
		{names: "date", do: func(u *use) (Value, error) { return u.in.(moment).t.Format(time.DateOnly), nil }},
	}
}

func spanMethods() []operation {
	return []operation{
		{names: "total_seconds", do: func(u *use) (Value, error) {
			return time.Duration(u.in.(span)).Seconds(), nil
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

func toDatetime(u *use) (Value, error) {
	format := u.str(0, "%Y-%m-%d %H:%M:%S")
	t, err := parseTime(u.text(), format)
	if err != nil {
		return nil, err
	}
	return moment{t}, nil
}

// strftime formats the seconds since 1970 that its argument gives, or now.
func strftime(u *use) (Value, error) {
	t := time.Now()
	switch v := u.arg(0, nil).(type) {
	case nil:
	case int, float64, bool:
		f := toFloat(v)
		if f < -1e11 || f > 1e12 {
			return nil, fail(FilterError, "'strftime' wants seconds since 1970, not %s", described(v))
		}
		whole := int64(f)
		t = time.Unix(whole, int64((f-float64(whole))*1e9))
	case string:
		f, ok := parseFloat(v)
		if !ok || f < -1e11 || f > 1e12 {
			return nil, fail(FilterError, "'strftime' wants seconds since 1970, not %s", described(v))
		}
		t = time.Unix(int64(f), 0)
	default:
		return nil, fail(FilterError, "'strftime' wants seconds since 1970, not %s", described(v))
	}
	if u.flag(1, false) {
		t = t.UTC()
	}
	s := moment{t}.format(u.text())
	return s, u.c.write(len(s))
}

// format writes a moment by the letters of C's strftime.
func (m moment) format(f string) string {
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 == len(f) {
			b.WriteByte(f[i])
			continue
		}
		i++
		plain := f[i] == '-' && i+1 < len(f)
		if plain {
			i++
		}
		s, ok := m.field(f[i])
		if !ok {
			s = f[i-1 : i+1]
		}
		if plain {
			if s = strings.TrimLeft(s, "0 "); s == "" {
				s = "0"
			}
		}
		b.WriteString(s)
	}
	return b.String()
}

func (m moment) field(letter byte) (string, bool) {
	if layout := timeLayout(letter); layout != "" {
		return m.t.Format(layout), true
	}
	switch letter {
	case 'f':
		return fmt.Sprintf("%06d", m.t.Nanosecond()/1000), true
	case 's':
		return strconv.FormatInt(m.t.Unix(), 10), true
	case 'j':
		return fmt.Sprintf("%03d", m.t.YearDay()), true
	case 'u':
		return strconv.Itoa((int(m.t.Weekday())+6)%7 + 1), true
	case 'w':
		return strconv.Itoa(int(m.t.Weekday())), true
	case 'V':
		_, w := m.t.ISOWeek()
		return fmt.Sprintf("%02d", w), true
	case 'G':
		y, _ := m.t.ISOWeek()
		return strconv.Itoa(y), true
	case 'U':
		return fmt.Sprintf("%02d", (m.t.YearDay()+6-int(m.t.Weekday()))/7), true
	case 'W':
		return fmt.Sprintf("%02d", (m.t.YearDay()+6-(int(m.t.Weekday())+6)%7)/7), true
	case 'C':
		return fmt.Sprintf("%02d", m.t.Year()/100), true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case '%':
		return "%", true
	}
	return "", false
}

// timeLayout gives Go's layout for a letter, or "".
func timeLayout(letter byte) string {
	const letters = "YmdHMSybBaAIpzZeFTRDcxXhrk"
	layouts := [...]string{"2006", "01", "02", "15", "04", "05", "06", "Jan", "January", "Mon", "Monday", "03", "PM",
		"-0700", "MST", "_2", "2006-01-02", "15:04:05", "15:04", "01/02/06", "Mon Jan _2 15:04:05 2006", "01/02/06",
		"15:04:05", "Jan", "03:04:05 PM", "15"}
	if i := strings.IndexByte(letters, letter); i >= 0 {
		return layouts[i]
	}
	return ""
}

// parseTime reads text by the letters of C's strptime.
func parseTime(s, format string) (time.Time, error) {
	var layout strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			layout.WriteByte(format[i])
			continue
		}
		i++
		l := timeLayout(format[i])
		switch format[i] {
		case 'f':
			l = "000000"
			if cut, ok := strings.CutSuffix(layout.String(), "."); ok {
				layout.Reset()
				layout.WriteString(cut + ".")
			}
		case '%':
			l = "%"
		case 's':
			if n, err := strconv.ParseInt(s, 10, 64); err == nil && format == "%s" {
				return time.Unix(n, 0).UTC(), nil
			}
		}
		if l == "" {
			return time.Time{}, fail(FilterError, "'to_datetime' does not know %%%c", format[i])
		}
		layout.WriteString(l)
	}
	t, err := time.Parse(layout.String(), s)
	if err != nil {
		return time.Time{}, fail(FilterError, "%s is no time of the form %s", strQuote(shorten(s, 60)), strQuote(format))
	}
	return t, nil
}
