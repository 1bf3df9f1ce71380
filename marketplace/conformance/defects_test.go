package conformance_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// A defect is a switch of the faulty back-end, and what it trips by dialect.
type defect struct {
	name string
	want map[string]string
}

// defects lists, for each defect, the checks that do not pass; those with a w
// warn, those with an n only note. "*" is every dialect that is not named beside it.
var defects = []defect{
	{"401 to a bad proof", map[string]string{"*": "K37 K38 N66 N70 N71 N72 N74w N79w", "clever": "K37 K38 N66 N70 N71 N72 N74w N76 N77 N79w", "heroku-v3": "K37 K38 N66 N70 N71 N72 N74w N77 N79w"}},
	{"401 without a challenge", map[string]string{"*": "N1"}},
	{"a drain by mail", map[string]string{"*": "", "heroku-v1": "K30", "heroku-v3": "K30"}},
	{"a list after a change", map[string]string{"*": "N50"}},
	{"a new one each time", map[string]string{"*": "K39 N30 N31w N33 N35w N63", "heroku-v3": "N30 N31w N33 N35w N36 N63"}},
	{"a page and 200", map[string]string{"*": "K20 K22 N93w"}},
	{"a session for all", map[string]string{"*": "N82"}},
	{"a token in the redirect", map[string]string{"*": "N80"}},
	{"another cookie of the header", map[string]string{"*": "", "heroku-v1": "K40"}},
	{"answers 206", map[string]string{"*": "N10w"}},
	{"any method", map[string]string{"*": "N93w"}},
	{"any proof", map[string]string{"*": "K37 K38 N66 N70 N71 N72 N74w N79w", "clever": "K37 K38 N66 N70 N71 N72 N74w N76 N77 N79w", "heroku-v3": "K37 K38 N66 N70 N71 N72 N74w N77 N79w"}},
	{"asks browsers for a password", map[string]string{"*": "K37 K38 K39 N66 N70 N71 N72 N79w N80 N85", "clever": "K37 K38 K39 N66 N70 N71 N72 N73 N76 N77 N79w N80 N85", "heroku-v3": "K37 K38 K39 N66 N70 N71 N72 N77 N79w N80 N85"}},
	{"asks for passwords in the clear", map[string]string{"*": "N90"}},
	{"brings back", map[string]string{"*": "N36w", "heroku-v3": "N36"}},
	{"calls back once", map[string]string{"*": "N95w"}},
	{"calls back without credentials", map[string]string{"*": "K19 N94 N95w"}},
	{"calls for strangers", map[string]string{"*": "N97", "clever": "N96w N97", "heroku-v1": "N96w N97"}},
	{"calls too early", map[string]string{"*": "", "clever": "N96w", "heroku-v1": "N96w"}},
	{"changes anything", map[string]string{"*": "N53"}},
	{"changes no plan", map[string]string{"*": "K34"}},
	{"changes the plan of a repeated order", map[string]string{"*": "N31w"}},
	{"changes what is gone", map[string]string{"*": "N54"}},
	{"compares beginnings", map[string]string{"*": "N4"}},
	{"compares letter by letter", map[string]string{"*": "N86n"}},
	{"config is a list", map[string]string{"*": "K24 K26w K42"}},
	{"cookies for a day", map[string]string{"*": "N81w"}},
	{"echoes", map[string]string{"*": "N91"}},
	{"echoes the password to strangers", map[string]string{"*": "N8"}},
	{"fails on a second removal", map[string]string{"*": "N61 N65"}},
	{"fails on an unknown plan", map[string]string{"*": "N16 N52"}},
	{"fails on an unknown region", map[string]string{"*": "N17"}},
	{"fails on capitals", map[string]string{"*": "N75w"}},
	{"fails on changes that are none", map[string]string{"*": "N55"}},
	{"fails on foreign names", map[string]string{"*": "", "clever": "N22w"}},
	{"fails on headers that are none", map[string]string{"*": "N5"}},
	{"fails on large orders", map[string]string{"*": "N21w"}},
	{"fails on no JSON", map[string]string{"*": "N18 N55"}},
	{"fails on other types", map[string]string{"*": "N19w"}},
	{"fails on the same plan", map[string]string{"*": "N51"}},
	{"fails on unknown ids", map[string]string{"*": "N62 N63"}},
	{"framed by all", map[string]string{"*": "", "clever": "N84w"}},
	{"framed by nobody", map[string]string{"*": "", "clever": "N84w"}},
	{"framed by others", map[string]string{"*": "", "clever": "N84w"}},
	{"hangs", map[string]string{"*": "K18 N37 N93w"}},
	{"HTML", map[string]string{"*": "N11w"}},
	{"ids of the application", map[string]string{"*": "", "heroku-v1": "K23"}},
	{"ids of the owner", map[string]string{"*": "", "clever": "N13w"}},
	{"ids with slashes", map[string]string{"*": "N12"}},
	{"integer ids", map[string]string{"*": "N12w", "clever": "N12"}},
	{"keeps the session", map[string]string{"*": "N83w"}},
	{"knows only Basic in capitals", map[string]string{"*": "N6w"}},
	{"leads away", map[string]string{"*": "K39"}},
	{"leads from http to elsewhere", map[string]string{"*": "N90"}},
	{"leads to http", map[string]string{"*": "N80"}},
	{"missing variables", map[string]string{"*": "K26w K42"}},
	{"names without a prefix", map[string]string{"*": "N42", "appfog": ""}},
	{"never finishes", map[string]string{"*": "K19 N94 N95w"}},
	{"no cookie of the header", map[string]string{"*": "", "heroku-v1": "K40"}},
	{"no credentials", map[string]string{"*": "K21 K33 K35 N1 N2 N3 N4 N5 N7"}},
	{"no credentials to remove", map[string]string{"*": "K33 N1 N2 N3 N7"}},
	{"no drain", map[string]string{"*": "", "heroku-v1": "K29", "heroku-v3": "K29"}},
	{"no header", map[string]string{"*": "", "heroku-v1": "K41"}},
	{"no id", map[string]string{"*": "K22"}},
	{"no id for some", map[string]string{"*": "", "clever": "N22w"}},
	{"an empty id", map[string]string{"*": "K22"}},
	{"an object for an id", map[string]string{"*": "K22"}},
	{"no replay cache", map[string]string{"*": "N74w"}},
	{"no URL", map[string]string{"*": "K28"}},
	{"no window", map[string]string{"*": "K38 N72"}},
	{"not acceptable", map[string]string{"*": "N20w", "heroku-v3": "K18 N93w"}},
	{"not acceptable to change", map[string]string{"*": "N20w", "heroku-v3": "K34 N20 N51 N53 N54"}},
	{"numbers", map[string]string{"*": "K27 K42", "appfog": "K42 N41w"}},
	{"one id for all", map[string]string{"*": "K31 K39 N34 N70", "heroku-v3": "K31 N34 N82"}},
	{"one secret for all", map[string]string{"*": "N43w N64w"}},
	{"open cookies", map[string]string{"*": "N81w"}},
	{"password only", map[string]string{"*": "N3"}},
	{"races", map[string]string{"*": "N33"}},
	{"redirects", map[string]string{"*": "K18 N93w"}},
	{"redirects for ever", map[string]string{"*": "K18 N93w"}},
	{"redirects to the metadata address", map[string]string{"*": "K18 N93w"}},
	{"refuses unknown fields", map[string]string{"*": "N14"}},
	{"refuses unknown options", map[string]string{"*": "N15w"}},
	{"refuses without a word", map[string]string{"*": "N16 N52"}},
	{"removes anything", map[string]string{"*": "N62w N63"}},
	{"removes nothing", map[string]string{"*": "K32 N36w N54 N61 N65 N66", "heroku-v3": "K32 N36 N54 N61 N65 N66"}},
	{"removes with 206", map[string]string{"*": "N60"}},
	{"shows a trace", map[string]string{"*": "N92w"}},
	{"shows names as they are", map[string]string{"*": "", "clever": "N22w"}},
	{"signs in by GET", map[string]string{"*": "N78w"}},
	{"signs in to what is gone", map[string]string{"*": "N66"}},
	{"takes 30 seconds", map[string]string{"*": "N37 N93w"}},
	{"takes 4 seconds", map[string]string{"*": "N37w"}},
	{"takes any plan", map[string]string{"*": "N16 N52"}},
	{"takes duplicate fields", map[string]string{"*": "N79w"}},
	{"undeclared variables", map[string]string{"*": "N40w", "heroku-v1": "K25", "heroku-v3": "K25"}},
	{"user only", map[string]string{"*": "N2 N4"}},
	{"variables live on", map[string]string{"*": "N64w"}},
	{"variables of an inner network", map[string]string{"*": "N44w"}},
	{"variables of no host", map[string]string{"*": "N44w"}},
	{"variables of no use", map[string]string{"*": "K42"}},
	{"variables of the customer's machine", map[string]string{"*": "K28 N44w"}},
	{"variables that vary", map[string]string{"*": "K42 N30"}},
	{"weak recipe", map[string]string{"*": "", "clever": "N71 N76 N77", "heroku-v3": "N71 N77"}},
}

