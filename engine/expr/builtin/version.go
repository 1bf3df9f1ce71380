package builtin

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// versionTest compares two versions by an operator, >= etc. or its name.
func versionTest(u *expr.Call) (value.Value, error) {
	kind := "loose"
	if u.Flag(2, false) {
		kind = "strict"
	}
	if u.Arg(3, nil) != nil {
		kind = u.Str(3, "loose")
	}
	a, b := u.Text(), value.Text(u.Args[0])
	var o int
	var err error
	switch kind {
	case "loose":
		o = compareLoose(a, b)
	case "strict", "semver", "semantic":
		o, err = compareSemver(a, b)
	case "pep440":
		o = comparePep(a, b)
	default:
		return nil, value.Errorf(value.TypeError, "'version' has no version_type %s", value.Quote(kind)).WithHint("loose, strict, semver or pep440")
	}
	if err != nil {
		return nil, err
	}
	switch op := u.Str(1, "eq"); op {
	case "==", "=", "eq":
		return o == 0, nil
	case "!=", "<>", "ne":
		return o != 0, nil
	case "<", "lt":
		return o < 0, nil
	case "<=", "le":
		return o <= 0, nil
	case ">", "gt":
		return o > 0, nil
	case ">=", "ge":
		return o >= 0, nil
	default:
		return nil, value.Errorf(value.TypeError, "'version' has no operator %s", value.Quote(op)).WithHint("==, !=, <, <=, > or >=")
	}
}

// looseParts cuts a version into runs of digits and runs of letters.
func looseParts(s string) []string {
	var parts []string
	for s != "" {
		n := 1
		switch c := s[0]; {
		case value.IsDigit(c):
			for n < len(s) && value.IsDigit(s[n]) {
				n++
			}
		case c >= 'a' && c <= 'z':
			for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
				n++
			}
		case c == '.':
			s = s[1:]
			continue
		default:
			for n < len(s) && s[n] != '.' && !value.IsDigit(s[n]) && (s[n] < 'a' || s[n] > 'z') {
				n++
			}
		}
		parts, s = append(parts, s[:n]), s[n:]
	}
	return parts
}

func compareLoose(a, b string) int {
	return slices.CompareFunc(looseParts(a), looseParts(b), comparePart)
}

// comparePart compares numbers as numbers; a number comes before a word.
func comparePart(a, b string) int {
	x, xNumber := digitsOf(a)
	y, yNumber := digitsOf(b)
	switch {
	case xNumber && yNumber:
		if o := cmp.Compare(len(x), len(y)); o != 0 {
			return o
		}
		return strings.Compare(x, y)
	case xNumber:
		return -1
	case yNumber:
		return 1
	}
	return strings.Compare(a, b)
}

// digitsOf gives a number without leading zeros.
func digitsOf(s string) (string, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return s, false
	}
	return strings.TrimLeft(s, "0"), true
}

// compareSemver compares by semver.org 2.0.0, build metadata aside.
func compareSemver(a, b string) (int, error) {
	x, xPre, err := semver(a)
	if err != nil {
		return 0, err
	}
	y, yPre, err := semver(b)
	if err != nil {
		return 0, err
	}
	if o := slices.CompareFunc(x, y, comparePart); o != 0 {
		return o, nil
	}
	switch {
	case xPre == yPre:
		return 0, nil
	case xPre == "":
		return 1, nil
	case yPre == "":
		return -1, nil
	}
	return slices.CompareFunc(strings.Split(xPre, "."), strings.Split(yPre, "."), comparePart), nil
}

func semver(s string) (core []string, pre string, err error) {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "v"), "+")
	head, pre, _ := strings.Cut(s, "-")
	core = strings.Split(head, ".")
	for _, p := range core {
		if _, ok := digitsOf(p); !ok {
			return nil, "", value.Errorf(value.TypeError, "%s is no semantic version", value.Quote(s)).WithHint("as in 1.2.3, or leave version_type out")
		}
	}
	for len(core) < 3 {
		core = append(core, "0")
	}
	return core, pre, nil
}

// comparePep compares by PEP 440's order: dev, a, b, rc, release, post.
func comparePep(a, b string) int {
	x, y := pepKey(a), pepKey(b)
	for len(x) < len(y) {
		x = append(x, pepRelease)
	}
	for len(y) < len(x) {
		y = append(y, pepRelease)
	}
	return slices.Compare(x, y)
}

const pepRelease = 0

// pepKey makes numbers of a version that compare as it does. A word's number
// is below that of the release for what precedes it, above for what follows.
func pepKey(s string) []int {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "v"))
	s, _, _ = strings.Cut(s, "+")
	ranks := map[string]int{"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1, "c": -1, "pre": -1, "post": 1, "rev": 1, "r": 1}
	var key []int
	for _, p := range looseParts(strings.NewReplacer("-", ".", "_", ".").Replace(s)) {
		if r, ok := ranks[p]; ok {
			for len(key) < 6 {
				key = append(key, pepRelease)
			}
			key = append(key, r)
			continue
		}
		n, err := strconv.Atoi(p)
		if err != nil {
			n = 0
		}
		key = append(key, n)
	}
	return key
}
