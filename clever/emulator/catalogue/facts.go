package catalogue

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"runner/clever"
)

// Facts are what an add-on gets when it is ordered: the names, passwords and
// hosts that its environment and its details are written from. The catalogue
// says how each is made:
//
//	b:20, u:20     that letter first, lower-case letters and digits, 20 in all
//	word:20        20 letters and digits
//	upper:20       20 capital letters and digits
//	hex:16         16 hexadecimal digits
//	uuid:app_      a random UUID behind that prefix
//	={a}-x.test    text with other facts in it
const (
	LowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"
	alphanumeric      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + LowerAlphanumeric
)

// NewFacts makes the facts of a new add-on.
func (p *Provider) NewFacts() map[string]string {
	facts := map[string]string{}
	for name, rule := range p.Facts {
		if !strings.HasPrefix(rule, "=") {
			facts[name] = newFact(rule)
		}
	}
	in := Braces(facts)
	for name, rule := range p.Facts {
		if text, ok := strings.CutPrefix(rule, "="); ok {
			facts[name] = in.Replace(text)
		}
	}
	return facts
}

// Derived returns the facts that follow from others, as they follow from these.
func (p *Provider) Derived(facts map[string]string) map[string]string {
	derived, in := map[string]string{}, Braces(facts)
	for name, rule := range p.Facts {
		if text, ok := strings.CutPrefix(rule, "="); ok {
			derived[name] = in.Replace(text)
		}
	}
	return derived
}

// Constants returns the facts that are the same for all add-ons of the provider.
func (p *Provider) Constants() map[string]string {
	facts := map[string]string{}
	for name, rule := range p.Facts {
		if text, ok := strings.CutPrefix(rule, "="); ok && !strings.Contains(text, "{") {
			facts[name] = text
		}
	}
	return facts
}

func newFact(rule string) string {
	kind, arg, _ := strings.Cut(rule, ":")
	if kind == "uuid" {
		return arg + NewUUID()
	}
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 {
		return ""
	}
	switch kind {
	case "word":
		return RandomText(alphanumeric, n)
	case "upper":
		return RandomText("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", n)
	case "hex":
		return RandomText("0123456789abcdef", n)
	default:
		return kind + RandomText(LowerAlphanumeric, n-len(kind))
	}
}

// Braces replaces {name} by the fact of that name.
func Braces(facts map[string]string) *strings.Replacer {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		pairs = append(pairs, "{"+name+"}", facts[name])
	}
	return strings.NewReplacer(pairs...)
}

// NewUUID returns a random UUID, version 4 of RFC 4122: the vendor's command line
// takes anything else for a name.
func NewUUID() string { return clever.NewUUID() }

// RandomText draws n characters, each as likely as the other.
func RandomText(alphabet string, n int) string {
	limit := 256 - 256%len(alphabet)
	text := make([]byte, 0, n)
	var b [64]byte
	for len(text) < n {
		_, _ = rand.Read(b[:])
		for _, x := range b {
			if int(x) < limit && len(text) < n {
				text = append(text, alphabet[int(x)%len(alphabet)])
			}
		}
	}
	return string(text)
}

// UUIDOf returns always the same UUID for a text.
func UUIDOf(text string) string {
	b := sha256.Sum256([]byte(text))
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
