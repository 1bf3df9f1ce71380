package builtin

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"strings"
)

const cryptLetters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// A cryptKind is one of the two variants of SHA-crypt.
type cryptKind struct {
	id     string
	hash   func() hash.Hash
	triple func(i int) (a, b, c int) // which bytes make the i-th four letters
	rest   []int                     // the bytes left over, last letters first
}

// These are functions, so that nothing of the package can be changed.
func sha512Crypt() cryptKind {
	return cryptKind{"6", sha512.New, func(i int) (a, b, c int) {
		t := [3]int{i, i + 21, i + 42}
		return t[i%3], t[(i+1)%3], t[(i+2)%3]
	}, []int{63}}
}

func sha256Crypt() cryptKind {
	return cryptKind{"5", sha256.New, func(i int) (a, b, c int) {
		t := [3]int{i, i + 10, i + 20}
		return t[(3-i%3)%3], t[(4-i%3)%3], t[(5-i%3)%3]
	}, []int{30, 31}}
}

// shaCrypt makes a password hash by Ulrich Drepper's specification of SHA-crypt.
// Rounds 0 means the 5000 that need no mention.
func shaCrypt(kindOf func() cryptKind, password, salt string, rounds int) string {
	kind := kindOf()
	key, saltBytes := []byte(password), []byte(salt)
	sum := firstSum(kind, key, saltBytes)

	h := kind.hash()
	for range key {
		h.Write(key)
	}
	p := stretched(h.Sum(nil), len(key))
	h.Reset()
	for range 16 + int(sum[0]) {
		h.Write(saltBytes)
	}
	s := stretched(h.Sum(nil), len(salt))

	n := rounds
	if n == 0 {
		n = 5000
	}
	for i := range n {
		sum = round(h, sum, p, s, i)
	}
	mention := ""
	if rounds != 0 && rounds != 5000 {
		mention = fmt.Sprintf("rounds=%d$", rounds)
	}
	return "$" + kind.id + "$" + mention + salt + "$" + kind.letters(sum)
}

// firstSum is the digest that the rounds start with.
func firstSum(kind cryptKind, key, salt []byte) []byte {
	h := kind.hash()
	write(h, key, salt, key)
	alternate := h.Sum(nil)
	h.Reset()
	write(h, key, salt, stretched(alternate, len(key)))
	for n := len(key); n > 0; n >>= 1 {
		if n&1 == 1 {
			h.Write(alternate)
		} else {
			h.Write(key)
		}
	}
	return h.Sum(nil)
}

func round(h hash.Hash, sum, p, s []byte, i int) []byte {
	h.Reset()
	if i%2 == 1 {
		h.Write(p)
	} else {
		h.Write(sum)
	}
	if i%3 != 0 {
		h.Write(s)
	}
	if i%7 != 0 {
		h.Write(p)
	}
	if i%2 == 1 {
		h.Write(sum)
	} else {
		h.Write(p)
	}
	return h.Sum(nil)
}

func write(h hash.Hash, parts ...[]byte) {
	for _, p := range parts {
		h.Write(p)
	}
}

// stretched repeats a digest up to n bytes.
func stretched(sum []byte, n int) []byte {
	out := make([]byte, 0, n+len(sum))
	for len(out) < n {
		out = append(out, sum...)
	}
	return out[:n]
}

// letters writes a digest in crypt's own base 64.
func (k cryptKind) letters(sum []byte) string {
	var b strings.Builder
	put := func(w, n int) {
		for range n {
			b.WriteByte(cryptLetters[w&63])
			w >>= 6
		}
	}
	for i := range len(sum) / 3 {
		x, y, z := k.triple(i)
		put(int(sum[x])<<16|int(sum[y])<<8|int(sum[z]), 4)
	}
	w := 0
	for i := len(k.rest) - 1; i >= 0; i-- {
		w = w<<8 | int(sum[k.rest[i]])
	}
	put(w, len(k.rest)+1)
	return b.String()
}
