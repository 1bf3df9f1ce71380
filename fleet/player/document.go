package player

import (
	"encoding/json"
	"maps"
	"os"
	"slices"

	"runner/fleet/flow"
)

// A document is what the json report of a session says, as far as it counts here.
type document struct {
	Stats    map[string]map[string]int `json:"stats"`
	Needs    []flow.Change             `json:"needs"`
	Problems []problem                 `json:"problems"`
	Plays    []struct {
		Tasks []struct {
			Hosts map[string]struct {
				Failed  bool     `json:"failed"`
				Ignored bool     `json:"ignore_errors"`
				Problem *problem `json:"problem"`
			} `json:"hosts"`
		} `json:"tasks"`
	} `json:"plays"`
}

// A problem is one of a report.
type problem struct{ Msg, Hint, Place string }

func (p problem) String() string {
	text := p.Msg
	if p.Place != "" {
		text = p.Place + ": " + text
	}
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	return text
}

// readDocument reads a report; the zero document where there is none.
func readDocument(path string) (d document) {
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &d) != nil {
		return document{}
	}
	return d
}

// counts returns what all hosts together have of each: "ok", "changed", "failures".
func (d document) counts() map[string]int {
	sum := map[string]int{}
	for _, counts := range d.Stats {
		for name, n := range counts {
			sum[name] += n
		}
	}
	return sum
}

// failures returns why tasks, plays or the run failed.
func (d document) failures() (all []string) {
	for _, p := range d.Problems {
		all = append(all, p.String())
	}
	for _, play := range d.Plays {
		for _, task := range play.Tasks {
			for _, name := range slices.Sorted(maps.Keys(task.Hosts)) {
				if host := task.Hosts[name]; host.Failed && !host.Ignored && host.Problem != nil {
					all = append(all, host.Problem.String())
				}
			}
		}
	}
	return all
}
