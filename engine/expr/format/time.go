package format

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"runner/engine/expr/value"
)

// format writes a moment by the letters of C's strftime.
func Time(m value.Moment, f string) string {
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
		s, ok := timeField(m, f[i])
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

func timeField(m value.Moment, letter byte) (string, bool) {
	if layout := timeLayout(letter); layout != "" {
		return m.Time.Format(layout), true
	}
	switch letter {
	case 'f':
		return fmt.Sprintf("%06d", m.Time.Nanosecond()/1000), true
	case 's':
		return strconv.FormatInt(m.Time.Unix(), 10), true
	case 'j':
		return fmt.Sprintf("%03d", m.Time.YearDay()), true
	case 'u':
		return strconv.Itoa((int(m.Time.Weekday())+6)%7 + 1), true
	case 'w':
		return strconv.Itoa(int(m.Time.Weekday())), true
	case 'V':
		_, w := m.Time.ISOWeek()
		return fmt.Sprintf("%02d", w), true
	case 'G':
		y, _ := m.Time.ISOWeek()
		return strconv.Itoa(y), true
	case 'U':
		return fmt.Sprintf("%02d", (m.Time.YearDay()+6-int(m.Time.Weekday()))/7), true
	case 'W':
		return fmt.Sprintf("%02d", (m.Time.YearDay()+6-(int(m.Time.Weekday())+6)%7)/7), true
	case 'C':
		return fmt.Sprintf("%02d", m.Time.Year()/100), true
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

// ParseTime reads text by the letters of C's strptime.
func ParseTime(s, format string) (time.Time, error) {
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
			return time.Time{}, value.Errorf(value.FilterError, "'to_datetime' does not know %%%c", format[i])
		}
		layout.WriteString(l)
	}
	t, err := time.Parse(layout.String(), s)
	if err != nil {
		return time.Time{}, value.Errorf(value.FilterError, "%s is no time of the form %s", value.Quote(value.Shorten(s, 60)), value.Quote(format))
	}
	return t, nil
}