func TestDefects(t *testing.T) {
	for i, c := range defects {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for j, d := range manifest.Dialects() {
				if raceDetector && j != i%4 {
					continue // its eyes are the same for all, and slow
				}
				want, ok := c.want[string(d)]
				if !ok {
					want = c.want["*"]
				}
				f := newFaulty(t, d, c.name, c.name == "never finishes" || strings.HasPrefix(c.name, "calls back"))
				if diff := cmp.Diff(want, strings.Join(notPassed(testOf(t, f, nil)), " ")); diff != "" {
					t.Errorf("%s:\n%s", d, diff)
				}
			}
		})
	}
}

// TestWrongManifests returns the tester a problem of each rule that one of its
// checks is about.
func TestWrongManifests(t *testing.T) {
	for code, want := range rulesOfChecks {
		f := newFaulty(t, manifest.HerokuV1, "", false)
		report := testOf(t, f, func(o *conformance.Options) {
			o.Problems, o.Profiles = []manifest.Problem{{Code: code, Message: "it is wrong"}}, nil
		})
		if diff := cmp.Diff(want, strings.Join(notPassed(report), " ")); diff != "" {
			t.Errorf("%s:\n%s", code, diff)
		}
	}
}

// rulesOfChecks are the rules for manifests that kensa had, by our codes.
var rulesOfChecks = map[string]string{
	"M010": "K1", "M030": "K4", "M031": "K17", "M040": "K9", "M050": "K36", "M060": "K11", "M062": "K12", "M063": "K13", "M070": "K10",
	"M080": "K14", "M081": "K15", "M082": "K16", "M100": "K6", "M101": "K7", "M102": "K8", "M170": "",
}

