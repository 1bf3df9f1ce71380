package clever

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"net/http"

	"github.com/dghubble/oauth1"
)

// A Method is how requests are signed (docs/platform.md §1.4).
type Method string

// The methods that the platform takes.
const (
	HMACSHA512 Method = "HMAC-SHA512" // what the platform recommends, and the default
	HMACSHA1   Method = "HMAC-SHA1"
	Plaintext  Method = "PLAINTEXT" // sends the secrets themselves
)

func (m Method) known() bool { return m == HMACSHA512 || m == HMACSHA1 || m == Plaintext }

// signed wraps a transport so that it signs each request that passes. Without
// credentials it is the transport itself.
//
// The library signs the first of several query members of one name only, so
// no URL of this package has two.
func signed(base http.RoundTripper, c Credentials, m Method) http.RoundTripper {
	if c.Token == "" {
		return base
	}
	cfg := oauth1.NewConfig(c.ConsumerKey, c.ConsumerSecret)
	cfg.Signer = signerOf(m, c.ConsumerSecret)
	ctx := context.WithValue(context.Background(), oauth1.HTTPClient, &http.Client{Transport: base})
	return cfg.Client(ctx, oauth1.NewToken(c.Token, c.Secret)).Transport
}

func signerOf(m Method, consumerSecret string) oauth1.Signer {
	switch m {
	case HMACSHA1:
		return &oauth1.HMACSigner{ConsumerSecret: consumerSecret}
	case Plaintext:
		return plaintext{consumerSecret}
	default:
		return hmacSHA512{consumerSecret}
	}
}

// hmacSHA512 signs as HMAC-SHA1 does (RFC 5849 §3.4.2), with a longer digest.
type hmacSHA512 struct{ consumerSecret string }

func (hmacSHA512) Name() string { return string(HMACSHA512) }

func (s hmacSHA512) Sign(tokenSecret, message string) (string, error) {
	mac := hmac.New(sha512.New, []byte(signingKey(s.consumerSecret, tokenSecret)))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// plaintext sends the key as the signature (RFC 5849 §3.4.4).
type plaintext struct{ consumerSecret string }

func (plaintext) Name() string { return string(Plaintext) }

func (s plaintext) Sign(tokenSecret, _ string) (string, error) {
	return signingKey(s.consumerSecret, tokenSecret), nil
}

func signingKey(consumerSecret, tokenSecret string) string {
	return oauth1.PercentEncode(consumerSecret) + "&" + oauth1.PercentEncode(tokenSecret)
}
