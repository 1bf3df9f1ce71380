//go:build unix

package fleet_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"runner/fleet/control"
	"runner/fleet/flow"
)

var record = flag.String("record", "", "record histories of workflows into a `FOLDER` of flow/testdata, for its replay tests")

// save writes the history of a workflow.
func (s *stage) save(fleet *control.Fleet, name, id, run string) {
	s.t.Helper()
	h := &history.History{}
	events := fleet.Client.GetWorkflowHistory(s.t.Context(), id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			s.t.Fatal(err)
		}
		h.Events = append(h.Events, e)
	}
	text, err := protojson.Marshal(h)
	if err != nil {
		s.t.Fatal(err)
	}
	host, _ := os.Hostname()
	s.write(filepath.Join(*record, name+".json"), strings.ReplaceAll(string(text), host, "host")+"\n")
}

// TestRecordHistories records what plays and lanes do in each of their ways.
func TestRecordHistories(t *testing.T) {
	if *record == "" {
		t.Skip("-record FOLDER records histories")
	}
	s := newStage(t)
	s.commit(map[string]string{
		"site.yml": orders(organisation(0), "db", 1), "change.yml": replaced("xxs_sml", "one"), "wrong.yml": "- addon_registr: {}\n", "fails.yml": "- fail: {}\n",
		"long.yml": orders(organisation(2), "long", 100),
		"both.yml": orders(organisation(3), "a", 1) + strings.TrimPrefix(orders(organisation(4), "b", 1), "- hosts: localhost\n  strategy: linear\n  tasks:\n"),
	})
	s.worker("one", 4)
	fleet := s.fleet()
	first, err := fleet.Client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: lane(0), TaskQueue: "shop"}, flow.LaneWorkflow, flow.LaneState{Most: 2})
	if err != nil {
		t.Fatal(err)
	}
	ended := func(name string, j flow.Job) {
		id := s.play(fleet, j)
		if _, err := fleet.Wait(t.Context(), id, func(flow.State) {}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.save(fleet, name, id, "")
	}
	ended("play", job("site.yml"))
	ended("play-wrong", job("wrong.yml"))
	ended("play-fails", job("fails.yml"))
	ended("play-two-lanes", job("both.yml"))
	s.save(fleet, "lane-outer", lane(3), "")
	s.save(fleet, "lane-inner", lane(4), "")
	for _, c := range []struct {
		name, plan, do string
	}{{"play-approved", "xs_sml", "approve"}, {"play-denied", "s_sml", "deny"}} {
		if o := s.outcome(fleet.Client, s.play(fleet, job("change.yml"))); o.Exit != 0 {
			t.Fatalf("%+v", o)
		}
		s.commit(map[string]string{"change.yml": replaced(c.plan, "one")})
		j := job("change.yml")
		j.Approve = []string{"migrate", "replace", "delete"}
		id := s.play(fleet, j)
		s.awaitConsent(fleet, id, `"one"`)
		if code, out := s.run(c.do, id); code != 0 {
			t.Fatalf("exit %d\n%s", code, out)
		}
		_, _ = fleet.Wait(t.Context(), id, func(flow.State) {})
		s.save(fleet, c.name, id, "")
		s.commit(map[string]string{"change.yml": replaced("xs_sml", "one")})
	}
	long := s.play(fleet, job("long.yml"))
	s.eventually(time.Minute, "it is under way", func() bool { return len(s.platform.writesOf(organisation(2), "")) > 2 })
	time.Sleep(11 * time.Second) // until it has looked after its lane
	queued := s.play(fleet, job("long.yml"))
	s.eventually(time.Minute, "it is queued", func() bool {
		state, err := fleet.State(t.Context(), queued)
		return err == nil && state.Phase == flow.Queued
	})
	for _, id := range []string{queued, long} {
		if err := fleet.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	for name, id := range map[string]string{"play-cancelled": long, "play-cancelled-queued": queued} {
		_, _ = fleet.Wait(t.Context(), id, func(flow.State) {})
		s.save(fleet, name, id, "")
	}
	s.save(fleet, "lane-withdrawn", lane(2), "")
	s.save(fleet, "lane-continued", lane(0), first.GetRunID())
	s.save(fleet, "lane", lane(0), "")
	if err := fleet.Client.TerminateWorkflow(t.Context(), lane(4), "", "to begin after another"); err != nil {
		t.Fatal(err)
	}
	ended("play-two-lanes-again", job("both.yml"))
	s.save(fleet, "lane-after-another", lane(4), "")
}
