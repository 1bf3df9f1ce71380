package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"bufio"

	"runner/engine"
	"runner/playbooks"
)

// load makes a program of playbooks. What is wrong with them is told, all at
// once, and gives exit code 4.
func (p *Program) load(files []string, kinds []engine.Kind, extra []engine.Var, v *playbooks.Vault, verbosity int) (*engine.Program, error) {
	var names []string
	for _, v := range extra {
		names = append(names, v.Name)
	}
	program, problems := playbooks.Load(files, playbooks.Options{Kinds: kinds, Stdin: p.In, ExtraVars: names, Vault: v})
	wrong, shut := 0, 0
	for _, problem := range problems {
		p.tell(problem)
		if verbosity > 0 && problem.Detail != "" {
			fmt.Fprintf(p.Err, "      = %s\n", p.secrets.Mask(problem.Detail))
		}
		if !problem.Warning {
			wrong++
		}
		if stayedClosed(problem) {
			shut++
		}
	}
	switch {
	case shut > 0 && shut == wrong:
		return nil, &exit{code: exitUsage} // as Ansible: nothing is known to be wrong with the playbook
	case wrong > 0:
		fmt.Fprintf(p.Err, "%s; nothing was touched\n", count(wrong, "problem"))
		return nil, &exit{code: exitPlaybook}
	}
	return program, nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// wrong tells what engine.Run found wrong with a program.
func (p *Program) wrong(err error) error {
	p.tell(engine.ProblemOf(err, engine.Place{}))
	return &exit{code: exitPlaybook}
}

// asker gives what asks for consent: only a person at a terminal can give it.
func (p *Program) asker() func(context.Context, string) bool {
	if !terminal(p.In) || !terminal(p.Err) {
		return nil
	}
	var mu sync.Mutex
	in := bufio.NewReader(p.In)
	return func(ctx context.Context, question string) bool {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(p.Err, "%s. Go on? (y/N) ", question)
		answer := make(chan string, 1)
		go func() {
			line, _ := in.ReadString('\n')
			answer <- line
		}()
		select {
		case line := <-answer:
			word := strings.ToLower(strings.TrimSpace(line))
			return word == "y" || word == "yes"
		case <-ctx.Done():
			return false
		}
	}
}

// A reportFile is written beside its place and put there whole when it is done,
// readable by its owner only.
type reportFile struct {
	*os.File
	path string
}

func createReport(path string) (*reportFile, error) {
	if path == "" {
		return nil, errors.New("a report needs a file's name after the =")
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return nil, fmt.Errorf("the report cannot be written: %w", err)
	}
	return &reportFile{f, path}, nil
}

func (f *reportFile) close() error {
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("the report cannot be written to %s: %w", f.path, err)
	}
	return nil
}
