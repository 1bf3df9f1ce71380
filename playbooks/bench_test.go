package playbooks

import (
	"fmt"
	"strings"
	"testing"
)

// many is a playbook of n tasks.
func many(n int) []byte {
	var b strings.Builder
	b.WriteString("- hosts: localhost\n  vars:\n    who: world\n  tasks:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - name: Say hello %d\n      debug:\n        msg: \"hello {{ who }}\"\n      when: who is defined\n", i)
	}
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	text, opt := many(10_000), options()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if program, problems := Parse("site.yml", text, opt); program == nil {
			b.Fatal(problems[0])
		}
	}
}

// A playbook that is wrong in every line must not take longer than a good one by
// more than a factor.
func BenchmarkParseAllWrong(b *testing.B) {
	text, opt := []byte(strings.ReplaceAll(string(many(10_000)), "msg", "mgs")), options()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if program, _ := Parse("site.yml", text, opt); program != nil {
			b.Fatal("a program was made of it")
		}
	}
}
