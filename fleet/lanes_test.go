//go:build unix

package fleet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"runner/fleet/flow"
)

// orderAndRemove is a playbook that orders a database of an owner and removes it: two
// writes each time it is played.
func orderAndRemove(owner, name string) string {
	return fmt.Sprintf(`- addon_register: {name: "%s", provider: pg, details: {plan: dev}, organisation: %q}
  register: db
- addon_remove: {addon: "{{ db.addon_id }}", organisation: %q}
`, name, owner, owner)
}

// TestOneOwnersPlaysNeverOverlap: a schedule, web hooks and hands start plays of one owner
// at the same time; the platform sees one play at a time, each whole.
func TestOneOwnersPlaysNeverOverlap(t *testing.T) {
	count := 60
	if long() {
		count = 1000
	}
	s := newStage(t)
	s.platform = newPlatformThinking(t, 0)
	owner := organisation(0)
	s.commit(map[string]string{"scheduled.yml": orderAndRemove(owner, "scheduled"), "pushed.yml": orderAndRemove(owner, "pushed"), "by-hand.yml": orderAndRemove(owner, "by-hand-{{ n }}")})
	s.declare("  - {project: shop, files: scheduled.yml, every: 1s}\n  - {project: shop, files: pushed.yml, on_push: true}\n")
	web := s.serve("")
	if code, out := s.run("apply"); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
	s.worker("one", 4)
	s.worker("two", 4)
	fleet := s.fleet()
	var ids []string
	for i := range count {
		if i%3 == 0 {
			_, result := web.hook(fmt.Sprintf(`{"ref": "refs/heads/main", "after": %q}`, strings.Repeat("1", 40)), fmt.Sprint(i))
			ids = append(ids, result.Plays...)
			continue
		}
		j := job("by-hand.yml")
		j.ExtraVars = []string{fmt.Sprintf("n=%d", i)}
		ids = append(ids, s.play(fleet, j))
	}
	if len(ids) != count {
		t.Fatalf("%d plays were started", len(ids))
	}
	began := time.Now()
	played := map[time.Time]bool{}
	for _, id := range ids {
		o := s.outcome(fleet.Client, id)
		if o.Exit != 0 || o.Counts["changed"] != 2 {
			t.Errorf("%s: %+v", id, o)
		}
		played[o.Began] = true
	}
	if code, out := s.run("pause", "shop/scheduled.yml"); code != 0 {
		t.Errorf("exit %d\n%s", code, out)
	}
	s.eventually(time.Minute, "all plays have ended", func() bool {
		n, err := fleet.Client.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: s.namespace, Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running'", flow.PlayWorkflow)})
		return err == nil && n.GetCount() == 0
	})
	writes := s.platform.writesOf(owner, "")
	of := map[string]int{}
	for i, w := range writes {
		if i > 0 && w.began.Before(writes[i-1].ended) {
			t.Errorf("%v began before %v ended", w, writes[i-1])
		}
		if wants := []string{"POST", "DELETE"}[i%2]; w.method != wants {
			t.Fatalf("write %d is %v, after %v: a play began in the midst of another", i, w, writes[i-1])
		}
		kind, _, _ := strings.Cut(w.name, "-")
		of[kind]++
	}
	if of["scheduled"] == 0 || of["pushed"] == 0 || of["by"] != count-(count+2)/3 || len(s.platform.names()) > 0 {
		t.Errorf("the platform saw plays %v and has %v", of, s.platform.names())
	}
	t.Logf("%d plays by hand and by web hook, in %v; the platform saw %d: %v", count, time.Since(began).Round(time.Millisecond), len(writes)/2, of)
}
