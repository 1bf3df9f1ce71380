package emulator

import (
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestStrictAuthentication(t *testing.T) {
	e, c := newEmulator(t, Options{Strict: true, Consumers: map[string]string{"second": "a&b%c"}})
	const own = `OAuth oauth_consumer_key="emulator-consumer", oauth_token="emulator-token", `
	const form = "application/x-www-form-urlencoded"
	good := plain(consumerSecret, tokenSecret)
	for _, tt := range []struct {
		name, auth, query string
		status            int
	}{
		{"plain, as the command line writes it", good, "", 200},
		{"plain, not escaped", strings.Replace(good, "%26", "&", 1), "", 200},
		{"plain, declared", good + `, oauth_signature_method="PLAINTEXT", oauth_version="1.0", oauth_timestamp="1", oauth_nonce="n"`, "", 200},
		{"plain, escaped twice", strings.Replace(good, "%26", "%2526", 1), "", 200},
		{"plain, in the query", "", "oauth_consumer_key=emulator-consumer&oauth_token=emulator-token&oauth_signature=" +
			url.QueryEscape(consumerSecret+"&"+tokenSecret), 200},
		{"header in the query", "", "authorization=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(good))), 200},
		{"another consumer, secrets with signs", `OAuth oauth_consumer_key="second",oauth_token="emulator-token",oauth_signature="a%2526b%2525c%26` + tokenSecret + `"`, "", 200},
		{"nothing", "", "", 401},
		{"bearer", "Bearer emulator-token", "", 401},
		{"basic", "Basic ZW11bGF0b3I6eA==", "", 401},
		{"wrong consumer secret", plain("x", tokenSecret), "", 401},
		{"wrong token secret", plain(consumerSecret, "x"), "", 401},
		{"no secrets", plain("", ""), "", 401},
		{"no signature", strings.TrimSuffix(own, ", "), "", 401},
		{"unknown consumer", strings.Replace(good, consumerKey, "other", 1), "", 401},
		{"unknown token", strings.Replace(good, `"emulator-token"`, `"other"`, 1), "", 401},
		{"unknown method", good + `, oauth_signature_method="RSA-SHA1"`, "", 401},
		{"version", good + `, oauth_version="2.0"`, "", 401},
		{"timestamp", good + `, oauth_timestamp="yesterday"`, "", 401},
		{"twice", good + `, oauth_token="emulator-token"`, "", 401},
		{"escapes", own + `oauth_signature="%zz"`, "", 401},
		{"query's escapes", good, "x=%zz", 401},
		{"hmac without nonce", own + `oauth_signature_method="HMAC-SHA1", oauth_timestamp="1", oauth_signature="eA=="`, "", 401},
		{"hmac not base64", own + `oauth_signature_method="HMAC-SHA1", oauth_timestamp="1", oauth_nonce="n", oauth_signature="!"`, "", 401},
		{"hmac wrong", own + `oauth_signature_method="HMAC-SHA512", oauth_timestamp="1", oauth_nonce="n", oauth_signature="eA=="`, "", 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := *c
			c.t, c.auth = t, tt.auth
			if status := c.ask("GET", "/v2/self?"+tt.query, nil, nil); status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
		})
	}
	r := httptest.NewRequest("POST", "/v2/self/addons", strings.NewReader(
		"oauth_consumer_key=emulator-consumer&oauth_token=emulator-token&oauth_signature="+url.QueryEscape(consumerSecret+"&"+tokenSecret)))
	r.Header.Set("Content-Type", form+"; charset=utf-8")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != 400 { // known, though its body is no order
		t.Errorf("signed by a form: %d %s", w.Code, w.Body)
	}
	c.auth = ""
	for _, public := range []string{"/v2/products/addonproviders", "/v4/products/zones", "/v4/addon-providers/redis-addon"} {
		if status := c.ask("GET", public, nil, nil); status != 200 {
			t.Errorf("%s without credentials: %d", public, status)
		}
	}
}

func TestLaxAuthentication(t *testing.T) {
	_, c := newEmulator(t, Options{})
	for auth, want := range map[string]int{
		"": 401, "Bearer": 401, "Bearer ": 401, `OAuth oauth_token=""`: 401, "OAuth": 401,
		"Bearer x": 200, `OAuth oauth_token="x"`: 200, `oauth oauth_token=x`: 200,
	} {
		c.auth = auth
		if got := c.ask("GET", "/v2/self", nil, nil); got != want {
			t.Errorf("%q: %d, want %d", auth, got, want)
		}
	}
}
