package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// A limit is a line of the file of limits.
type limit struct {
	folder       string
	before, most int
	now          int // the files in the largest knot of one package
	sum          int // those of all its packages
}

// judge prints, for each folder of a file of limits, how many files the largest
// knot of its packages has, and what the knots of all of them add up to. It fails
// when the largest is more than the file allows, and when a knot belongs to no
// folder of the file.
func judge(w io.Writer, file string, found []measured) error {
	limits, err := readLimits(file)
	if err != nil {
		return err
	}
	for _, p := range found {
		if l := nearest(limits, p.folder); l != nil {
			l.now, l.sum = max(l.now, len(p.knot)), l.sum+len(p.knot)
		} else if len(p.knot) > 0 {
			return fmt.Errorf("%s has a line for no folder above %s", file, p.folder)
		}
	}
	var over []string
	fmt.Fprintln(w, "before   now  most   sum")
	for _, l := range limits {
		fmt.Fprintf(w, "%6d %5d %5d %5d  %s\n", l.before, l.now, l.most, l.sum, l.folder)
		if l.now > l.most {
			over = append(over, fmt.Sprintf("%s (%d files, at most %d)", l.folder, l.now, l.most))
		}
	}
	if len(over) > 0 {
		return fmt.Errorf("knots have grown: %s; run it with -v to see which files they hold", strings.Join(over, ", "))
	}
	return nil
}

func readLimits(file string) ([]*limit, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []*limit
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		l := &limit{}
		if _, err := fmt.Sscan(text, &l.folder, &l.before, &l.most); err != nil {
			return nil, fmt.Errorf("%s:%d: want a folder and two numbers: %w", file, n, err)
		}
		all = append(all, l)
	}
	return all, lines.Err()
}

// nearest returns the limit of a folder, else that of the nearest one above it,
// nil when there is none.
func nearest(limits []*limit, folder string) *limit {
	for at := folder; ; at = path.Dir(at) {
		for _, l := range limits {
			if l.folder == at {
				return l
			}
		}
		if at == "." || !strings.Contains(at, "/") {
			return nil
		}
	}
}
