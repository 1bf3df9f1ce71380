package builtin

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// versionTest compares two versions by an operator, >= etc. or its name.
func versionTest(u *expr.Call) (value.Value, error) {
	for _, v := range []value.Value{u.In, u.Args[0]} {
		if t, _, _ := value.Truth(v); !t {
			return nil, value.Errorf(value.FilterError, "a version cannot be empty")
		}
	}
	compare, err := comparison(u)
	if err != nil {
		return nil, err
	}
	holds, ok := map[string]func(o int) bool{
		"==": isEqual, "=": isEqual, "eq": isEqual, "!=": isNotEqual, "<>": isNotEqual, "ne": isNotEqual,
		"<": isLess, "lt": isLess, "<=": isAtMost, "le": isAtMost, ">": isMore, "gt": isMore, ">=": isAtLeast, "ge": isAtLeast,
	}[u.Str(1)]
	if !ok {
		return nil, value.Errorf(value.TypeError, "'version' has no operator %s", value.Quote(u.Str(1))).WithHint("==, !=, <, <=, > or >=")
	}
	o, err := compare(u.Text(), value.Text(u.Args[0]))
	if err != nil {
		return nil, err
	}
	return holds(o), nil
}

func isEqual(o int) bool    { return o == 0 }
func isNotEqual(o int) bool { return o != 0 }
func isLess(o int) bool     { return o < 0 }
func isAtMost(o int) bool   { return o <= 0 }
func isMore(o int) bool     { return o > 0 }
func isAtLeast(o int) bool  { return o >= 0 }

// comparison returns the way to compare that the arguments choose.
func comparison(u *expr.Call) (func(a, b string) (int, error), error) {
	kind := u.Arg(3)
	switch {
	case u.Arg(2) != nil && kind != nil:
		return nil, value.Errorf(value.FilterError, "'version' takes strict or version_type, not both")
	case u.Flag(2):
		return compareStrict, nil
	case kind == nil:
		return compareLoose, nil
	}
	switch u.Str(3) {
	case "loose":
		return compareLoose, nil
	case "strict":
		return compareStrict, nil
	case "semver", "semantic":
		return compareSemver, nil
	case "pep440":
		return comparePep, nil
	}
	return nil, value.Errorf(value.TypeError, "'version' has no version_type %s", value.Repr(kind)).WithHint("loose, strict, semver or pep440")
}

func noVersion(s, like string) error {
	return value.Errorf(value.FilterError, "%s is no such version", value.Quote(s)).WithHint("as in " + like)
}

var looseComponent = regexp.MustCompile(`\d+|[a-z]+|\.`)

// looseParts cuts a version into numbers, runs of small letters, and the rest.
func looseParts(s string) []string {
	var parts []string
	at := 0
	for _, m := range looseComponent.FindAllStringIndex(s, -1) {
		parts = append(parts, s[at:m[0]], s[m[0]:m[1]])
		at = m[1]
	}
	parts = append(parts, s[at:])
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" || p == "." })
}

// compareLoose compares part by part. A number and a word have no order.
func compareLoose(a, b string) (int, error) {
	x, y := looseParts(a), looseParts(b)
	for i := range min(len(x), len(y)) {
		m, xNumber := number(x[i])
		n, yNumber := number(y[i])
		if xNumber != yNumber {
			return 0, value.Errorf(value.FilterError, "%s and %s have no order: %s is a number, the other is none", value.Quote(a), value.Quote(b),
				value.Quote(x[i]))
		}
		o := strings.Compare(x[i], y[i])
		if xNumber {
			o = compareDigits(m, n)
		}
		if o != 0 {
			return o, nil
		}
	}
	return cmp.Compare(len(x), len(y)), nil
}

// number returns a number's digits without leading zeros.
func number(s string) (string, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return s, false
	}
	return strings.TrimLeft(s, "0"), true
}

func compareDigits(a, b string) int {
	if o := cmp.Compare(len(a), len(b)); o != 0 {
		return o
	}
	return strings.Compare(a, b)
}

var strictVersion = regexp.MustCompile(`^(\d+)\.(\d+)(?:\.(\d+))?([ab])?(\d+)?$`)

