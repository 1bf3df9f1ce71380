package cmd_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"runner/clever/emulator"
)

// BenchmarkPlay tells how many requests and how long it takes to order add-ons
// from a platform that answers after 20 ms, and to find that nothing is to do.
func BenchmarkPlay(b *testing.B) {
	for _, n := range []int{10, 100} {
		for _, what := range []string{"order", "no-change"} {
			b.Run(fmt.Sprintf("%s/%d", what, n), func(b *testing.B) {
				for range b.N {
					b.StopTimer()
					s := newShell(b)
					e := s.on(b, emulator.Options{Latency: 20 * time.Millisecond})
					book := s.file(b, "site.yml", orders(n))
					if what == "no-change" {
						s.run("play", book)
						e.ResetJournal()
					}
					b.StartTimer()
					if code, out, stderr := s.run("play", book); code != 0 {
						b.Fatalf("exit %d\n%s%s", code, out, stderr)
					}
					b.ReportMetric(float64(len(e.Journal())), "requests")
					b.ReportMetric(float64(e.Peak()), "under-way")
				}
			})
		}
	}
}

// BenchmarkValidate tells what a playbook of debug tasks costs to check.
func BenchmarkValidate(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newShell(b)
			var text strings.Builder
			for i := range n {
				fmt.Fprintf(&text, "- name: Say number %d\n  debug:\n    msg: \"{{ ansible_verbosity + %d }} is what is said\"\n", i, i)
			}
			book := s.file(b, "site.yml", text.String())
			for range b.N {
				if code, _, stderr := s.run("validate", book); code != 0 {
					b.Fatal(stderr)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/task")
		})
	}
}

// BenchmarkPlayDebug tells what running a task costs beside its work.
func BenchmarkPlayDebug(b *testing.B) {
	for _, n := range []int{100, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newShell(b)
			book := s.file(b, "site.yml", strings.Repeat("- debug: {msg: \"{{ inventory_hostname }}\"}\n", n))
			for range b.N {
				if code, _, stderr := s.run("play", "--emulator", book); code != 0 {
					b.Fatal(stderr)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/task")
		})
	}
}

// BenchmarkLanguage tells what a task costs in a playbook of loops, conditions,
// facts, blocks and templates: to check it, and to play it.
func BenchmarkLanguage(b *testing.B) {
	for _, command := range []string{"validate", "play"} {
		for _, n := range []int{100, 1000, 10000} {
			b.Run(fmt.Sprintf("%s/%d", command, n), func(b *testing.B) {
				s := newShell(b)
				book := s.file(b, "site.yml", language(n))
				for range b.N {
					if code, _, stderr := s.run(command, book); code != 0 {
						b.Fatal(stderr)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/task")
			})
		}
	}
}

// language is a playbook of n tasks that use the language.
func language(n int) string {
	var b strings.Builder
	b.WriteString("- hosts: localhost\n  vars:\n    names: [a, b]\n    who: \"{{ names | join('+') }}\"\n  tasks:\n")
	for i := range n / 5 {
		fmt.Fprintf(&b, `    - name: "Say {{ who }} %[1]d"
      debug:
        msg: "{{ item }} of {{ who }} in round %[1]d"
      loop: "{{ names }}"
      when: item != 'c'
      register: said_%[1]d
    - set_fact:
        fact_%[1]d: "{{ said_%[1]d.results | map(attribute='item') | list }}"
    - block:
        - debug:
            msg: "{{ fact_%[1]d | length }}"
          when: inside
        - debug: {msg: "{{ names[0] | upper }}"}
          changed_when: "%[1]d %% 2 == 0"
      when: who is defined
      vars: {inside: true}
    - assert:
        that: fact_%[1]d == names
`, i)
	}
	return b.String()
}
