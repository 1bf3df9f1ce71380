package manifest

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	testSalt = "salt-for-tests-only-0123456789abcdef"
	testUUID = "01234567-89ab-cdef-0123-456789abcdef"
)

func TestPublishedProofs(t *testing.T) {
	for _, c := range []struct {
		recipe Scheme
		login  Login
		salt   string
		want   string
	}{
		{Token, Login{ID: "123", Timestamp: "1267597772"}, "2f97bfa52ca102f8874716e2eb1d3b4920ad0be4", "bb466eb1d6bc345d11072c3cd25c311f21be130d"},
		{Token, Login{ID: "1", Timestamp: "1262304000"}, "SSO_SALT", "b6010f6fbb850887a396c2bc0ab23974003008f6"},
		{Token, Login{ID: "dummy_sd675fa67sf57asdf67asf57", Timestamp: "1712063189"}, "6hjj896df7g5sg6d5g9df5gsdg67", "1e47e0d5c1095fed750acef9411a23fcb85de43f"},
		{Token, Login{ID: "res-42", Timestamp: "1700000000"}, testSalt, "22cb2db692893c5a39ca0f5be46ddfe63d4b87db"},
		{Token, Login{ID: "res-42", Timestamp: "1700000000000"}, testSalt, "24bf33d8ba165ea456d9ba9d8374595b32d90b81"},
		{Signature, Login{ID: "res-42", UserID: "user_1", Email: "user@example.test", Timestamp: "1700000000000"}, testSalt,
			"2a8ef647e65a430904949c6d17e8921f67f65623f0a7c4d0aec8addd53ea888af00a3c364bbb967a44d55fc5f85e061eb547edeb1151e802bf96cef290117af8"},
		{ResourceToken, Login{ResourceID: testUUID, Timestamp: "1700000000"}, testSalt, "553fa6ba4c1dde18149b18c63609e5ed582a7bb6"},
		{UserScopedToken, Login{ResourceID: testUUID, UserID: "11111111-2222-3333-4444-555555555555", Email: "user@example.test", Timestamp: "1700000000"}, testSalt,
			"19a7badde5b79f1913fa8209d83f0c315ae84121d6117ff535a5d648912f4cc7"},
	} {
		if got := c.recipe.Proof(c.login, c.salt); got != c.want {
			t.Errorf("%s of %+v is %s, want %s", c.recipe, c.login, got, c.want)
		}
	}
}

var testNow = time.UnixMilli(1700000000000)

// signIn returns a manifest with its salt, a login, and its signed form.
func signIn(t testing.TB, d Dialect, at time.Time) (*Verifier, url.Values) {
	t.Helper()
	m := &Manifest{Dialect: d, SSOSalt: testSalt}
	l := Login{ID: "res-42", ResourceID: testUUID, UserID: "user_1", Email: "user@example.test", App: "shop"}
	in, err := m.SignIn(Site{SSOURL: "https://kv.example.test/sso"}, l, at)
	if err != nil {
		t.Fatal(err)
	}
	v := NewVerifier(d, testSalt)
	v.Now = func() time.Time { return testNow }
	return v, in.Form
}

