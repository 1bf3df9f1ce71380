package login

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The request of RFC 5849 §3.4.1, whose base string is printed there.
func TestBaseString(t *testing.T) {
	r := httptest.NewRequest("POST", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", nil)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", `OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2",
		oauth_token="kkk9d7dh3k39sjv7", oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201",
		oauth_nonce="7d8f3e4a", oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"`)
	s, err := readSigned(r, []byte("c2&a3=2+q"))
	if err != nil {
		t.Fatal(err)
	}
	want := "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D" +
		"%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1" +
		"%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if diff := cmp.Diff(want, s.base("http", s.query)); diff != "" {
		t.Error(diff)
	}
}

// The request for a photo of RFC 5849 §1.2.
func TestPublishedSignature(t *testing.T) {
	r := httptest.NewRequest("GET", "http://photos.example.net/photos?file=vacation.jpg&size=original", nil)
	r.Header.Set("Authorization", `OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk",
		oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH", oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"`)
	s, err := readSigned(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.verify("kd94hf93k423kf44", "pfkkdhi9sl3r4s00"); err != nil {
		t.Error(err)
	}
	if s.verify("kd94hf93k423kf44", "pfkkdhi9sl3r4s01") == nil {
		t.Error("a wrong secret is accepted")
	}
}

const hmacMembers = "oauth_consumer_key=emulator-consumer&oauth_token=emulator-token&oauth_timestamp=1767225600" +
	"&oauth_nonce=once&oauth_version=1.0&oauth_signature_method="

// asHeader writes form-encoded members as an Authorization header.
func asHeader(members string) string {
	return "OAuth " + strings.ReplaceAll(strings.ReplaceAll(members, "=", `="`), "&", `", `) + `"`
}

// The expected signatures were made by another program, Python's hmac, from base
// strings put together by hand.
func TestHMAC(t *testing.T) {
	const query = "tag=a%20b&%C3%A9=%2B"
	for _, tt := range []struct{ name, url, method, signature string }{
		{"query, SHA-1", "http://emulator.test/v4/products/zones", "HMAC-SHA1", "qduJ/0rvurlRWVi1cIbYP0Svsak="},
		{"no query, SHA-1", "http://emulator.test/v4/products/zones", "HMAC-SHA1", "NG/qTsyAo8Kf5F56W13vzjR91/E="},
		{"https and a port, SHA-1", "http://emulator.test:8443/v4/products/zones", "HMAC-SHA1", "Q4CExv3mU8jf06Ljxg/F6jGO9w4="},
		{"query, SHA-512", "http://emulator.test/v4/products/zones", "HMAC-SHA512",
			"c10IKlCXZJCA9KsTfZ6uMFa8zgt+NpKEWhZk3F/sVvePmMJFUv3zbqpiRygsG9eZxOcuqTlnO9G/O6KYBgw4Ig=="},
		{"no query, SHA-512", "http://emulator.test/v4/products/zones", "HMAC-SHA512",
			"NZaVHZKH0rGTSCPj4aOZHjo46pd9/xJ119e9VLgLwKdEX/jrLqiOY+Xu6pBTMvOmySnmHNMqyMoLQyExHfau2Q=="},
		{"https and a port, SHA-512", "http://emulator.test:8443/v4/products/zones", "HMAC-SHA512",
			"4R9B0BV8R0gWGtppdVfDTHBwb8yrGCL8aDRlQvsKrqbPW+x4vxms4O4kHy/RZKHISEb25e4hIigVrZM0XM6IrA=="},
	} {
		members := hmacMembers + tt.method + "&oauth_signature=" + url.QueryEscape(tt.signature)
		t.Run(tt.name+" in the header", func(t *testing.T) {
			r := httptest.NewRequest("GET", tt.url+"?"+query, nil)
			r.Header.Set("Authorization", asHeader(members))
			verified(t, r)
		})
		t.Run(tt.name+" in the query", func(t *testing.T) {
			verified(t, httptest.NewRequest("GET", tt.url+"?"+query+"&"+members, nil))
		})
	}
}

func verified(t *testing.T, r *http.Request) {
	t.Helper()
	s, err := readSigned(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.verify(ownConsumerSecret, ownTokenSecret); err != nil {
		t.Error(err)
	}
	if s.verify(ownConsumerSecret, ownTokenSecret+"x") == nil || s.verify("", "") == nil {
		t.Error("a wrong secret is accepted")
	}
	s.method = "DELETE"
	if s.verify(ownConsumerSecret, ownTokenSecret) == nil {
		t.Error("another method is accepted")
	}
}
