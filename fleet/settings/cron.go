package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A cronField is what stands at a place of a cron text.
type cronField struct {
	name        string
	least, most int
	words       []string // names of values, from that of `first` on; any beginning of one counts
	first       int
	letters     int // how many a beginning has at least
}

var (
	cronSecond  = cronField{name: "second", most: 59}
	cronMinute  = cronField{name: "minute", most: 59}
	cronHour    = cronField{name: "hour", most: 23}
	cronDay     = cronField{name: "day", least: 1, most: 31}
	cronMonth   = cronField{name: "month", least: 1, most: 12, first: 1, letters: 3, words: months()}
	cronWeekday = cronField{name: "weekday", most: 7, letters: 2, words: weekdays()}
	cronYear    = cronField{name: "year", least: 2000, most: 2100}

	cronFields = []cronField{cronMinute, cronHour, cronDay, cronMonth, cronWeekday}
)

func months() (names []string) {
	for m := time.January; m <= time.December; m++ {
		names = append(names, strings.ToLower(m.String()))
	}
	return names
}

func weekdays() (names []string) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		names = append(names, strings.ToLower(d.String()))
	}
	return names
}

// cronWords stand for five fields.
var cronWords = []string{"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}

// mostComment is how many bytes of a comment the server takes.
const mostComment = 200

// checkCron reports what is wrong with a time, as the server reads it: five fields, with a
// year behind them or with seconds before and a year behind them; or a word such as
// @daily; or @every and a duration. Before it may stand TZ=ZONE, behind it # and a comment.
func checkCron(text string) error {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ=") {
		zone, rest, _ := strings.Cut(text, " ")
		_, zone, _ = strings.Cut(zone, "=")
		if !isZone(zone) {
			return fmt.Errorf("there is no time zone %q", zone)
		}
		text = rest
	}
	text, comment, _ := strings.Cut(text, "#")
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "@every"): // whose comment is not kept
		return checkEvery(text)
	case len(strings.TrimSpace(comment)) > mostComment:
		return fmt.Errorf("its comment is longer than %d bytes", mostComment)
	case slices.Contains(cronWords, text):
		return nil
	case strings.HasPrefix(text, "@"):
		return fmt.Errorf("of words with @ there are %s and @every", strings.Join(cronWords, ", "))
	}
	fields, values := cronFields, strings.Fields(text)
	switch len(values) {
	case 5:
	case 6:
		fields = append(slices.Clone(fields), cronYear)
	case 7:
		fields = append(append([]cronField{cronSecond}, fields...), cronYear)
	default:
		return fmt.Errorf("it has %d fields", len(values))
	}
	for i, value := range values {
		if err := fields[i].check(value); err != nil {
			return err
		}
	}
	return nil
}

// isZone reports whether there is a time zone of a name. On a machine that knows no zones
// it is left to the server.
func isZone(name string) bool {
	if _, err := time.LoadLocation(name); err == nil {
		return true
	}
	_, err := time.LoadLocation("Europe/Paris")
	return err != nil
}

// check reports what is wrong with a field: values and ranges with commas between them.
func (f cronField) check(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		values, step, stepped := strings.Cut(part, "/")
		if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
			return fmt.Errorf("%s %q takes a number from 1 on behind /", f.name, part)
		}
		if values == "*" {
			continue
		}
		from, to, ranged := strings.Cut(values, "-")
		first, ok := f.value(from, f.least)
		if !ok {
			return f.refuse(from)
		}
		if !ranged {
			continue
		}
		if _, ok := f.value(to, f.least); !ok {
			return f.refuse(to)
		}
		if _, ok := f.value(to, first); !ok {
			return fmt.Errorf("%s %q ends before it begins", f.name, values)
		}
	}
	return nil
}

func (f cronField) refuse(value string) error {
	names := ""
	if f.words != nil {
		names = fmt.Sprintf(", or a name such as %s", f.words[1][:3])
	}
	return fmt.Errorf("%s takes %d to %d%s, not %q", f.name, f.least, f.most, names, value)
}

// value reads a number, or a name, that is not less than another.
func (f cronField) value(text string, least int) (n int, ok bool) {
	if f.words != nil && len(text) >= f.letters {
		lower := strings.ToLower(text)
		if i := slices.IndexFunc(f.words, func(w string) bool { return strings.HasPrefix(w, lower) }); i >= 0 {
			n = i + f.first
			return n, n >= least && n <= f.most
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= least && n <= f.most
}

// checkEvery reports what is wrong with "@every 14h", or with a phase: "@every 14h/3h".
func checkEvery(text string) error {
	_, text, _ = strings.Cut(text, " ")
	interval, phase, _ := strings.Cut(text, "/")
	every, err := withDays(interval)
	if err != nil || every < time.Second {
		return fmt.Errorf("@every takes a duration of a second or more, such as 12h or 1d, not %q", interval)
	}
	if phase == "" {
		return nil
	}
	if after, err := withDays(phase); err != nil || after < 0 || after >= every {
		return fmt.Errorf("@every %s takes a phase behind / that is shorter, not %q", interval, phase)
	}
	return nil
}

var days = regexp.MustCompile(`(\d+(\.\d*)?|(\.\d+))d`)

// withDays reads a duration, which may have days of 24 hours.
func withDays(text string) (time.Duration, error) {
	return time.ParseDuration(days.ReplaceAllStringFunc(text, func(d string) string {
		n, err := strconv.ParseFloat(d[:len(d)-1], 64)
		if err != nil {
			return d
		}
		return fmt.Sprintf("%fh", 24*n)
	}))
}