func TestGoodSignIns(t *testing.T) {
	for _, d := range Dialects() {
		for _, ahead := range []time.Duration{0, -30 * time.Second, 10 * time.Second, -5 * time.Minute, time.Minute} {
			v, form := signIn(t, d, testNow.Add(ahead))
			r := httptest.NewRequest("POST", "/sso", strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			l, err := v.Request(r)
			if err != nil || l.ID != "res-42" {
				t.Errorf("%s at %v: %+v, %v", d, ahead, l, err)
			}
		}
	}
}

// resign signs a form anew, as somebody who knows the salt would.
func resign(d Dialect, form url.Values) {
	l := Login{
		ID: form.Get("id"), ResourceID: form.Get("resource_id"), UserID: form.Get("user_id"), Email: form.Get("email"),
		NavData: form.Get("nav-data"), Timestamp: form.Get("timestamp"),
	}
	for _, r := range d.schemes() {
		form.Set(string(r), r.Proof(l, testSalt))
	}
}

func TestBadSignIns(t *testing.T) {
	at := func(ahead time.Duration) func(Dialect, url.Values) {
		return func(d Dialect, f url.Values) { f.Set("timestamp", d.Stamp(testNow.Add(ahead))); resign(d, f) }
	}
	written := func(s string) func(Dialect, url.Values) {
		return func(d Dialect, f url.Values) { f.Set("timestamp", s); resign(d, f) }
	}
	set := func(name, value string) func(Dialect, url.Values) {
		return func(_ Dialect, f url.Values) { f.Set(name, value) }
	}
	for name, c := range map[string]struct {
		spoil func(Dialect, url.Values)
		want  string
		only  []Dialect
	}{
		"wrong proof":             {func(d Dialect, f url.Values) { f.Set(string(d.Scheme()), "invalid") }, "proof that is missing or wrong", nil},
		"no proof":                {func(d Dialect, f url.Values) { f.Del(string(d.Scheme())) }, "proof that is missing or wrong", nil},
		"empty proof":             {func(d Dialect, f url.Values) { f.Set(string(d.Scheme()), "") }, "proof that is missing or wrong", nil},
		"capital hex":             {func(d Dialect, f url.Values) { f.Set(string(d.Scheme()), strings.ToUpper(f.Get(string(d.Scheme())))) }, "proof that is missing or wrong", nil},
		"proof and more":          {func(d Dialect, f url.Values) { f.Set(string(d.Scheme()), f.Get(string(d.Scheme()))+"0") }, "proof that is missing or wrong", nil},
		"six minutes old":         {at(-6 * time.Minute), "too old", nil},
		"sixteen minutes old":     {at(-16 * time.Minute), "too old", nil},
		"ten minutes ahead":       {at(10 * time.Minute), "of the future", nil},
		"no timestamp":            {func(_ Dialect, f url.Values) { f.Del("timestamp") }, "timestamp is missing", nil},
		"timestamp 0":             {written("0"), "timestamp that is none", nil},
		"negative timestamp":      {written("-1700000000"), "timestamp that is none", nil},
		"timestamp as a float":    {written("1e9"), "timestamp that is none", nil},
		"timestamp and more":      {written("1700000000abc"), "timestamp that is none", nil},
		"timestamp and padding":   {written("1700000000\x80"), "timestamp that is none", nil},
		"timestamp and a newline": {written("1700000000\n"), "timestamp that is none", nil},
		"huge timestamp":          {written("1000000000000000000"), "timestamp that is none", nil},
		"other digits":            {written("１７０００００００００"), "timestamp that is none", nil},
		"milliseconds":            {written("1700000000000"), "timestamp that is none", []Dialect{AppFog, HerokuV1, HerokuV3}},
		"duplicate id":            {func(_ Dialect, f url.Values) { f.Add("id", "res-43") }, `"id" is there more than once`, nil},
		"duplicate timestamp":     {func(_ Dialect, f url.Values) { f.Add("timestamp", "1700000000") }, `"timestamp" is there more than once`, nil},
		"another id":              {set("id", "res-43"), "proof that is missing or wrong", []Dialect{Clever, AppFog, HerokuV1}},
		"no id":                   {set("id", ""), "id is missing", []Dialect{Clever, AppFog, HerokuV1}},
		"another resource":        {set("resource_id", "other"), "proof that is missing or wrong", []Dialect{HerokuV3}},
		"another e-mail":          {set("email", "root@example.test"), "proof that is missing or wrong", []Dialect{Clever, HerokuV3}},
		"another user":            {set("user_id", "user_2"), "proof that is missing or wrong", []Dialect{Clever, HerokuV3}},
		"other nav-data":          {set("nav-data", "x"), "proof that is missing or wrong", []Dialect{Clever}},
		"downgraded":              {func(_ Dialect, f url.Values) { f.Set("signature", "0"); f.Del("signature") }, "proof that is missing or wrong", []Dialect{Clever}},
		"downgraded to a token":   {func(_ Dialect, f url.Values) { f.Del(string(UserScopedToken)) }, "proof that is missing or wrong", []Dialect{HerokuV3}},
		"a border moved": {func(d Dialect, f url.Values) {
			f.Set("id", "res-42:user_1")
			f.Set("user_id", "user@example.test")
			f.Set("email", f.Get("nav-data")+"x")
		}, `id has a ":"`, []Dialect{Clever}},
		"a colon, well signed": {func(d Dialect, f url.Values) { f.Set("email", "a:b@example.test"); resign(d, f) }, `email has a ":"`, []Dialect{Clever, HerokuV3}},
	} {
		for _, d := range c.only {
			badSignIn(t, name, d, c.spoil, c.want)
		}
		for _, d := range Dialects() {
			if c.only == nil {
				badSignIn(t, name, d, c.spoil, c.want)
			}
		}
	}
}

func badSignIn(t *testing.T, name string, d Dialect, spoil func(Dialect, url.Values), want string) {
	t.Helper()
	v, form := signIn(t, d, testNow)
	spoil(d, form)
	l, err := v.Verify(form)
	if err == nil || !strings.Contains(err.Error(), want) || l != (Login{}) {
		t.Errorf("%s in %s: %v, want %q", name, d, err, want)
	}
	if err != nil && strings.Contains(err.Error(), d.Scheme().Proof(Login{ID: form.Get("id"), Timestamp: form.Get("timestamp")}, testSalt)) {
		t.Errorf("%s in %s: the expected proof is printed", name, d)
	}
}

func TestAProofIsGoodOnce(t *testing.T) {
	for _, d := range Dialects() {
		v, form := signIn(t, d, testNow)
		now := testNow
		v.Now = func() time.Time { return now }
		if _, err := v.Verify(form); err != nil {
			t.Fatal(err)
		}
		for _, later := range []time.Duration{0, time.Minute, 5 * time.Minute} {
			now = testNow.Add(later)
			if _, err := v.Verify(form); err == nil {
				t.Errorf("%s: good again after %v", d, later)
			}
		}
		now = testNow.Add(time.Hour)
		form.Set("timestamp", d.Stamp(now))
		resign(d, form)
		if _, err := v.Verify(form); err != nil || len(v.seen) != 1 {
			t.Errorf("%s: %v; %d proofs are remembered, want the last one", d, err, len(v.seen))
		}
	}
}

// TestAProofIsGoodOnceWhateverElseIsSent: a form that somebody recorded is not
// another one for a field that its proof does not cover.
func TestAProofIsGoodOnceWhateverElseIsSent(t *testing.T) {
	for _, d := range Dialects() {
		for _, name := range []string{"id", "resource_id", "user_id", "email", "nav-data", "app", "name"} {
			v, form := signIn(t, d, testNow)
			if _, err := v.Verify(form); err != nil {
				t.Fatal(err)
			}
			form.Set(name, "other")
			if l, err := v.Verify(form); err == nil {
				t.Errorf("%s: with another %s it is good again, for %+v", d, name, l)
			}
		}
	}
}

func TestSignInRequests(t *testing.T) {
	_, form := signIn(t, HerokuV1, testNow)
	for name, c := range map[string]struct {
		method, target, kind, body string
		want                       int
	}{
		"GET":             {"GET", "/sso?" + form.Encode(), "", "", 405},
		"fields in query": {"POST", "/sso?" + form.Encode(), "application/x-www-form-urlencoded", "", 403},
		"JSON":            {"POST", "/sso", "application/json", "{}", 403},
		"no type":         {"POST", "/sso", "", form.Encode(), 403},
		"bad escape":      {"POST", "/sso", "application/x-www-form-urlencoded", "id=%zz", 403},
		"semicolon":       {"POST", "/sso", "application/x-www-form-urlencoded", strings.ReplaceAll(form.Encode(), "&", ";"), 403},
		"huge":            {"POST", "/sso", "application/x-www-form-urlencoded", "id=" + strings.Repeat("x", 17<<10), 413},
	} {
		v, _ := signIn(t, HerokuV1, testNow)
		r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		_, err := v.Request(r)
		refusal, ok := err.(*Refusal)
		if !ok || refusal.Status != c.want {
			t.Errorf("%s: %v, want %d", name, err, c.want)
		}
	}
}

func TestWhatCannotBeSigned(t *testing.T) {
	m := &Manifest{Dialect: Clever, SSOSalt: testSalt}
	site := Site{SSOURL: "https://kv.example.test/sso"}
	for name, l := range map[string]Login{
		"no id": {Email: "a@example.test"}, "a colon": {ID: "a:b"}, "a newline": {ID: "a", Email: "x\ny"},
	} {
		if in, err := m.SignIn(site, l, testNow); err == nil {
			t.Errorf("%s: signed as %v", name, in.Form)
		}
	}
	if _, err := m.SignIn(Site{}, Login{ID: "a"}, testNow); err == nil {
		t.Error("signed without an address")
	}
	if _, err := (&Manifest{}).SignIn(site, Login{ID: "a"}, testNow); err == nil {
		t.Error("signed without a salt")
	}
	if _, err := NewVerifier(Clever, "").Verify(url.Values{"id": {"a"}}); err == nil {
		t.Error("let in without a salt")
	}
}

func TestOldForm(t *testing.T) {
	m := &Manifest{Dialect: HerokuV1, SSOSalt: testSalt}
	in, err := m.SignIn(Site{SSOURL: "https://kv.example.test/heroku/resources", Old: true}, Login{ID: "a b"}, testNow)
	if err != nil || in.Method != "GET" || !strings.HasPrefix(in.Address(), "https://kv.example.test/heroku/resources/a%20b?app=&") {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestPageEscapes(t *testing.T) {
	var b strings.Builder
	in := &SignIn{Method: "POST", URL: `https://kv.example.test/"><script>`, Form: url.Values{`a"b`: {`"><script>alert(1)</script>`}}}
	if err := in.WritePage(&b); err != nil || strings.Contains(b.String(), "<script>") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// FuzzVerify holds the verifier to let nobody in but with the proof of just what
// is read from the form.
func FuzzVerify(f *testing.F) {
	for _, d := range Dialects() {
		_, form := signIn(f, d, testNow)
		f.Add(form.Encode())
	}
	f.Add("id=a&id=b&timestamp=1700000000")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		for _, d := range Dialects() {
			v := NewVerifier(d, testSalt)
			v.Now = func() time.Time { return testNow }
			l, err := v.Verify(form)
			if err == nil && form.Get(string(d.Scheme())) != d.Scheme().Proof(l, testSalt) {
				t.Fatalf("%s: let in by %q", d, body)
			}
			if _, err := v.Verify(form); err == nil {
				t.Fatalf("%s: let in twice by %q", d, body)
			}
		}
	})
}
