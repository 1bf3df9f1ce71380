package value

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// What says of a name that its value is a secret. It is the only such list; SecretName
// says how it is applied. All words are in lower case and singular.
var (
	// A name with one of these words among its own is a secret's: dbPassword, API_TOKEN.
	secretWords = words(`password passwd passwort passphrase passcode pass pwd secret token credential cred dsn salt cert private
		auth authorization bearer cookie otp pin apikey privkey`)
	// A word that has one of these in it is one, too: pgpassword, clientsecret.
	secretParts = words("password passwd passphrase secret credential")
	// So is a word that ends so, with something before it: rootpwd, authtoken, dbpass, sslcert.
	secretEnds = words("pwd token pass dsn apikey")
	// And a key or certificate whose use stands before it, in the same word or as its own.
	secretKeys = words(`api ssh priv private auth master secret access encrypt encryption decrypt decryption sign signing
		crypto cipher rsa dsa aes hmac gpg pgp tls ssl jwt app consumer client server session shared service account root
		deploy license webhook cellar vault`)

	// Words that only look as if: they end or begin as those above.
	innocentWords = words(`compass bypass trespass surpass overpass underpass encompass passed passes passing passage passenger
		passive passthrough monkey turkey donkey keyboard keyword keynote hotkey concert basalt spin certain
		tokenizer tokenize secretary author`)
	// A name that ends in one of these tells something about a secret, and is none.
	aboutWords = words(`file filename path dir directory folder name length len count size ttl expire expiry expiration expires
		expired age lifetime policy type format algorithm alg version enabled required rotation header field hint url uri endpoint
		host port user username mode method id owner`)
	// A name with one of these is not a key's or a certificate's that must be hidden.
	publicWords = words("public pub authorized foreign primary partition sort order group cache dict map lookup row column index hash shard")
	// private before one of these is a word about networks and code, not about secrets.
	privateThings = words("ip ips ipv4 ipv6 network net subnet address addr host hostname dns zone cidr range registry repo repository cloud link interface port")
)

func words(list string) map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		all[w] = true
	}
	return all
}

// secretRoots are the first letters of all words that say secret, by the first of them:
// most names have none, which is found without cutting them into words.
var secretRoots = roots(secretWords, secretParts, secretEnds, words("key"))

func roots(lists ...map[string]bool) (by [256][]string) {
	for _, list := range lists {
		for w := range list {
			if root := w[:3]; !slices.Contains(by[root[0]], root) {
				by[root[0]] = append(by[root[0]], root)
			}
		}
	}
	return by
}

// mayBeSecret reports whether a name has the root of a word that says secret in it.
func mayBeSecret(name string) bool {
	for i := 0; i+3 <= len(name); i++ {
		for _, root := range secretRoots[name[i]|0x20] {
			if strings.EqualFold(name[i:i+3], root) {
				return true
			}
		}
	}
	return false
}

// SecretName reports whether a variable, a key of a map or a parameter of this name
// holds a secret: DB_PASSWORD, dbPassword, db-passwords, pgpass2, api_key, key. Names
// that only sound like it do not: monkey, passed, public_key, token_ttl, private_ip.
func SecretName(name string) bool {
	if !mayBeSecret(name) {
		return false
	}
	parts := nameWords(name)
	if len(parts) == 0 {
		return false
	}
	last := parts[len(parts)-1]
	if len(parts) > 1 && aboutWords[last] && !(last == "id" && parts[len(parts)-2] == "secret") {
		return false
	}
	public := slices.ContainsFunc(parts, func(w string) bool { return publicWords[w] })
	for i, w := range parts {
		next, before := "", ""
		if i+1 < len(parts) {
			next = parts[i+1]
		}
		if i > 0 {
			before = parts[i-1]
		}
		switch {
		case innocentWords[w]:
		case w == "private":
			if !privateThings[next] {
				return true
			}
		case w == "key":
			if !public && (len(parts) == 1 || next == "" || secretKeys[before]) {
				return true
			}
		case w == "cert" || w == "pass" || w == "auth" || w == "pin":
			if !public && (w != "auth" || len(parts) > 1 && next == "" || len(parts) == 1) {
				return true
			}
		case secretWord(w):
			return true
		}
	}
	return false
}

