package inventory

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// letters are those that a range of hosts may go over, in their order.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// mostHosts bounds what the ranges of one name stand for.
const mostHosts = 10000

// withPort is a name or an address with a port behind it.
var withPort = regexp.MustCompile(`^(\[[0-9A-Fa-f:.]+\]|[^:]+):(\d+)$`)

// expand returns the hosts that a name with ranges stands for, db[01:10:3]-[a:c], and
// the port behind it, "" for none.
func expand(pattern string) (hosts []string, port string, err error) {
	if m := withPort.FindStringSubmatch(pattern); m != nil {
		pattern, port = m[1], m[2]
	}
	if address, ok := strings.CutPrefix(pattern, "["); ok && strings.Contains(pattern, "::") {
		return []string{strings.TrimSuffix(address, "]")}, port, nil
	}
	switch {
	case strings.HasSuffix(pattern, ":"):
		return nil, "", fmt.Errorf("the host %q ends in a colon, and names no port", pattern)
	case strings.TrimSpace(pattern) == "---":
		return nil, "", errors.New("a host cannot be called ---: this looks like YAML")
	}
	hosts, err = ranges(pattern, mostHosts)
	return hosts, port, err
}

// ranges returns the names that a name with ranges stands for, at most so many.
func ranges(pattern string, most int) ([]string, error) {
	head, rest, found := strings.Cut(pattern, "[")
	if !found {
		return []string{pattern}, nil
	}
	within, tail, closed := strings.Cut(rest, "]")
	if !closed {
		return nil, fmt.Errorf("the range of hosts %q is never closed", pattern)
	}
	parts, err := series(within, most)
	if err != nil {
		return nil, fmt.Errorf("%q is no range of hosts: %w", pattern, err)
	}
	tails, err := ranges(tail, most)
	if err != nil {
		return nil, err
	}
	if len(parts)*len(tails) > most {
		return nil, fmt.Errorf("%q stands for more than %d hosts", pattern, most)
	}
	var all []string
	for _, part := range parts {
		for _, t := range tails {
			all = append(all, head+part+t)
		}
	}
	return all, nil
}

// series returns what begin:end:step goes over: numbers, padded as they are written, or letters.
func series(text string, most int) ([]string, error) {
	bounds := strings.Split(text, ":")
	step := 1
	if len(bounds) == 3 {
		n, err := strconv.Atoi(bounds[2])
		if err != nil || n < 1 {
			return nil, fmt.Errorf("the step %q is no number above 0", bounds[2])
		}
		step = n
	}
	if len(bounds) < 2 || len(bounds) > 3 || bounds[1] == "" {
		return nil, errors.New("write [begin:end] or [begin:end:step]")
	}
	begin, end := bounds[0], bounds[1]
	if begin == "" {
		begin = "0"
	}
	from, to := strings.Index(letters, begin), strings.Index(letters, end)
	name := func(i int) string { return letters[i : i+1] }
	if from < 0 || to < 0 || len(begin) != 1 || len(end) != 1 {
		width := 0
		if begin[0] == '0' && len(begin) > 1 {
			if width = len(begin); width != len(end) {
				return nil, errors.New("begin and end have to be of one length")
			}
		}
		var wrong, bad error
		from, wrong = strconv.Atoi(begin)
		to, bad = strconv.Atoi(end)
		if wrong != nil || bad != nil {
			return nil, errors.New("begin and end are numbers, or letters")
		}
		name = func(i int) string { return fmt.Sprintf("%0*d", width, i) }
	}
	if from > to {
		return nil, errors.New("it ends before it begins")
	}
	if (to-from)/step >= most {
		return nil, fmt.Errorf("it has more than %d members", most)
	}
	var all []string
	for i := from; i <= to; i += step {
		all = append(all, name(i))
	}
	return all, nil
}
