package engine

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"

	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// mostForms is how long a text may be whose encoded forms are looked for, too: a
// key of several lines is looked for line by line.
const mostForms = 64 << 10

// encodedForms returns how other programs may write a text, forms that are the text
// itself left out.
func encodedForms(text string) []string {
	if len(text) > mostForms {
		return nil
	}
	quoted := strconv.Quote(text)
	ascii := strconv.QuoteToASCII(text)
	forms := []string{
		inner(quoted), inner(ascii), inner(value.Quote(text)),
		inner(format.JSON(text, format.JSONStyle{})), inner(format.JSON(text, format.JSONStyle{ASCII: true})), jsonOfGo(text),
		strings.ReplaceAll(text, "'", `'"'"'`), strings.ReplaceAll(text, "'", `'\''`), strings.ReplaceAll(text, "'", "''"),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(text),
		html.EscapeString(text), strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(text),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "\n", "&#xA;", "\t", "&#x9;", "\r", "&#xD;").Replace(text),
		hex.EncodeToString([]byte(text)), strings.ToUpper(hex.EncodeToString([]byte(text))),
	}
	forms = append(forms, percentForms(text)...)
	forms = append(forms, base64Forms(text)...)
	for _, other := range []string{strings.ToUpper(text), strings.ToLower(text)} {
		if len(other) >= 8 && !ordinary(other) {
			forms = append(forms, other)
		}
	}
	return forms
}

// inner returns a quoted text without its quotes.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

func jsonOfGo(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return inner(string(out))
}

// percentForms returns a text as it stands in addresses.
func percentForms(text string) []string {
	var forms []string
	for _, form := range []string{url.QueryEscape(text), url.PathEscape(text), url.UserPassword("", text).String()[1:],
		strings.ReplaceAll(url.QueryEscape(text), "+", "%20"), strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(text), "+", "%20"), "%2F", "/")} {
		forms = append(forms, form, lowerPercent(form))
	}
	return forms
}

// lowerPercent writes the digits of %2F small.
func lowerPercent(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// base64Forms returns a text in base64, alone and inside of a longer text, where its
// letters depend on how many bytes stand before it: "user:" and the text.
func base64Forms(text string) []string {
	var forms []string
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			all := alphabet.EncodeToString(append(make([]byte, before), text...))
			from, to := (before*8+5)/6, (before+len(text))*8/6
			forms = append(forms, all[from:to])
		}
		forms = append(forms, alphabet.EncodeToString([]byte(text)))
	}
	return forms
}
