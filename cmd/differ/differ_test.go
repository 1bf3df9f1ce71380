// Package differ compares what runner and ansible-core make of playbooks that are made up
// from a grammar. What differs is shrunk, and kept as a case with Ansible's output, which
// a test plays again without Ansible.
//
// It knows the program from outside and the rules of what to make up; what a playbook means
// it does not know.
package differ_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/ansible"
)

// These choose how long a run by hand goes on, and where it begins.
var (
	seed    = flag.Uint64("differ.seed", 1, "seed of the playbooks that are compared")
	count   = flag.Uint64("differ.count", 0, "how many playbooks are compared")
	from    = flag.Uint64("differ.from", 0, "number of the first playbook of the seed")
	minutes = flag.Float64("differ.minutes", 0, "for how many minutes playbooks are compared, instead of -differ.count")
	keep    = flag.String("differ.keep", "", "folder for playbooks that differ, each with Ansible's output")
	atMost  = flag.Duration("differ.shrink", 30*time.Second, "for how long at most a playbook that differs is shrunk")
	alike   = flag.Int("differ.alike", 2, "how many differences of one kind are shrunk and reported; others are counted")
)

// A bench plays playbooks by both programs.
type bench struct {
	testing.TB
	*ansible.Server
	plays int
}

// differs plays a playbook by both, and returns how they differ, nil if they do not or if
// it is known and meant. Where a difference is looked for, only one like it is returned.
func (b *bench) differs(p playbook, like *difference) *difference {
	if err := os.RemoveAll(b.Dir); err != nil {
		b.Fatal(err)
	}
	p.put(b, b.Dir)
	if err := os.Chdir(b.Dir); err != nil {
		b.Fatal(err)
	}
	mine := ours(b.Dir, p.arguments())
	if like != nil && mine.code != like.ours.code {
		return nil
	}
	b.plays++
	d := differ(mine, theirs(b, b.Server, p.arguments()))
	if d == nil || like != nil && d.kind != like.kind || accepted(p, d, b.Modern) {
		return nil
	}
	return d
}

// shrunk returns the smallest playbook it finds in a while that differs in the same way.
func (b *bench) shrunk(p playbook, d *difference) (playbook, *difference) {
	end := time.Now().Add(*atMost)
	for at := 0; time.Now().Before(end); {
		before := at
		candidates := p.simpler()
		for ; at < len(candidates) && time.Now().Before(end); at++ {
			if e := b.differs(candidates[at], d); e != nil {
				p, d = candidates[at], e
				break
			}
		}
		if at < len(candidates) {
			continue // with what comes after what was left out
		}
		if before == 0 {
			break
		}
		at = 0
	}
	return p, d
}

// simpler lists playbooks that are p with less in it.
func (p playbook) simpler() []playbook {
	var out []playbook
	for i := range p.args {
		out = append(out, playbook{p.files, slices.Concat(p.args[:i], p.args[i+1:])})
	}
	for i := range p.files {
		if i > 0 {
			out = append(out, playbook{slices.Concat(p.files[:i], p.files[i+1:]), p.args})
		}
	}
	for i, f := range p.files {
		for _, s := range simpler(f.value) {
			out = append(out, playbook{slices.Concat(p.files[:i], dict{{f.key, s}}, p.files[i+1:]), p.args})
		}
	}
	return out
}

// TestMadeUpPlaybooks makes up playbooks and compares how both programs play them. What
// differs is shrunk and reported; mend it, and keep it as a case of testdata/kept.
func TestMadeUpPlaybooks(t *testing.T) {
	if *count == 0 && *minutes == 0 {
		t.Skip("-differ.count or -differ.minutes says how many playbooks")
	}
	b := &bench{TB: t, Server: startAnsible(t)}
	t.Chdir(t.TempDir()) // and back at the end
	kinds := map[string]int{}
	end := time.Now().Add(time.Duration(*minutes * float64(time.Minute)))
	n := *from
	for ; *minutes > 0 && time.Now().Before(end) || *minutes == 0 && n < *from+*count; n++ {
		p := makeUp(*seed, n, b.Modern)
		d := b.differs(p, nil)
		if d == nil {
			continue
		}
		kinds[d.kind]++
		if kinds[d.kind] > *alike {
			continue
		}
		p, d = b.shrunk(p, d)
		t.Errorf("playbook %d of seed %d: %s\n%s", n, *seed, d.kind, p.report(d))
		p.keep(t, d, n)
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%4d %s", kinds[k], k)
	}
	t.Logf("%d playbooks compared, %d played with what was shrunk", n-*from, b.plays)
}

// report writes a playbook and how it differs.
func (p playbook) report(d *difference) string {
	var b strings.Builder
	fmt.Fprintf(&b, "$ runner play %q\n", p.arguments())
	for _, f := range p.files {
		text := ""
		switch v := f.value.(type) {
		case *node:
			text = v.String()
		default:
			text = yaml(v)
		}
		fmt.Fprintf(&b, "--- %s\n%s", f.key, text)
	}
	fmt.Fprintf(&b, "--- exit %d, Ansible %d (-Ansible +runner)\n%s\n", d.ours.code, d.theirs.code,
		cmp.Diff(normalised(d.theirs.stdout), normalised(d.ours.stdout)))
	fmt.Fprintf(&b, "--- ours says\n%.600s\n--- Ansible says\n%.600s\n", d.ours.messages, d.theirs.messages)
	return b.String()
}

// keep writes a case into the folder of kept ones.
func (p playbook) keep(t testing.TB, d *difference, n uint64) {
	if *keep == "" {
		return
	}
	dir := filepath.Join(*keep, fmt.Sprintf("%d-%d", *seed, n))
	p.put(t, dir)
	var words []string
	for _, w := range p.arguments() {
		if strings.ContainsAny(w, " {*") {
			w = "'" + w + "'"
		}
		words = append(words, w)
	}
	for name, text := range map[string]string{"cmd": strings.Join(words, " "), "rc": fmt.Sprint(d.theirs.code), "stdout": d.theirs.stdout,
		".report": d.kind + "\n" + p.report(d)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