// secretWord reports whether one word of a name says secret.
func secretWord(w string) bool {
	if secretWords[w] {
		return true
	}
	for part := range secretParts {
		if strings.Contains(w, part) {
			return true
		}
	}
	for end := range secretEnds {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	for _, end := range []string{"key", "cert"} {
		if use, ok := strings.CutSuffix(w, end); ok && secretKeys[use] {
			return true
		}
	}
	return false
}

// nameWords cuts a name into its words, in lower case and singular, without numbers:
// "dbPasswords_2" are db and password.
func nameWords(name string) []string {
	var all []string
	var word []rune
	end := func() {
		w := strings.ToLower(string(word))
		if word = word[:0]; w == "" {
			return
		}
		if single := strings.TrimSuffix(w, "s"); len(single) > 2 && !innocentWords[w] && !strings.HasSuffix(single, "s") {
			w = single
		}
		all = append(all, w)
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return all
}

// URLPassword finds the passwords in addresses: what stands between the colon and the
// @ of scheme://user:password@host.
var URLPassword = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@'"<>]*:([^\s/@'"<>]+(?:@[^\s/@'"<>]+)*)@`)

// WithoutPasswords returns a text with the passwords of the addresses in it masked,
// and those passwords.
func WithoutPasswords(text string) (string, []string) {
	if !strings.Contains(text, "://") || !strings.Contains(text, "@") {
		return text, nil
	}
	var found []string
	var b strings.Builder
	from := 0
	for _, at := range URLPassword.FindAllStringSubmatchIndex(text, -1) {
		if inner := text[at[2]:at[3]]; inner != Masked {
			found = append(found, inner)
		}
		b.WriteString(text[from:at[2]] + Masked)
		from = at[3]
	}
	return b.String() + text[from:], found
}

// MarkNamed marks in v what stands under names that say secret, and addresses with
// passwords. In a pair of key (or name) and value, the key is a name, and says what
// the value is.
func MarkNamed(v Value) Value {
	if !holdsNamed(v) {
		return v
	}
	switch v := v.(type) {
	case string:
		shown, _ := WithoutPasswords(v)
		return NewSecret(v, shown)
	case []Value:
		return namedList(v)
	case Tuple:
		return Tuple(namedList(v))
	case *Later:
		return v.Then(MarkNamed)
	case *Map:
		out, pair := &Map{}, pairName(v)
		for k, e := range v.Stored() {
			if saysSecret(k, pair) {
				e = Mark(e)
			} else {
				e = MarkNamed(e)
			}
			out.Set(k, e)
		}
		return out
	}
	return v
}

func namedList(l []Value) []Value {
	out := make([]Value, len(l))
	for i, e := range l {
		out[i] = MarkNamed(e)
	}
	return out
}

// holdsNamed reports whether MarkNamed has anything to do.
func holdsNamed(v Value) bool {
	switch v := v.(type) {
	case string:
		_, found := WithoutPasswords(v)
		return found != nil
	case []Value:
		return anyIs(v, holdsNamed)
	case Tuple:
		return anyIs(v, holdsNamed)
	case *Later:
		return true
	case *Map:
		pair := pairName(v)
		for k, e := range v.Stored() {
			if saysSecret(k, pair) || holdsNamed(e) {
				return true
			}
		}
	}
	return false
}

// pairName returns what a map of key (or name) and value is about, "" for another map.
func pairName(m *Map) (name string) {
	if m == nil {
		return ""
	}
	if _, ok := m.values["value"]; !ok {
		return ""
	}
	for _, k := range [...]string{"key", "name"} {
		if s, ok := m.values[k].(string); ok {
			return s
		}
	}
	return ""
}

// saysSecret reports whether a key of a map says that its value is a secret; pair is
// the name that the value of the pair has.
func saysSecret(k Value, pair string) bool {
	name, _ := k.(string)
	if pair != "" && (name == "key" || name == "value") {
		return name == "value" && SecretName(pair)
	}
	return SecretName(name)
}

// PairSays is saysSecret for maps that are not values yet: whether what stands under
// a name is a secret, where the map has these texts under key or name, and value.
func PairSays(name, pair string) bool { return saysSecret(name, pair) }
