package flags

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"runner/diagnostic"
)

type boolValue bool

func (v *boolValue) Set(text string) error {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return fmt.Errorf("takes true or false, not %q", text)
	}
	*v = boolValue(on)
	return nil
}

func (v *boolValue) Text() string {
	if *v {
		return "true"
	}
	return ""
}

type countValue int

// Set counts one up for true, as the command line says it, and takes a number.
func (v *countValue) Set(text string) error {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		*v = countValue(n)
		return nil
	}
	on, err := strconv.ParseBool(text)
	switch {
	case err != nil:
		return fmt.Errorf("takes a number, not %q", text)
	case on:
		*v++
	default:
		*v = 0
	}
	return nil
}

func (v *countValue) Text() string {
	if *v == 0 {
		return ""
	}
	return strconv.Itoa(int(*v))
}

type intValue int

func (v *intValue) Set(text string) error {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("is out of range: %s", text)
	}
	if err != nil {
		return fmt.Errorf("takes a whole number, not %q", text)
	}
	*v = intValue(n)
	return nil
}

func (v *intValue) Text() string { return strconv.Itoa(int(*v)) }

type stringValue string

func (v *stringValue) Set(text string) error {
	*v = stringValue(text)
	return nil
}

func (v *stringValue) Text() string { return string(*v) }

// A stringsValue takes texts. The first one that is set takes the place of the
// default.
type stringsValue struct {
	field  *[]string
	commas bool
	begun  bool
}

func (v *stringsValue) Set(text string) error {
	if !v.begun {
		*v.field, v.begun = nil, true
	}
	if v.commas {
		*v.field = append(*v.field, splitWords(text)...)
	} else {
		*v.field = append(*v.field, text)
	}
	return nil
}

func (v *stringsValue) Text() string { return strings.Join(*v.field, ",") }

// splitWords returns the words between commas, without those that are empty.
func splitWords(text string) []string {
	var all []string
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			all = append(all, word)
		}
	}
	return all
}

// wellFormed matches what is a duration, if it is not too long.
var wellFormed = regexp.MustCompile(`^[-+]?(\d+(\.\d*)?(h|m|s|ms|us|µs|ns))+$`)

type durationValue time.Duration

func (v *durationValue) Set(text string) error {
	d, err := ParseDuration(text)
	if err != nil {
		return err
	}
	*v = durationValue(d)
	return nil
}

func (v *durationValue) Text() string {
	if *v == 0 {
		return ""
	}
	return shortDuration(time.Duration(*v))
}

// shortDuration returns 5m for what Go writes as 5m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// ParseDuration reads a duration with a unit, such as 30s or 1h30m. Its error
// ends a sentence.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, nil
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n != 0 {
		return 0, fmt.Errorf("needs a unit: %ss, %sm", text, text)
	}
	if wellFormed.MatchString(text) {
		return 0, fmt.Errorf("is longer than 292 years: %s", text)
	}
	return 0, fmt.Errorf("takes a duration such as 30s, 30m or 1h30m, not %q", text)
}

// A positiveValue refuses nothing and less.
type positiveValue struct{ *durationValue }

func (v *positiveValue) Set(text string) error {
	err := v.durationValue.Set(text)
	if err == nil && *v.durationValue <= 0 {
		err = errors.New("must be more than nothing, such as 30m")
	}
	return err
}

// A foreignValue is that of a flag of another program's.
type foreignValue struct {
	name, why  string
	takesValue bool
	warnings   *[]string // nil: the flag is refused
}

func (v *foreignValue) Set(string) error {
	if v.warnings == nil {
		return (&diagnostic.Problem{Msg: "is not supported"}).WithHint("%s", v.why)
	}
	*v.warnings = append(*v.warnings, fmt.Sprintf("--%s is ignored: %s", v.name, v.why))
	return nil
}

func (v *foreignValue) Text() string { return "" }
