package reading

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"runner/engine/expr/value"
)

// The patterns of YAML 1.1 as PyYAML, and so Ansible, has them. They differ from
// the specification and from yaml.v3 in details that people stumble over: 1e3 is
// text, 0644 is octal, 12:30 counts minutes.
var (
	intPattern = regexp.MustCompile(`^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*|0x[0-9a-fA-F_]+)$`)

	floatPattern = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?` +
		`|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
		`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$`)

	timePattern = regexp.MustCompile(`^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?` +
		`(?:[ \t]*(Z|([-+])(\d\d?)(?::(\d\d))?))?$`)
)

// longestNumber is the count of digits up to which a number is one; the language
// that the playbooks come from draws the line there too.
const longestNumber = 4300

// plain returns the value of a scalar that is neither quoted nor tagged.
func plain(text string) value.Value {
	if v, ok := word(text); ok {
		return v
	}
	if strings.IndexByte("+-.0123456789", text[0]) < 0 || len(text) > longestNumber {
		return text
	}
	if intPattern.MatchString(text) {
		return integer(text)
	}
	if f, ok := float(text); ok {
		return f
	}
	return date(text)
}

// word returns the value of the words and signs that stand for none and the bools.
func word(text string) (v value.Value, ok bool) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil, true
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		return true, true
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return false, true
	}
	return nil, false
}

// integer reads what intPattern matched. What has no digits after all is text.
func integer(text string) value.Value {
	digits := strings.ReplaceAll(text, "_", "")
	digits, negative := unsigned(digits)
	n := new(big.Int)
	ok := true
	switch {
	case strings.Contains(digits, ":"):
		for _, part := range strings.Split(digits, ":") {
			d, _ := new(big.Int).SetString(part, 10)
			n.Mul(n, big.NewInt(60)).Add(n, d)
		}
	case strings.HasPrefix(digits, "0b"), strings.HasPrefix(digits, "0x"):
		n, ok = n.SetString(digits, 0)
	case strings.HasPrefix(digits, "0"):
		n, ok = n.SetString(digits, 8)
	default:
		n, ok = n.SetString(digits, 10)
	}
	if !ok {
		return text
	}
	if negative {
		n.Neg(n)
	}
	if n.IsInt64() {
		return int(n.Int64())
	}
	return n
}

func unsigned(s string) (rest string, negative bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:], s[0] == '-'
	}
	return s, false
}

func float(text string) (f float64, ok bool) {
	rest, negative := unsigned(text)
	switch {
	case rest == ".inf" || rest == ".Inf" || rest == ".INF":
		f = math.Inf(1)
	case text == ".nan" || text == ".NaN" || text == ".NAN":
		return math.NaN(), true
	case !floatPattern.MatchString(text):
		return 0, false
	default:
		// Of what the pattern lets pass, only the range can be wrong: then f is
		// infinite, which is what is wanted.
		for _, part := range strings.Split(strings.ReplaceAll(rest, "_", ""), ":") {
			d, _ := strconv.ParseFloat(part, 64)
			f = f*60 + d
		}
	}
	if negative {
		f = -f
	}
	return f, true
}

// date returns the day or the moment that a text is by YAML's rules. Other text stays as it is.
func date(text string) value.Value {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return value.Date{Time: t}
	}
	m := timePattern.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
	micro, _ := strconv.Atoi((m[7] + "000000")[:6])
	t := time.Date(n(1), time.Month(n(2)), n(3), n(4), n(5), n(6), micro*1000, zone(m[8], m[9], n(10), n(11)))
	if t.Month() != time.Month(n(2)) || t.Day() != n(3) || t.Hour() != n(4) || t.Minute() != n(5) {
		return text // there is no such day or hour
	}
	return value.Moment{Time: t}
}

// zone returns the zone that a time names: UTC where it names none, which is how a moment
// without one is kept.
func zone(all, sign string, hours, minutes int) *time.Location {
	seconds := hours*3600 + minutes*60
	switch {
	case all == "":
		return time.UTC
	case sign == "-":
		seconds = -seconds
	}
	return time.FixedZone("", seconds)
}
