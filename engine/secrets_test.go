package engine

import (
	"encoding/base64"
	"strings"
	"testing"

	"runner/engine/expr/value"
)

// A secret is found in every form in which other programs write it, whatever stands
// around it.
func TestEncodedFormsAreMasked(t *testing.T) {
	const secret = "S3cr3t \"q\" & <b> 'x'/é$"
	s := &Secrets{}
	s.Add(secret, "line-one\nline-two")
	for _, text := range []string{
		secret, "a" + secret + "b", `{"msg": "S3cr3t \"q\" & <b> 'x'/é$"}`, `S3cr3t \"q\" \u0026 \u003cb\u003e 'x'/é$`, `S3cr3t \"q\" & <b> 'x'/\u00e9$`,
		"S3cr3t+%22q%22+%26+%3Cb%3E+%27x%27%2F%C3%A9%24", "S3cr3t%20%22q%22%20%26%20%3cb%3e%20%27x%27%2f%c3%a9%24", "S3cr3t &#34;q&#34; &amp; &lt;b&gt; &#39;x&#39;/é$",
		"S3cr3t &quot;q&quot; &amp; &lt;b&gt; &apos;x&apos;/é$", "UzNjcjN0ICJxIiAmIDxiPiAneCcvw6kk", "533363723374202271222026203c623e202778272fc3a924", "S3CR3T \"Q\" & <B> 'X'/É$",
		`'S3cr3t "q" & <b> '"'"'x'"'"'/é$'`, `'S3cr3t "q" & <b> ''x''/é$'`, "line-one", "then line-two",
	} {
		if got := s.Mask(text); !strings.Contains(got, Masked) || strings.Contains(got, "cr3t") || strings.Contains(got, "line-") {
			t.Errorf("%q became %q", text, got)
		}
	}
	// "user:" and the secret, in base64
	for _, before := range []string{"u:", "us:", "use:", "user:"} {
		text := base64.StdEncoding.EncodeToString([]byte(before + secret))
		if got := s.Mask("Basic " + text); len(got) > len("Basic ********")+12 {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestWhatIsLookedFor(t *testing.T) {
	s := &Secrets{}
	s.AddNamed("DB_PASSWORD", "by-its-name")
	s.AddNamed("DB_URI", "pg://u:in-the-address@h/db")
	s.AddNamed("DB_HOST", "no-secret-host")
	s.AddMarked(value.Mark([]Value{"Marked-1", "admin", "15.10", "15432", "abc"}))
	const text = "by-its-name in-the-address pg://u:in-the-address@h/db no-secret-host Marked-1 admin 15.10 15432 abc"
	const want = "******** ******** ******** no-secret-host ******** admin 15.10 15432 abc"
	if got := s.Mask(text); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
