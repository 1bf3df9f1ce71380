package emulator

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A consumer that an owner registered signs like any other, until it is removed.
func TestOwnConsumers(t *testing.T) {
	e, _ := newEmulator(t, Options{Strict: true})
	c := inProcessClient(t, e)
	c.auth = plain(consumerSecret, tokenSecret)
	base := "/v2/organisations/" + e.Organisations()[0] + "/consumers"
	var made struct {
		Key, Name, BaseURL string
		Rights             map[string]bool
	}
	c.must("POST", base, `{"name":"shop","baseUrl":"https://shop.example.com","rights":{"access_organisations":true,"almighty":true}}`, &made)
	if made.Name != "shop" || !made.Rights["access_organisations"] || made.Rights["almighty"] || len(made.Rights) != 12 {
		t.Errorf("made %+v", made)
	}
	var secret struct{ Secret string }
	c.must("GET", base+"/"+made.Key+"/secret", nil, &secret)
	own := inProcessClient(t, e)
	own.auth = strings.Replace(plain(secret.Secret, tokenSecret), consumerKey, made.Key, 1)
	own.must("GET", "/v2/self", nil, nil)
	for callback, want := range map[string]int{"https://shop.example.com/back": 200, "https://evil.example.com/back": 400} {
		r := httptest.NewRequest("POST", "/v2/oauth/request_token", nil)
		r.Header.Set("Authorization", fmt.Sprintf(`OAuth oauth_consumer_key="%s", oauth_signature="%s%%26", oauth_callback="%s"`, made.Key, secret.Secret, url.QueryEscape(callback)))
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("a login that comes back to %s: %d %s", callback, w.Code, w.Body)
		}
	}
	for _, body := range []string{`{"name":"x"}`, `{"baseUrl":"https://a"}`, `{"name":"x","baseUrl":"ftp://a"}`} {
		if status, _ := c.refused("POST", base, body); status != 400 {
			t.Errorf("%s: %d", body, status)
		}
	}
	c.must("PUT", base+"/"+made.Key, `{"name":"store"}`, &made)
	var s struct {
		Organisations []struct{ Consumers []struct{ Key, Name string } }
	}
	c.must("GET", "/v2/summary", nil, &s)
	if got := s.Organisations[0].Consumers; len(got) != 1 || got[0].Name != "store" || made.BaseURL != "https://shop.example.com" {
		t.Errorf("the summary has %+v, the consumer is %+v", got, made)
	}
	c.must("DELETE", base+"/"+made.Key, nil, nil)
	if status := own.ask("GET", "/v2/self", nil, nil); status != 401 {
		t.Errorf("after its removal: %d", status)
	}
}

// A token of the bridge is sent as it is, as long as it lives.
func TestAPITokens(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	e, _ := newEmulator(t, Options{Strict: true, Now: func() time.Time { return now }})
	c := inProcessClient(t, e)
	c.auth = ""
	var made struct{ APIToken, APITokenID string }
	body := `{"email":"ops@example.test","password":"x","name":"ci","expirationDate":"2026-06-01T00:00:00Z"}`
	c.must("POST", "/api-tokens", body, &made)
	for _, wrong := range []string{strings.Replace(body, "ops@", "eve@", 1), strings.Replace(body, `"x"`, `""`, 1), strings.Replace(body, "2026-06", "2026-04", 1), strings.Replace(body, "2026-06", "2028-06", 1)} {
		if status := c.ask("POST", "/api-tokens", wrong, nil); status != 400 && status != 401 {
			t.Errorf("%s: %d", wrong, status)
		}
	}
	b := inProcessClient(t, e)
	b.auth = "Bearer " + made.APIToken
	b.must("GET", "/v2/self", nil, nil)
	var list []struct{ APITokenID, State string }
	b.must("GET", "/api-tokens", nil, &list)
	if len(list) != 1 || list[0].State != "ACTIVE" {
		t.Errorf("there are %+v", list)
	}
	now = now.AddDate(0, 2, 0)
	if status := b.ask("GET", "/v2/self", nil, nil); status != 401 {
		t.Errorf("after its end: %d", status)
	}
	now = now.AddDate(0, -2, 0)
	b.must("DELETE", "/api-tokens/"+made.APITokenID, nil, nil)
	if status := b.ask("GET", "/v2/self", nil, nil); status != 401 {
		t.Errorf("after its removal: %d", status)
	}
}

// What is signed is good once, and for five minutes, if that is looked at.
func TestStrictTime(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	e, _ := newEmulator(t, Options{Strict: true, StrictTime: true, Now: func() time.Time { return now }})
	lax, _ := newEmulator(t, Options{Strict: true, Now: func() time.Time { return now }})
	ask := func(h http.Handler, at time.Time, nonce string) int {
		t.Helper()
		members := fmt.Sprintf("oauth_consumer_key=%s&oauth_nonce=%s&oauth_signature_method=HMAC-SHA1&oauth_timestamp=%d&oauth_token=%s&oauth_version=1.0",
			consumerKey, nonce, at.Unix(), tokenName)
		base := "GET&" + url.QueryEscape("http://emulator.test/v2/self") + "&" + url.QueryEscape(members)
		mac := hmac.New(sha1.New, []byte(consumerSecret+"&"+tokenSecret))
		mac.Write([]byte(base))
		r := httptest.NewRequest("GET", "http://emulator.test/v2/self", nil)
		r.Header.Set("Authorization", "OAuth "+strings.ReplaceAll(members, "&", ", ")+", oauth_signature="+url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil))))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, step := range []struct {
		name  string
		later time.Duration
		nonce string
		want  int
	}{
		{"now", 0, "a", 200}, {"again", 0, "a", 401}, {"another nonce", 0, "b", 200}, {"another time", time.Second, "a", 200},
		{"long ago", -6 * time.Minute, "c", 401}, {"ahead", 6 * time.Minute, "d", 401}, {"a little ago", -4 * time.Minute, "e", 200},
	} {
		if got := ask(e, now.Add(step.later), step.nonce); got != step.want {
			t.Errorf("%s: %d, want %d", step.name, got, step.want)
		}
		if got := ask(lax, now.Add(step.later), step.nonce); got != 200 {
			t.Errorf("%s, where nobody looks: %d", step.name, got)
		}
	}
	c := inProcessClient(t, e)
	c.auth = plain(consumerSecret, tokenSecret) // says neither
	c.must("GET", "/v2/self", nil, nil)
	c.must("GET", "/v2/self", nil, nil)
}
