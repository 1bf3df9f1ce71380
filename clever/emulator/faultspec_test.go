package emulator

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFaultsAsText(t *testing.T) {
	for spec, want := range map[string]Fault{
		"POST:/addons:2=cut-after":            {Method: "POST", Path: "/addons", From: 2, To: 2, Kind: CutAfter},
		"GET:/env$:2-4=429,3s":                {Method: "GET", Path: "/env$", From: 2, To: 4, Kind: TooMany, Wait: 3 * time.Second},
		":4+=expired":                         {From: 4, Kind: Expired},
		"/v4/:*/3=html-503":                   {Path: "/v4/", From: 3, Every: 3, Kind: Page503},
		"=refuse":                             {Kind: Refuse},
		"DELETE:=hang-after":                  {Method: "DELETE", Kind: HangAfter},
		"(?:a=b):1=slow,1m":                   {Path: "(?:a=b)", From: 1, To: 1, Kind: Slow, Wait: time.Minute},
		":2=deleted,main-db":                  {From: 2, To: 2, Kind: Deleted, Addon: "main-db"},
		"/env=env-late,1500ms":                {Path: "/env", Kind: EnvLate, Wait: 1500 * time.Millisecond},
		"POST:/migrations$=migration-failed":  {Method: "POST", Path: "/migrations$", Kind: MigrationFailed},
		"/addons/[^/]+/tags:1=503":            {Path: "/addons/[^/]+/tags", From: 1, To: 1, Kind: Unavailable},
		"/addons:1-1=truncated":               {Path: "/addons", From: 1, To: 1, Kind: Truncated},
		"PUT:/v2/organisations/orga_x:1=hang": {Method: "PUT", Path: "/v2/organisations/orga_x", From: 1, To: 1, Kind: Hang},
	} {
		got, err := ParseFault(spec)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", spec, diff)
		}
	}
}

func TestWrongFaults(t *testing.T) {
	for spec, want := range map[string]string{
		"":                          "it has no =",
		"POST:/addons:2":            "it has no =",
		"/addons=explode":           `no kind of fault "explode": there is refuse, cut-before`,
		"/addons=":                  `no kind of fault ""`,
		"/addons:0=refuse":          `"0" names no requests`,
		"/addons:4-2=refuse":        `"4-2" names no requests`,
		"/addons:*/0=refuse":        `"*/0" names no requests`,
		"(:1=refuse":                "regular expression",
		"/env=env-late":             "needs a duration: env-late,5s",
		"/env=slow,soon":            `"soon" is no duration`,
		"/env=slow,-1s":             `"-1s" is no duration`,
		"/env=refuse,1s":            "refuse takes no duration",
		":99999999999999999999=429": "names no requests",
	} {
		if _, err := ParseFault(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", spec, err, want)
		}
		if _, err := New(Options{Faults: []Fault{{Kind: "explode"}}}); err == nil {
			t.Error("a fault that is none was taken")
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, spec := range []string{"POST:/addons:2=cut-after", ":*/3=429,1s", "=deleted,x", "(=hang", ":1-2+=slow,1s"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		fault, err := ParseFault(spec)
		if err != nil {
			return
		}
		e, err := New(Options{Faults: []Fault{fault}})
		if err != nil {
			t.Fatalf("%q was read, and refused: %v", spec, err)
		}
		e.Recover()
	})
}

func TestFaultText(t *testing.T) {
	for _, text := range []string{
		"POST:/addons:2=cut-after", "/env=env-late,5s", ":4+=expired", "GET:/a:2-4=429,1s", ":*/3=503", "=deleted,shop", "=slow,1m30s",
	} {
		f, err := ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseFault(f.String())
		if err != nil || again != f {
			t.Errorf("%s became %s: %+v, %v", text, f, again, err)
		}
	}
}
