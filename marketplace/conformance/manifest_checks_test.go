package conformance_test

import (
	"strings"
	"testing"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// TestWrongManifests has the tester judge a problem of each rule that one of its
// checks is about.
func TestWrongManifests(t *testing.T) {
	for code, want := range map[string]string{
		"M010": "K1", "M030": "K4", "M031": "K17", "M040": "K9", "M050": "K36", "M060": "K11", "M062": "K12", "M063": "K13", "M070": "K10",
		"M080": "K14", "M081": "K15", "M082": "K16", "M100": "K6", "M101": "K7", "M102": "K8", "M170": "",
	} {
		for _, warning := range []bool{false, true} {
			report := newShop(t, manifest.HerokuV1, nil).try(t, func(o *conformance.Options) {
				o.Only = []string{"K1", "K4", "K6", "K7", "K8", "K9", "K10", "K11", "K12", "K13", "K14", "K15", "K16", "K17", "K36"}
				o.Problems = []manifest.Problem{{Code: code, Message: "it is wrong", Warning: warning}}
			})
			failed, advised := breaches(report)
			got := strings.Join(failed, " ")
			if warning || code == "M050" { // a warning in heroku-v1
				got = strings.Join(advised, " ")
			}
			if got != want {
				t.Errorf("%s, warning %t: %q, want %q", code, warning, got, want)
			}
		}
	}
}
