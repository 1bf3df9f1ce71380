package player

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/fleet/worker"
)

// mostLines bounds the message of an outcome.
const mostLines = 20

// A screen is what a play prints to, where nobody looks: it keeps what is wrong.
type screen struct {
	*ui.Streams
	worker.Playing
	problems []string
}

func (p *Player) newScreen(w worker.Playing) *screen {
	nowhere := ui.Shared(io.Discard)
	s := &screen{Playing: w, Streams: &ui.Streams{In: strings.NewReader(""), Out: nowhere, Err: nowhere, Getenv: p.getenv(w.Settings)}}
	s.Printed = func(problem *diagnostic.Problem) {
		if problem.Severity == diagnostic.Error {
			s.problems = append(s.problems, s.Secrets.Mask(problem.Error()))
		}
	}
	return s
}

// shown keeps an error that was not printed yet, and returns it.
func (s *screen) shown(err error) error {
	left := err
	if concluded, ok := errors.AsType[*exit.Error](err); ok {
		left = concluded.Err
	}
	if left != nil {
		s.PrintError(left)
	}
	return err
}

// lines joins problems, each once, with places as the project has them.
func (s *screen) lines(problems []string) string {
	var lines []string
	for _, text := range problems {
		text = strings.ReplaceAll(text, s.Folder+string(filepath.Separator), s.Project+"/")
		if !slices.Contains(lines, text) {
			lines = append(lines, text)
		}
	}
	if n := len(lines); n > mostLines {
		lines = append(lines[:mostLines], "…")
	}
	return strings.Join(lines, "\n")
}
