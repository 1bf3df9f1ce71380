package flow_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"runner/fleet/flow"
)

// TestHistoriesAreReplayed: workflows that began with an earlier version go on with this
// one. Each history of testdata was recorded from a real server, by
//
//	go -C fleet test . -run RecordHistories -record flow/testdata/VERSION
//
// and stays as it is: where a workflow changes, workflow.GetVersion keeps the old ones
// replayable, and a folder with the new ones is added.
func TestHistoriesAreReplayed(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) < 8 {
		t.Fatalf("there are %d histories, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			r := worker.NewWorkflowReplayer()
			r.RegisterWorkflowWithOptions(flow.Play, workflow.RegisterOptions{Name: flow.PlayWorkflow})
			r.RegisterWorkflowWithOptions(flow.Lane, workflow.RegisterOptions{Name: flow.LaneWorkflow})
			if err := r.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), file); err != nil {
				t.Error(err)
			}
		})
	}
}