// TestEveryCheckHasADefect holds the tables to have a switch for each check in
// each of its dialects.
func TestEveryCheckHasADefect(t *testing.T) {
	tripped := map[string]bool{}
	for _, c := range slices.Concat(defects, insecurities) {
		for _, d := range manifest.Dialects() {
			want, ok := c.want[string(d)]
			if !ok {
				want = c.want["*"]
			}
			for id := range strings.FieldsSeq(want) {
				tripped[strings.TrimRight(id, "wn")+" "+string(d)] = true
			}
		}
	}
	for _, id := range rulesOfChecks {
		for _, d := range manifest.Dialects() {
			tripped[id+" "+string(d)] = true
		}
	}
	for _, c := range conformance.Checks() {
		for _, d := range manifest.Dialects() {
			if c.In(d) && !tripped[c.ID+" "+string(d)] {
				t.Errorf("nothing trips %s in %s", c.ID, d)
			}
		}
	}
}

// TestEveryRowIsACheck holds the list of checks to have all numbers that it is
// made of, save those that the package's documentation has under another.
func TestEveryRowIsACheck(t *testing.T) {
	elsewhere := map[string]string{"K2": "K1", "K3": "K1", "K5": "K4", "N32": "K31"}
	made := map[string]bool{}
	for _, c := range conformance.Checks() {
		made[c.ID] = true
	}
	for _, rows := range []struct {
		letter    string
		from, end int
	}{{"K", 1, 42}, {"N", 1, 8}, {"N", 10, 22}, {"N", 30, 37}, {"N", 40, 44}, {"N", 50, 55}, {"N", 60, 66}, {"N", 70, 86}, {"N", 90, 97}} {
		for i := rows.from; i <= rows.end; i++ {
			id := rows.letter + strconv.Itoa(i)
			if made[id] == (elsewhere[id] != "") || elsewhere[id] != "" && !made[elsewhere[id]] {
				t.Errorf("%s is made: %t, under another id: %q", id, made[id], elsewhere[id])
			}
		}
	}
}
