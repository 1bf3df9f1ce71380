package lsp_test

import (
	"fmt"
	"strings"
	"testing"
)

// many is a playbook of n tasks, each of two or three lines of use.
func many(n int) string {
	var b strings.Builder
	b.WriteString("- hosts: localhost\n  vars:\n    who: world\n  tasks:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - name: Say hello %d\n      debug:\n        msg: \"hello {{ who }}\"\n      when: who is defined\n", i)
	}
	return b.String()
}

// BenchmarkKeystroke measures the time from a change in a playbook of 10 000 tasks to the
// diagnostics of that version, without the delay in which the server waits for the next one.
func BenchmarkKeystroke(b *testing.B) {
	e := newEditor(b, nil)
	e.open("site.yml", many(10_000))
	e.problems("site.yml")
	words := []string{"{{ who }}", "{{ whom }}"}
	for i := 0; b.Loop(); i++ {
		e.replace("site.yml", words[i%2]+"\"\n      when: who is defined\n    - name: Say hello 5000\n", words[(i+1)%2]+"\"\n      when: who is defined\n    - name: Say hello 5000\n")
		if got := e.problems("site.yml"); len(got) != (i+1)%2 {
			b.Fatalf("got %d diagnostics", len(got))
		}
	}
}

// BenchmarkCompletion measures a completion in that playbook.
func BenchmarkCompletion(b *testing.B) {
	e := newEditor(b, nil)
	e.open("site.yml", many(10_000))
	e.problems("site.yml")
	for b.Loop() {
		if got := e.completed("site.yml", "{{ who^ }}\"\n      when: who is defined\n    - name: Say hello 5000\n"); len(got) == 0 {
			b.Fatal("nothing completes")
		}
	}
}

// BenchmarkKeystrokeAllWrong measures it in a playbook that has a warning for every task.
func BenchmarkKeystrokeAllWrong(b *testing.B) {
	e := newEditor(b, nil)
	e.open("site.yml", strings.ReplaceAll(many(10_000), "- name:", "- vars: {}\n      tags:"))
	e.problems("site.yml")
	for i := 0; b.Loop(); i++ {
		e.replace("site.yml", "hello 5000\n", "hello 5000\n\n")
		if got := e.problems("site.yml"); len(got) != 10_000 {
			b.Fatalf("got %d diagnostics", len(got))
		}
	}
}
