package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A mutant is one deliberate mistake, and the tests that have to find it.
type mutant struct {
	line  int    // of the list, where it begins
	place string // a file, or a folder whose files hold the text once
	old   string // the text that is replaced
	repl  string // what stands there instead; may be empty
	pkg   string // "./engine"
	tests string // a pattern for -run
	why   string
}

func (m mutant) String() string { return fmt.Sprintf("%d: %s", m.line, m.why) }

// readList reads a list of mutants: blocks of lines with an empty line between
// them, each line a word and what it stands for. A line that begins with "#" is
// a comment.
func readList(name string) ([]mutant, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []mutant
	var m *mutant
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		switch {
		case strings.HasPrefix(text, "#"):
			continue
		case strings.TrimSpace(text) == "":
			m = nil
			continue
		case m == nil:
			all = append(all, mutant{line: n})
			m = &all[len(all)-1]
		}
		if err := m.set(text); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	for _, m := range all {
		if m.place == "" || m.old == "" || m.pkg == "" || m.tests == "" || m.why == "" {
			return nil, fmt.Errorf("%s:%d: a mutant has lines that begin with in, old, new, test and why", name, m.line)
		}
	}
	return all, lines.Err()
}

func (m *mutant) set(line string) error {
	word, text, _ := strings.Cut(line, " ")
	text = strings.TrimSpace(text)
	switch word {
	case "in":
		m.place = text
	case "old":
		m.old = text
	case "new":
		m.repl = text
	case "test":
		m.pkg, m.tests, _ = strings.Cut(text, " ")
	case "why":
		m.why = text
	default:
		return fmt.Errorf("unknown word %q; available: in, old, new, test, why", word)
	}
	return nil
}

// apply returns the file that a mutant is in, as an absolute path, and the text
// that the file has with it. It fails unless the text that is replaced stands
// exactly once at the mutant's place.
func (m mutant) apply(root string) (file, text string, err error) {
	files, err := goFiles(filepath.Join(root, filepath.FromSlash(m.place)))
	if err != nil {
		return "", "", err
	}
	count := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", "", err
		}
		if n := strings.Count(string(b), m.old); n > 0 {
			count += n
			file, text = f, strings.Replace(string(b), m.old, m.repl, 1)
		}
	}
	if count != 1 {
		return "", "", fmt.Errorf("its text stands %d times in %s, and has to stand there once: %s", count, m.place, m.old)
	}
	return file, text, nil
}

// goFiles returns a file, or the files of Go in a folder and below it; no tests.
func goFiles(place string) ([]string, error) {
	var all []string
	err := filepath.WalkDir(place, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			all = append(all, name)
		}
		return nil
	})
	return all, err
}
