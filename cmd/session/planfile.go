package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"runner/atomicfile"
	"runner/cmd/version"
	"runner/diagnostic"
	"runner/engine/report"
)

// planVersion is the version of the form of a saved plan.
const planVersion = 1

// largestPlan bounds what is read of a file that is said to be a plan.
const largestPlan = 64 << 20

// A savedPlan is what --plan-out writes and --plan carries out: what a check found that there
// is to do, with secrets masked, and of what that was found. It is JSON; its last member is
// the hash of the others.
type savedPlan struct {
	Version   int             `json:"runner_plan"`
	Runner    string          `json:"runner"`
	Created   time.Time       `json:"created"`
	Playbooks []string        `json:"playbooks"`
	Endpoint  string          `json:"endpoint"`
	Inputs    string          `json:"inputs"` // the hash of the playbooks' texts, variables and selection
	Changes   []plannedChange `json:"changes"`
	Summary   string          `json:"summary"`
	Hash      string          `json:"sha256"`
}

// A plannedChange is a report.Change as it is saved.
type plannedChange struct {
	Step       string             `json:"step"` // its id in the program
	Task       string             `json:"task"`
	At         string             `json:"at"` // file:line
	Action     string             `json:"action"`
	Object     string             `json:"object"` // "" where no_log hides it
	Attributes []plannedAttribute `json:"attributes"`
	Risk       string             `json:"risk,omitempty"`
	Needs      string             `json:"needs,omitempty"` // the consent that the plan is, once it is carried out
	Unknown    bool               `json:"unknown,omitempty"`
	Price      string             `json:"price,omitempty"`
}

type plannedAttribute struct {
	Path   string `json:"path"`
	Before string `json:"before"` // JSON
	After  string `json:"after"`
}

// plannedChanges makes of changes what is saved of them.
func plannedChanges(list []report.Change) []plannedChange {
	all := []plannedChange{}
	for _, c := range list {
		p := plannedChange{Task: c.Task, Action: c.Action.String(), Object: c.Object, Attributes: []plannedAttribute{},
			Risk: c.Risk, Needs: c.Needs, Unknown: c.Unknown, Price: c.PriceText()}
		if c.Step != nil {
			at := c.Step.Place
			at.Col = 0
			p.Step, p.At = c.Step.ID, at.String()
		}
		for _, a := range c.Attributes {
			p.Attributes = append(p.Attributes, plannedAttribute{a.Path, report.AttributeText(a.Before), report.AttributeText(a.After)})
		}
		all = append(all, p)
	}
	return all
}

// hash returns the hash of all of a plan but the hash.
func (p savedPlan) hash() string {
	p.Hash = ""
	text, err := json.Marshal(p)
	if err != nil {
		return "" // a plan is texts, which have a JSON
	}
	return digest(string(text))
}

func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// savePlan writes the plan of a check.
func (r *run) savePlan(plan report.Plan, endpoint string) error {
	inputs, err := r.inputs()
	if err != nil {
		return err
	}
	p := savedPlan{Version: planVersion, Runner: version.String(), Created: time.Now().UTC(), Playbooks: r.Files, Endpoint: endpoint,
		Inputs: inputs, Changes: plannedChanges(plan.Changes), Summary: plan.String()}
	p.Hash = p.hash()
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	err = atomicfile.WriteFile(r.PlanOut, append(text, '\n'), atomicfile.Options{Mode: 0o600, Exact: true, Warn: r.Warn})
	if err != nil {
		return fmt.Errorf("the plan cannot be written: %w", err)
	}
	fmt.Fprintf(r.Err, "the plan is in %s; runner play --plan %s carries it out\n", r.PlanOut, r.PlanOut)
	return nil
}

// inputs returns the hash of what a plan is decided on, beside the world: the playbooks, the
// variables of the command line, and what of the playbooks is played.
func (r *run) inputs() (string, error) {
	var texts []string
	for _, file := range r.Files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		texts = append(texts, string(text))
	}
	for _, v := range r.extra {
		texts = append(texts, v.Name, v.Value.Text, fmt.Sprintf("%v", report.AttributeText(v.Value.Value)))
	}
	s := r.Selection
	return digest(append(texts, fmt.Sprintf("%q %q %q %v", s.Tags, s.Skip, s.StartAt, r.Prune))...), nil
}

// readPlan reads a plan, and refuses what is none that this program wrote.
func readPlan(path string) (*savedPlan, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the plan cannot be read: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, largestPlan+1))
	if err != nil {
		return nil, fmt.Errorf("the plan cannot be read: %w", err)
	}
	var p savedPlan
	hint := "runner play --plan-out " + path + " PLAYBOOK writes one"
	switch err := json.Unmarshal(text, &p); {
	case len(text) > largestPlan || err != nil && p.Version == 0 || p.Version == 0:
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("%s is not a plan", path)}).WithHint("%s", hint)
	case p.Version != planVersion:
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("%s is a plan of version %d, written by runner %s; this runner reads version %d", path, p.Version, p.Runner, planVersion)}).WithHint("%s", hint)
	case err != nil || p.Hash != p.hash():
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("%s was edited, or is damaged: its hash is not that of its contents", path)}).WithHint("%s", hint)
	}
	return &p, nil
}

// takePlan reads the plan that is to be carried out, if one is. Where no playbook is named it is
// the plan's.
func (r *run) takePlan() (err error) {
	if r.Plan == "" {
		return nil
	}
	if r.saved, err = readPlan(r.Plan); err == nil && len(r.Files) == 0 {
		r.Files = r.saved.Playbooks
	}
	return err
}

// fits refuses a plan that was made of something else than what is to be played.
func (p *savedPlan) fits(r *run) error {
	same := slices.EqualFunc(p.Playbooks, r.Files, func(a, b string) bool { return filepath.Clean(a) == filepath.Clean(b) })
	inputs, err := r.inputs()
	switch {
	case err != nil:
		return err
	case !same:
		return fmt.Errorf("the plan %s is of %q, not of %q", r.Plan, p.Playbooks, r.Files)
	case p.Inputs != inputs:
		return (&diagnostic.Problem{Msg: fmt.Sprintf("the plan %s was made of another text of the playbook, or with other variables (-e), tags or prune", r.Plan)}).
			WithHint("give the same, or make a new plan")
	}
	return nil
}
