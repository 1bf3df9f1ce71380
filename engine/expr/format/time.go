package format

import (
	"slices"
	"strings"
	"time"

	"github.com/itchyny/timefmt-go"

	"runner/engine/expr/value"
)

// Time writes a moment by the letters of strftime. A naive one, which has no zone,
// has nothing in the place of %z and %Z.
func Time(m value.Moment, layout string) string {
	if m.Naive() {
		return TimeIn(m.Time, layout, "", "")
	}
	name, _ := m.Zone()
	return TimeIn(m.Time, layout, name, m.Format("-0700"))
}

// TimeIn writes a time by the letters of strftime, with a name and an offset in
// the place of %Z and %z.
func TimeIn(t time.Time, layout, zone, offset string) string {
	var b strings.Builder
	for i := 0; i < len(layout); i++ {
		letter := byte(0)
		if layout[i] == '%' && i+1 < len(layout) {
			letter = layout[i+1]
		}
		switch letter {
		case 0:
			b.WriteByte(layout[i])
			continue
		case 'Z':
			b.WriteString(strings.ReplaceAll(zone, "%", "%%"))
		case 'z':
			b.WriteString(offset)
		default:
			b.WriteString(layout[i : i+2])
		}
		i++
	}
	return timefmt.Format(t, b.String())
}

// ParseTime reads text by the letters of strptime. A time without a zone in the
// text is naive: it is in UTC.
func ParseTime(s, layout string) (time.Time, error) {
	t, err := timefmt.Parse(strings.Join(strings.Fields(s), " "), strings.Join(strings.Fields(layout), " "))
	if err != nil || dayRanOver(t, s, layout) {
		return time.Time{}, value.Errorf(value.FilterError, "%s is no time of the form %s", value.Quote(value.Shorten(s, 60)), value.Quote(layout))
	}
	if strings.Contains(layout, "%z") && t.Location() == time.UTC {
		t = t.In(time.FixedZone("", 0))
	}
	return t, nil
}

// dayRanOver reports whether t is of the next month because the day in the text is
// one that its month does not have: the text then has no such number.
func dayRanOver(t time.Time, s, layout string) bool {
	if t.Day() > 3 || !strings.Contains(layout, "%d") || strings.ContainsAny(layout, "fzZs") {
		return false
	}
	given := numbers(s)
	return slices.ContainsFunc(numbers(timefmt.Format(t, layout)), func(n string) bool { return !slices.Contains(given, n) })
}

// numbers returns the numbers in a text without their leading zeros.
func numbers(s string) []string {
	runs := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	for i, n := range runs {
		runs[i] = strings.TrimLeft(n, "0")
	}
	return runs
}
