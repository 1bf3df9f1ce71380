package main_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// citation is how a comment names a section: of a page in docs, or of an RFC.
var citation = regexp.MustCompile(`(RFC\s+\d+|docs/[a-z]+\.md)\s+§(\d+(?:\.\d+)*)`)

// TestCitationsLeadSomewhere: a section sign in a comment names a page and a section that
// are there.
func TestCitationsLeadSomewhere(t *testing.T) {
	for _, f := range files(t) {
		for _, group := range f.tree.Comments {
			text := group.Text()
			for _, c := range citation.FindAllStringSubmatch(text, -1) {
				if strings.HasPrefix(c[1], "docs/") && !hasSection(t, c[1], c[2]) {
					t.Errorf("%s cites %s §%s, which is not there", f.path, c[1], c[2])
				}
			}
			if bare := citation.ReplaceAllString(text, ""); strings.Contains(bare, "§") && !strings.HasSuffix(f.path, "places_test.go") {
				t.Errorf("%s has a § without the page that it is of: %q", f.path, bare)
			}
		}
	}
	for _, page := range pages(t) {
		for _, c := range regexp.MustCompile(`§(\d+(?:\.\d+)*)`).FindAllStringSubmatch(readText(t, page), -1) {
			if path.Dir(page) == "docs" && !hasSection(t, page, c[1]) {
				t.Errorf("%s cites its §%s, which is not there", page, c[1])
			}
		}
	}
}

// hasSection reports whether a page has a heading such as "### 4.3 Orders".
func hasSection(t *testing.T, page, number string) bool {
	t.Helper()
	return regexp.MustCompile(`(?m)^##+ ` + regexp.QuoteMeta(number) + `\.? `).MatchString(readText(t, page))
}

// TestLinksLeadSomewhere: what a page links to in this repository is there, headings
// too.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:\s]*)(?:#([^)\s]*))?\)`)
	for _, page := range pages(t) {
		for _, l := range link.FindAllStringSubmatch(readText(t, page), -1) {
			to := page
			if l[1] != "" {
				to = path.Join(path.Dir(page), l[1])
			}
			if _, err := os.Stat(filepath.FromSlash(to)); err != nil {
				t.Errorf("%s links to %s, which is not there", page, l[1])
			} else if l[2] != "" && !slices.Contains(anchors(readText(t, to)), l[2]) {
				t.Errorf("%s links to the heading #%s of %s, which is not there", page, l[2], to)
			}
		}
	}
}

// anchors returns how the headings of a page are linked to.
func anchors(page string) []string {
	var all []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		text := strings.ReplaceAll(strings.ToLower(heading[1]), " ", "-")
		all = append(all, regexp.MustCompile(`[^\pL\pN_-]`).ReplaceAllString(text, ""))
	}
	return all
}

// TestPackagesSayWhatTheyKnow: a package's comment says what it knows, and what it
// does not.
func TestPackagesSayWhatTheyKnow(t *testing.T) {
	knows, knowsNot := regexp.MustCompile(`\b[Kk]nows?\b`), regexp.MustCompile(`\b(no|not|nothing|nobody|never|neither|nor|none)\b`)
	said := map[string]string{}
	for _, f := range files(t) {
		if f.isTest() || f.folder == "." {
			continue
		}
		if said[f.folder] += ""; f.tree.Doc != nil {
			said[f.folder] += f.tree.Doc.Text()
		}
	}
	for folder, text := range said {
		if !knows.MatchString(text) || !knowsNot.MatchString(text) {
			t.Errorf("the comment of package %s does not say what it knows, and what it does not:\n%s", folder, text)
		}
	}
}

// pages lists the texts for people: Markdown that is no data of a test.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case filepath.Ext(name) == ".md":
			all = append(all, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil || len(all) < 3 {
		t.Fatalf("found %v: %v", all, err)
	}
	return all
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}
