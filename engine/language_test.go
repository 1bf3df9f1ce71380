package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
)

// A case is a program and what is reported of it.
type languageCase struct {
	text string
	want string
	opt  engine.Options
}

// expectReports plays the cases, each with one job and with many: what is reported is the same.
func expectReports(t *testing.T, cases map[string]languageCase) {
	for name, c := range cases {
		for _, jobs := range []int{1, 16} {
			t.Run(fmt.Sprintf("%s/%d", name, jobs), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c.opt.Jobs = jobs
					_, seen := play(t, newWorld(), c.text, c.opt)
					if diff := cmp.Diff(unindented(c.want), seen.String()); diff != "" {
						t.Errorf("want, got:\n%s", diff)
					}
				})
			})
		}
	}
}

func unindented(text string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

func TestLoops(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"items in order": {text: "put name={{item}} value=1 | loop=a,b,c\nsay msg=x | loop=a", want: `
			task 1.1
			1.1 (a) changed
			1.1 (b) changed
			1.1 (c) changed
			1.1 changed
			task 1.2
			1.2 (a) ok
			1.2 ok`},
		"a condition for each item": {text: "say msg={{item}} | loop=a,b when=item=='b'", want: `
			task 1.1
			1.1 (a) skipped
			1.1 (b) ok
			1.1 ok`},
		"none": {text: "say msg={{item}} | loop= register=r\nsay msg={{r.skipped_reason}}", want: `
			task 1.1
			1.1 skipped
			task 1.2
			1.2 ok {"msg": "No items in the list", "changed": false, "failed": false}`},
		"all are done though one fails": {text: "put name={{item}} value=1 fail={{item=='a'}} | loop=a,b register=r ignore_errors=true\nsay msg={{r.results|map(attribute='failed')|list}}{{r.failed}}", want: `
			task 1.1
			1.1 (a) ignored
			1.1 (b) changed
			1.1 ignored: test.yml:1:1: a cannot be put
			task 1.2
			1.2 ok {"msg": "[True, False]True", "changed": false, "failed": false}`},
		"a false condition needs no list": {text: "say msg={{item}} | loop={{nope|default(undef())}} when=false\nsay msg=x", want: `
			task 1.1
			1.1 skipped
			task 1.2
			1.2 ok {"msg": "x", "changed": false, "failed": false}`},
		"no list": {text: "say msg={{item}} | loop={{'abc'}}", want: "task 1.1\n1.1 failed: test.yml:1:1: `loop` must resolve to a 'list', not 'str'"},
		"stopped early": {text: "say msg={{item}} | loop=a,b,c break_when=item=='b'", want: `
			task 1.1
			1.1 (a) ok
			1.1 (b) ok
			1.1 ok`},
		"an item sees what the one before gave": {text: "set n={{n|default(0)|int+1}} | loop=a,b,c\nsay msg={{n}}", want: `
			task 1.1
			1.1 (a) ok
			1.1 (b) ok
			1.1 (c) ok
			1.1 ok
			task 1.2
			1.2 ok {"msg": 3, "changed": false, "failed": false}`},
	})
}

func TestItemsOfALoopRunAtOnceAndKeepOrderWhereTheyTouchTheSame(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
	}{
		{"put name={{item}} value=1 takes=5 | loop=a,b,c", 5 * time.Second},
		{"put name=same value={{item}} takes=5 | loop=a,b,c", 15 * time.Second},
		{"put name={{item}} value=1 takes=5 | loop=a,b,c throttle=1", 15 * time.Second},
		{"put name={{item}} value=1 takes=5 | loop=a,b,c,d throttle=2", 10 * time.Second},
		{"put name={{item}} value=1 takes=5 | loop=a,b\nput name=c value=1 takes=5", 5 * time.Second},
		{"put name={{item}} value=1 takes=5 | loop=a,b\nput name=b value=2 takes=5", 10 * time.Second},
		{"say msg={{item}} | loop=a,b when=item=='x'\nput name=c value=1 takes=5", 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, start := newWorld(), time.Now()
			play(t, w, c.text, engine.Options{})
			if took := time.Since(start); took != c.want {
				t.Errorf("%s\ntook %v, want %v: %v", c.text, took, c.want, w.log)
			}
			if w.things["same"] != "" && w.things["same"] != "c" {
				t.Errorf("the last item does not count: %v", w.things)
			}
		})
	}
}

