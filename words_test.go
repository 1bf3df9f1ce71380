package main_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// What the code is about has names in its field. These words were names of our own
// for it, which nobody could know who had not written it; docs/glossary.md has those that
// stand in their place. They are found in names too: letPass is let and pass.

// nowhere are words that stand neither in code nor in pages.
var nowhere = forms(`toucher registrar settle settles settled settling verdict verdicts chapter chapters hush hushed
	flight flights person persons dance dances shelf shelves ledger ledgers patience fate fates twin twins concede
	concedes pursue pursues suffer suffers mourning veil veils veiled basket baskets deed deeds telling resell resells
	resold partner partners manieth told unread sight sights wish wishes sold sale`)

// noName are words that are plain English in a sentence, and no name of anything.
var noName = forms(`asked deals leg legs strike strikes desk landing card cards outline turns circle letpass spreadany`)

// noType are words that may name a value, but no type.
var noType = forms(`answer line meaning recipe home library`)

// allowed are the places where such a word is right, each with the reason.
var allowed = []struct{ place, word, why string }{
	{"engine/hooks.go", "answer", "what a user answers on a terminal"},
	{"words_test.go", "", "the list itself"},
	{"docs/glossary.md", "settle", "the name of the option --settle"},
	{"docs/decisions", "person", "a human being, not somebody who uses runner"},
	{"docs/platform.md", "person", "a human being, not somebody who uses runner"},
	{".ci/mutants/list.txt", "", "quotes the code, where it is looked for"},
	{"clever/wire.go", "partner", "the platform's own names of members"},
	{"clever", "flight", "requests in flight: HTTP's own term"},
	{"cmd/session/owners.go", "flight", "requests in flight: HTTP's own term"},
	{"bench", "flight", "requests in flight: HTTP's own term"},
	{"docs/orders.md", "flight", "requests in flight: HTTP's own term"},
	{"clever", "settle", "the name of the option --settle"},
	{"cmd", "settle", "the name of the option --settle"},
	{"docs/orders.md", "settle", "the name of the option --settle"},
	{"docs/reference", "settle", "the name of the option --settle"},
	{"marketplace/conformance/sources.go", "partner", "Heroku's name of its API, in addresses"},
	{"marketplace/conformance/sources.go", "partners", "a folder's name, in addresses"},
	{"marketplace/manifest/source.go", "partner", "a page's name, in addresses"},
	{"marketplace/manifest/source.go", "partners", "a folder's name, in addresses"},
	{"clever/emulator/store/record.go", "partners", "a member of state files"},
	{"clever/emulator/store/world.go", "sale", "a member of state files"},
	{"README.md", "settle", "the name of the option --settle"},
}

// pending are the folders that have not been cleaned yet.
var pending = []string{}

func TestPlainWords(t *testing.T) {
	for _, name := range textFiles(t) {
		if slices.ContainsFunc(pending, func(p string) bool { return within(name, p) }) {
			continue
		}
		for _, found := range privateWords(t, name) {
			t.Error(found)
		}
	}
}

// TestPlainWordsAreFound: the search finds what it is for, in each kind of place.
func TestPlainWordsAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"package p\n\n// It is told.\n":               "told",
		"package p\n\nvar toldAll = 1\n":              "told",
		"package p\n\nvar letPass = 1\n":              "letpass",
		"package p\n\nvar x = \"a person\"\n":         "person",
		"package p\n\n// F gives x.\nfunc F() {}\n":   "gives",
		"package p\n\ntype answer int\n":              "answer",
		"package p\n\ntype loginAnswer int\n":         "answer",
		"package p\n\nvar answer = 1\n":               "",
		"package p\n\n// It asked for an answer.\n":   "",
		"package p\n\nvar asked = 1\n":                "asked",
		"package p\n\n// A personal space, a line.\n": "",
	} {
		file := filepath.Join(t.TempDir(), "p.go")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(privateWords(t, file), " "); want == "" && got != "" || !strings.Contains(got, fmt.Sprintf("%q", want)) && want != "" {
			t.Errorf("%q: found %s, want %q", text, got, want)
		}
	}
}

func forms(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// privateWords returns where a file holds such words.
func privateWords(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := finder{name: filepath.ToSlash(name)}
	if filepath.Ext(name) == ".go" {
		f.code(t, text)
	} else {
		for i, line := range strings.Split(string(text), "\n") {
			f.words(i+1, line, nowhere)
		}
	}
	return f.found
}

type finder struct {
	name  string
	found []string
}

func (f *finder) words(line int, text string, lists ...map[string]bool) {
	for _, word := range split(text) {
		for _, list := range lists {
			if list[word] {
				f.add(line, word, text)
			}
		}
	}
}

func (f *finder) add(line int, word, text string) {
	for _, a := range allowed {
		if within(f.name, a.place) && (a.word == "" || a.word == word) {
			return
		}
	}
	f.found = append(f.found, fmt.Sprintf("%s:%d: %q in %q", f.name, line, word, strings.TrimSpace(text)))
}

// docGives is how a comment begins that says what a function gives.
var docGives = regexp.MustCompile(`^(//|/\*) \w+ gives `)

func (f *finder) code(t *testing.T, text []byte) {
	set := token.NewFileSet()
	file := set.AddFile(f.name, -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	typed := false // the last token was the keyword type
	for {
		pos, tok, lit := s.Scan()
		line := file.Line(pos)
		switch tok {
		case token.EOF:
			return
		case token.COMMENT:
			f.words(line, lit, nowhere)
			if docGives.MatchString(lit) {
				f.add(line, "gives", lit)
			}
		case token.STRING:
			f.words(line, lit, nowhere)
		case token.IDENT:
			f.words(line, lit, nowhere, noName)
			if noName[strings.ToLower(lit)] && len(split(lit)) > 1 {
				f.add(line, strings.ToLower(lit), lit)
			}
			if words := split(lit); typed && noType[words[len(words)-1]] {
				f.add(line, words[len(words)-1], "type "+lit)
			}
		}
		typed = tok == token.TYPE
	}
}

// split returns the words of a text in lower case: "letPass it" is let, pass, it.
func split(text string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = nil
	}
	upper := false
	for _, r := range text {
		if !unicode.IsLetter(r) || unicode.IsUpper(r) && !upper {
			end()
		}
		if unicode.IsLetter(r) {
			word = append(word, r)
		}
		upper = unicode.IsUpper(r)
	}
	end()
	return words
}

// textFiles lists what is written here for people or for the compiler.
func textFiles(t *testing.T) []string {
	t.Helper()
	kinds := []string{".go", ".md", ".yml", ".txtar", ".txt", ".html", ".js", ".css", ""}
	var all []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".cache" || d.Name() == "fuzz"):
			return fs.SkipDir
		case d.IsDir(), !d.Type().IsRegular(), !slices.Contains(kinds, filepath.Ext(name)):
		case slices.Contains([]string{"CHANGELOG.md", "LICENSE"}, name):
		default:
			all = append(all, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("found %d files: %v", len(all), err)
	}
	return all
}