// compareStrict compares 1.2.3a4: what comes before a release is a or b.
func compareStrict(a, b string) (int, error) {
	x, y := strictVersion.FindStringSubmatch(a), strictVersion.FindStringSubmatch(b)
	for i, m := range [][]string{x, y} {
		if m == nil || (m[4] == "") != (m[5] == "") {
			return 0, noVersion([]string{a, b}[i], "1.2, 1.2.3 or 1.2b1")
		}
	}
	for i := 1; i <= 3; i++ {
		m, _ := number("0" + x[i])
		n, _ := number("0" + y[i])
		if o := compareDigits(m, n); o != 0 {
			return o, nil
		}
	}
	before := func(m []string) string { return cmp.Or(m[4], "c") }
	if o := strings.Compare(before(x), before(y)); o != 0 {
		return o, nil
	}
	m, _ := number("0" + x[5])
	n, _ := number("0" + y[5])
	return compareDigits(m, n), nil
}

var semantic = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)` +
	`(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$`)

// compareSemver compares by semver.org 2.0.0, build metadata aside.
func compareSemver(a, b string) (int, error) {
	x, y := semantic.FindStringSubmatch(a), semantic.FindStringSubmatch(b)
	if x == nil {
		return 0, noVersion(a, "1.2.3")
	}
	if y == nil {
		return 0, noVersion(b, "1.2.3")
	}
	for i := 1; i <= 3; i++ {
		if o := compareDigits(x[i], y[i]); o != 0 {
			return o, nil
		}
	}
	switch {
	case x[4] == y[4]:
		return 0, nil
	case x[4] == "":
		return 1, nil
	case y[4] == "":
		return -1, nil
	}
	return slices.CompareFunc(strings.Split(x[4], "."), strings.Split(y[4], "."), func(p, q string) int {
		_, pNumber := number(p)
		_, qNumber := number(q)
		switch {
		case pNumber && qNumber:
			return compareDigits(p, q)
		case pNumber:
			return -1
		case qNumber:
			return 1
		}
		return strings.Compare(p, q)
	}), nil
}

var pep440 = regexp.MustCompile(`(?i)^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d+)?)?` +
	`(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d+)?)?(?:[-_.]?(dev)[-_.]?(\d+)?)?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$`)

// comparePep compares by PEP 440's order: dev, a, b, rc, release, post.
func comparePep(a, b string) (int, error) {
	x, okX := pepKey(a)
	y, okY := pepKey(b)
	switch {
	case !okX:
		return 0, noVersion(a, "1.2.3rc1")
	case !okY:
		return 0, noVersion(b, "1.2.3rc1")
	}
	return slices.CompareFunc(x, y, slices.Compare), nil
}

// pepKey makes lists of numbers of a version that compare as it does.
func pepKey(s string) ([][]int, bool) {
	m := pep440.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	n := func(s string) int { i, _ := strconv.Atoi(s); return i }
	var release []int
	for part := range strings.SplitSeq(m[2], ".") {
		release = append(release, n(part))
	}
	for len(release) > 1 && release[len(release)-1] == 0 {
		release = release[:len(release)-1]
	}
	pre, post, dev := []int{math.MaxInt}, []int{math.MinInt}, []int{math.MaxInt}
	hasPost := m[5] != "" || m[6] != ""
	switch stage := strings.ToLower(m[3]); {
	case stage == "" && !hasPost && m[8] != "":
		pre = []int{math.MinInt}
	case stage == "a", stage == "alpha":
		pre = []int{1, n(m[4])}
	case stage == "b", stage == "beta":
		pre = []int{2, n(m[4])}
	case stage != "":
		pre = []int{3, n(m[4])}
	}
	if hasPost {
		post = []int{n(m[5] + m[7])}
	}
	if m[8] != "" {
		dev = []int{n(m[9])}
	}
	return [][]int{{n(m[1])}, release, pre, post, dev, localKey(m[10])}, true
}

// localKey is the order of what stands behind +: words before numbers.
func localKey(local string) []int {
	if local == "" {
		return []int{math.MinInt}
	}
	var key []int
	for _, part := range strings.FieldsFunc(strings.ToLower(local), func(r rune) bool { return strings.ContainsRune("-_.", r) }) {
		if i, err := strconv.Atoi(part); err == nil {
			key = append(key, 1, i)
			continue
		}
		key = append(key, 0)
		for _, r := range part {
			key = append(key, int(r))
		}
		key = append(key, -1)
	}
	return key
}
