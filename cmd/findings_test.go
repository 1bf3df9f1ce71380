package cmd_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"runner/cmd"
	"runner/cmd/ui"
)

// What SARIF 2.1.0 requires of a log, a run, a tool, a rule and a result, and
// that a result's rule is the one that its index says.
func TestSARIFHasItsRequiredMembers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a b.yml")
	if err := os.WriteFile(file, []byte("- debug:\n  colour: 1\n- debgu:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: &out, Err: &strings.Builder{}, Getenv: func(string) string { return "" }}, Args: []string{"runner", "validate", "--format", "sarif", file, "nowhere.yml"}}
	if code := p.Run(context.Background()); code != 4 {
		t.Fatalf("exit code %d", code)
	}
	type text struct{ Text *string }
	var log struct {
		Schema  *string `json:"$schema"`
		Version *string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  *string
					Rules []struct{ ID *string }
				}
			}
			Results []struct {
				RuleID    *string `json:"ruleId"`
				RuleIndex *int    `json:"ruleIndex"`
				Level     string
				Message   text
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	d := json.NewDecoder(strings.NewReader(out.String()))
	if err := d.Decode(&log); err != nil {
		t.Fatal(err)
	}
	if log.Schema == nil || log.Version == nil || *log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == nil {
		t.Fatalf("the log lacks what it must have:\n%s", &out)
	}
	run := log.Runs[0]
	levels := map[string]int{}
	for _, r := range run.Results {
		levels[r.Level]++
		if r.Message.Text == nil || r.RuleID == nil || r.RuleIndex == nil || len(r.Locations) != 1 ||
			*run.Tool.Driver.Rules[*r.RuleIndex].ID != *r.RuleID {
			t.Errorf("%+v lacks what it must have", r)
			continue
		}
		at := r.Locations[0].PhysicalLocation
		switch uri := at.ArtifactLocation.URI; {
		case uri == "nowhere.yml" && at.Region == nil:
		case strings.HasPrefix(uri, "file:///") && strings.HasSuffix(uri, "/a%20b.yml") && at.Region != nil && at.Region.StartLine > 0 && at.Region.StartColumn > 0:
		default:
			t.Errorf("%q, region %+v", uri, at.Region)
		}
	}
	if levels["error"] != 3 || levels["warning"] == 0 || len(levels) != 2 {
		t.Errorf("the levels are %v", levels)
	}
}