func TestBlocks(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"rescued": {text: `
			block
			put name=a value=1 fail=true | name=break register=r
			put name={{r.name}} value=1
			rescue
			say msg={{ansible_failed_task.name}}:{{ansible_failed_result.msg|length}}
			always
			say msg=always
			end
			say msg=after`, want: `
			task 1.2
			1.2 rescued: test.yml:2:1: a cannot be put
			task 1.5
			1.5 ok {"msg": "break:15", "changed": false, "failed": false}
			task 1.7
			1.7 ok {"msg": "always", "changed": false, "failed": false}
			task 1.9
			1.9 ok {"msg": "after", "changed": false, "failed": false}`},
		"always after a failure": {text: `
			block
			stop fail=true
			say msg=no
			always
			say msg=always
			end
			say msg=after`, want: `
			task 1.2
			1.2 failed: test.yml:2:1: stopped
			1.3 blocked
			task 1.5
			1.5 ok {"msg": "always", "changed": false, "failed": false}
			1.7 blocked`},
		"a rescue that fails": {text: `
			block
			stop fail=true
			rescue
			stop fail=true
			end
			say msg=after`, want: `
			task 1.2
			1.2 rescued: test.yml:2:1: stopped
			task 1.4
			1.4 failed: test.yml:4:1: stopped
			1.6 blocked`},
		"within each other": {text: `
			block
			block
			stop fail=true
			always
			say msg=inner
			end
			rescue
			say msg={{ansible_failed_result.msg}}
			end`, want: `
			task 1.3
			1.3 rescued: test.yml:3:1: stopped
			task 1.5
			1.5 ok {"msg": "inner", "changed": false, "failed": false}
			task 1.8
			1.8 ok {"msg": "stopped", "changed": false, "failed": false}`},
		"undefined names are rescued": {text: `
			block
			say msg={{vars['no'+'pe']}}
			rescue
			say msg=well
			end`, want: `
			task 1.2
			1.2 rescued: test.yml:2:12: object of type 'dict' has no attribute 'nope'
			task 1.4
			1.4 ok {"msg": "well", "changed": false, "failed": false}`},
		"nothing to rescue": {text: `
			block
			say msg=a
			rescue
			say msg=b
			always
			say msg=c
			end`, want: `
			task 1.2
			1.2 ok {"msg": "a", "changed": false, "failed": false}
			task 1.6
			1.6 ok {"msg": "c", "changed": false, "failed": false}`},
	})
}

func TestARescuedPlayCountsAsWell(t *testing.T) {
	result, _ := play(t, newWorld(), "block\nstop fail=true\nsay msg=no\nrescue\nsay msg=yes\nend", engine.Options{})
	if want := (engine.Stats{OK: 1, Rescued: 1}); result.Stats != want || len(result.Problems) > 0 {
		t.Errorf("stats %+v, problems %v", result.Stats, result.Problems)
	}
}

func TestRetries(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"until it holds": {text: "set n=1\nsay msg=x | until=r.attempts==3 retries=2 register=r\nsay msg={{r.attempts}}", want: `
			task 1.1
			1.1 ok
			task 1.2
			1.2 tried, 2 left
			1.2 tried, 1 left
			1.2 ok {"msg": "x", "attempts": 3, "changed": false, "failed": false}
			task 1.3
			1.3 ok {"msg": 3, "changed": false, "failed": false}`},
		"given up": {text: "say msg=x | until=false retries=1 register=r ignore_errors=true\nsay msg={{r.attempts}}", want: `
			task 1.1
			1.1 tried, 1 left
			1.1 ignored: test.yml:1:1: it did not come out as until demands: false
			task 1.2
			1.2 ok {"msg": 1, "changed": false, "failed": false}`},
		"until it does not fail": {text: "stop fail=true | retries=1 delay=0", want: `
			task 1.1
			1.1 tried, 1 left
			1.1 failed: test.yml:1:1: stopped`},
	})
}

func TestWhatThePlaybookJudges(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"failed_when": {text: "say msg=x | failed_when=r.msg=='x' register=r ignore_errors=true\nsay msg={{r.failed_when_result}}{{r.msg}}", want: `
			task 1.1
			1.1 ignored: test.yml:1:1: failed_when holds: r.msg=='x'
			task 1.2
			1.2 ok {"msg": "Truex", "changed": false, "failed": false}`},
		"failed_when false": {text: "stop fail=true | failed_when=false", want: "task 1.1\n1.1 ok"},
		"changed_when":      {text: "say msg=x | changed_when=true\nput name=a value=1 | changed_when=false", want: "task 1.1\n1.1 changed {\"msg\": \"x\", \"changed\": true, \"failed\": false}\ntask 1.2\n1.2 ok"},
		"out of time": {text: "wait seconds=9 | timeout=2 register=r ignore_errors=true\nsay msg={{r.timedout.period}}", want: `
			task 1.1
			1.1 ignored: test.yml:1:1: Timed out after 2 second(s)
			task 1.2
			1.2 ok {"msg": 2, "changed": false, "failed": false}`},
		"in time": {text: "wait seconds=1 | timeout=2", want: "task 1.1\n1.1 ok"},
	})
}
