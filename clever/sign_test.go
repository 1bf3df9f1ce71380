package clever

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dghubble/oauth1"
)

// The example of OAuth Core 1.0a, appendix A.5; the keys are published there.
const exampleBase = "GET&http%3A%2F%2Fphotos.example.net%2Fphotos&file%3Dvacation.jpg%26" +
	"oauth_consumer_key%3Ddpf43f3p2l4k3l03%26oauth_nonce%3Dkllo9940pd9333jh%26" +
	"oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D1191242096%26" +
	"oauth_token%3Dnnch734d00sl2jdk%26oauth_version%3D1.0%26size%3Doriginal"

func TestSignersGivePublishedSignatures(t *testing.T) {
	tests := []struct {
		name, consumerSecret, tokenSecret, base, want string
		method                                        Method
	}{
		{"appendix A.5", "kd94hf93k423kf44", "pfkkdhi9sl3r4s00", exampleBase,
			"tR3+Ty81lMeYAr/Fid0kMTYa/WM=", HMACSHA1},
		{"appendix A.5 with SHA-512, computed with Python's hmac", "kd94hf93k423kf44", "pfkkdhi9sl3r4s00",
			strings.Replace(exampleBase, "SHA1", "SHA512", 1),
			"nQYVqZl8EkEH4fThSn+25i1gc68aX+FHTHSAXrxIl2ixdAofXM/pq2x90UaOFIZQxvkzE5VRZpPbjo6i+fe6rg==", HMACSHA512},
		{"secrets with signs, computed with Python's hmac", "a&b c", "d+e%f", "GET&message", "33OOcThfoPEL+athc7lvkp+VvRRQdg4ucS0/pwJLrAbGwNdYSdLJ9GwgeJX8PZpjWgH+inHQId9U4sLkVFYCoA==", HMACSHA512},
		{"plain text, RFC 5849 §3.4.4", "a&b c", "d+e%f", "GET&message", "a%26b%20c&d%2Be%25f", Plaintext},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := signerOf(tt.method, tt.consumerSecret)
			got, err := s.Sign(tt.tokenSecret, tt.base)
			if err != nil || got != tt.want {
				t.Errorf("signature %q, %v; want %q", got, err, tt.want)
			}
			if s.Name() != string(tt.method) {
				t.Errorf("the signer of %s calls itself %s", tt.method, s.Name())
			}
		})
	}
}

func TestRequestsAreSignedByTheBook(t *testing.T) {
	creds := Credentials{ConsumerKey: "consumer-key", ConsumerSecret: "consumer&secret", Token: "user-token", Secret: "token secret"}
	urls := []string{
		"https://api.example.test/v2/self",
		"http://127.0.0.1:8080/v2/products/addonproviders?orgaId=orga_1",
		"https://Api.Example.TEST/v2/self/addons/a%2Fb%20c/env?x=y+z&w=%C3%A9~",
		"http://[::1]:8080/v4/products/zones?tag=for%3Aapplications",
	}
	for _, m := range []Method{HMACSHA1, HMACSHA512, Plaintext} {
		for _, u := range urls {
			t.Run(string(m)+" "+u, func(t *testing.T) {
				var seen *http.Request
				rt := signed(transportFunc(func(r *http.Request) (*http.Response, error) {
					seen = r
					return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
				}), creds, m)
				req, err := http.NewRequest(http.MethodGet, u, nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := rt.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if req.Header.Get("Authorization") != "" {
					t.Error("the request that was given has been changed")
				}
				checkSignature(t, seen, creds, m)
			})
		}
	}
}

// checkSignature verifies a request as RFC 5849 §3.4 tells a server to, by code
// that shares nothing with the library.
func checkSignature(t *testing.T, r *http.Request, creds Credentials, m Method) {
	t.Helper()
	members := authorization(t, r)
	for name, want := range map[string]string{
		"oauth_consumer_key": creds.ConsumerKey, "oauth_token": creds.Token,
		"oauth_signature_method": string(m), "oauth_version": "1.0",
	} {
		if members[name] != want {
			t.Errorf("%s is %q, want %q", name, members[name], want)
		}
	}
	if members["oauth_nonce"] == "" || members["oauth_timestamp"] == "" {
		t.Errorf("nonce or timestamp is missing in %v", members)
	}
	if got, want := members["oauth_signature"], expectedSignature(r, members, creds, m); got != want {
		t.Errorf("signature %q, want %q", got, want)
	}
}

func authorization(t *testing.T, r *http.Request) map[string]string {
	t.Helper()
	list, ok := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth ")
	if !ok {
		t.Fatalf("no OAuth header: %q", r.Header.Get("Authorization"))
	}
	members := map[string]string{}
	for m := range strings.SplitSeq(list, ", ") {
		name, value, _ := strings.Cut(m, "=")
		plain, err := url.PathUnescape(strings.Trim(value, `"`))
		if err != nil {
			t.Fatal(err)
		}
		members[name] = plain
	}
	return members
}

func expectedSignature(r *http.Request, members map[string]string, creds Credentials, m Method) string {
	enc := oauth1.PercentEncode
	key := enc(creds.ConsumerSecret) + "&" + enc(creds.Secret)
	if m == Plaintext {
		return key
	}
	var pairs []string
	for name, value := range members {
		if name != "oauth_signature" {
			pairs = append(pairs, enc(name)+"="+enc(value))
		}
	}
	for name, values := range r.URL.Query() {
		for _, v := range values {
			pairs = append(pairs, enc(name)+"="+enc(v))
		}
	}
	slices.Sort(pairs)
	target := r.URL.Scheme + "://" + strings.ToLower(r.URL.Host) + r.URL.EscapedPath()
	base := r.Method + "&" + enc(target) + "&" + enc(strings.Join(pairs, "&"))
	digest := map[Method]func() hash.Hash{HMACSHA1: sha1.New, HMACSHA512: sha512.New}[m]
	mac := hmac.New(digest, []byte(key))
	mac.Write([]byte(base))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestWithoutATokenNothingIsSigned(t *testing.T) {
	base := transportFunc(func(r *http.Request) (*http.Response, error) {
		if h := r.Header.Get("Authorization"); h != "" {
			t.Errorf("an unsigned request carries %q", h)
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	req, err := http.NewRequest(http.MethodGet, "https://api.example.test/v4/products/zones", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := signed(base, Credentials{}, HMACSHA512).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// A transportFunc is a transport that a test plays.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
