package findings

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// texts are what a case may say, legal in XML or not.
var texts = []string{"", "plain", "a < b & c > \"d\"", "two\nlines", "]]> ends <![CDATA[", "\x00\x1b[31m\uffff", "größe 🐘", " ", "a (2)", "plain"}

func anyDocument(seed uint64) JUnit {
	r := rand.New(rand.NewPCG(seed, 0))
	text := func() string { return texts[r.IntN(len(texts))] }
	doc := JUnit{Name: text(), Took: time.Duration(r.Int64N(1e12))}
	for range r.IntN(4) {
		s := Suite{Name: text(), Host: text()}
		if r.IntN(2) == 0 {
			s.Start = time.Unix(r.Int64N(1e9), 0)
		}
		for range r.IntN(12) {
			s.Cases = append(s.Cases, Case{Name: text(), Class: text(), File: text(), Took: time.Duration(r.Int64N(1e10)),
				Status: Status(r.IntN(4)), Message: text(), Type: text(), Text: text(), Output: text()})
		}
		doc.Suites = append(doc.Suites, s)
	}
	return doc
}

// children lists for each element what may stand in it, and in which order, as
// the schema of Jenkins' plugin has it.
var children = map[string][]string{
	"": {"testsuites"}, "testsuites": {"testsuite"}, "testsuite": {"testcase"},
	"testcase": {"skipped", "error", "failure", "system-out"}, "skipped": nil, "error": nil, "failure": nil, "system-out": nil,
}

// required lists the attributes that each element must have.
var required = map[string][]string{
	"testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
	"testsuite":  {"name", "tests", "failures", "errors", "skipped", "time"},
	"testcase":   {"name", "classname", "time"}, "skipped": {"message"}, "error": {"message"}, "failure": {"message"},
}

// TestJUnitIsWhatReadersDemand: elements in their order, the attributes, counts
// that add up, and no two cases of one name.
func TestJUnitIsWhatReadersDemand(t *testing.T) {
	for seed := range uint64(200) {
		doc := anyDocument(seed)
		var out strings.Builder
		if err := doc.Write(&out); err != nil {
			t.Fatal(err)
		}
		counts, names := checkElements(t, out.String())
		want := map[string]int{}
		total := 0
		for _, s := range doc.Suites {
			for _, c := range s.Cases {
				total++
				want[[]string{"", "failure", "error", "skipped"}[c.Status]]++
			}
		}
		if counts["testcase"] != total || counts["failure"] != want["failure"] || counts["error"] != want["error"] || counts["skipped"] != want["skipped"] || len(names) != total {
			t.Fatalf("%d: the document has %v and %d names of %d cases, want %v:\n%s", seed, counts, len(names), total, want, &out)
		}
	}
}

// checkElements reads a document, and returns how often each element is in it, and
// the names of the cases.
func checkElements(t *testing.T, doc string) (counts map[string]int, names map[string]bool) {
	t.Helper()
	counts, names = map[string]int{}, map[string]bool{}
	type element struct {
		name string
		last int // child
	}
	path := []element{{}}
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return counts, names
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		switch token := token.(type) {
		case xml.StartElement:
			parent, at := &path[len(path)-1], -1
			for i, name := range children[parent.name] {
				if name == token.Name.Local {
					at = i
				}
			}
			if at < parent.last {
				t.Errorf("<%s> in <%s>", token.Name.Local, parent.name)
			}
			parent.last = at
			path = append(path, element{name: token.Name.Local})
			counts[token.Name.Local]++
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Name.Local] = a.Value
			}
			for _, name := range required[token.Name.Local] {
				if _, ok := attributes[name]; !ok {
					t.Errorf("<%s> has no %s", token.Name.Local, name)
				}
			}
			if token.Name.Local == "testcase" {
				names[fmt.Sprintf("%q %q", attributes["classname"], attributes["name"])] = true
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

func TestTextsComeBackFromJUnit(t *testing.T) {
	for _, text := range texts {
		var out strings.Builder
		if err := (JUnit{Suites: []Suite{{Cases: []Case{{Name: "n", Status: Failed, Message: "m", Text: text, Output: text}}}}}).Write(&out); err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Failure string `xml:"testsuite>testcase>failure"`
			Output  string `xml:"testsuite>testcase>system-out"`
		}
		if err := xml.Unmarshal([]byte(out.String()), &doc); err != nil {
			t.Fatal(err)
		}
		if want := legal(text); doc.Failure != want || doc.Output != want {
			t.Errorf("of %q there came %q and %q", text, doc.Failure, doc.Output)
		}
	}
}

func TestEqualNamesAreNumbered(t *testing.T) {
	cases := []Case{{Name: "a"}, {Name: "a"}, {Name: "a (2)"}, {Name: "a"}, {Name: "a", Class: "c"}, {Name: "b"}}
	var got []string
	for _, s := range (JUnit{Suites: []Suite{{Cases: cases[:3]}, {Cases: cases[3:]}}}).document().Suites {
		for _, c := range s.Cases {
			got = append(got, c.Class+":"+c.Name)
		}
	}
	if want := ":a|:a (2)|:a (2) (2)|:a (3)|c:a|:b"; strings.Join(got, "|") != want {
		t.Errorf("got %s", strings.Join(got, "|"))
	}
}
