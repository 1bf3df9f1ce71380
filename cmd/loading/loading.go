// Package loading reads playbooks for the commands, and writes what is wrong with
// them: for people, for CI hosts, for programs. It knows no
// command, and runs nothing.
package loading

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/cmd/vaults"
	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks"
	"runner/playbooks/reading"
)

// Load makes a program of playbooks. What is wrong with them is printed, all at
// once; where a problem is no warning the error is an [exit.Error].
func Load(s *ui.Streams, files []string, opt playbooks.Options, verbosity int) (*engine.Program, error) {
	program, problems := playbooks.Load(files, opt)
	return conclude(s, program, problems, verbosity)
}

// Parse is Load for one playbook that is in memory.
func Parse(s *ui.Streams, name string, text []byte, opt playbooks.Options) (*engine.Program, error) {
	program, problems := playbooks.Parse(name, text, opt)
	return conclude(s, program, problems, 0)
}

// conclude prints the problems of a program, and returns it unless one is no warning.
func conclude(s *ui.Streams, program *engine.Program, problems []*diagnostic.Problem, verbosity int) (*engine.Program, error) {
	s.PrintAll(problems, verbosity)
	Annotate(s, problems)
	if err := Conclude(s, problems); err != nil {
		return nil, err
	}
	return program, nil
}

// Options returns what playbooks are read with, beside the vault.
func Options(s *ui.Streams, kinds []engine.Kind, extra []engine.Var, vault *reading.Vault) playbooks.Options {
	opt := playbooks.Options{Kinds: kinds, Stdin: s.In, Vault: vault}
	opt.ExtraVars = append(opt.ExtraVars, extra...)
	return opt
}

// ExtraVars reads what --extra-vars took.
func ExtraVars(args []string, vault *reading.Vault) ([]engine.Var, error) {
	var all []engine.Var
	for _, arg := range args {
		vars, err := playbooks.ExtraVars(arg, readBounded, vault)
		if err != nil {
			return nil, err
		}
		all = append(all, vars...)
	}
	return all, nil
}

// largestVars bounds a file of variables.
const largestVars = 16 << 20

// readBounded reads a file, and of an endless one no more than says so.
func readBounded(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 && !strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/proc/") {
		return nil, errors.New("this is a named pipe, which may never end; give @/dev/stdin, or what a shell makes of <(…)")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, largestVars+1))
	if err == nil && len(text) > largestVars {
		err = fmt.Errorf("%s is larger than %d MiB", path, largestVars>>20)
	}
	return text, err
}

// Conclude returns the exit that problems call for; nil where all are warnings.
func Conclude(s *ui.Streams, problems []*diagnostic.Problem) error {
	var wrong []*diagnostic.Problem
	sealed := 0
	for _, problem := range problems {
		if problem.Severity == diagnostic.Error {
			wrong = append(wrong, problem)
		}
		if vaults.StayedClosed(problem) {
			sealed++
		}
	}
	switch {
	case slices.ContainsFunc(wrong, func(p *diagnostic.Problem) bool { return errors.Is(p.Err, playbooks.ErrNoHosts) }):
		return &exit.Error{Code: exit.Usage, Printed: wrong}
	case sealed > 0 && sealed == len(wrong):
		return &exit.Error{Code: exit.Usage, Printed: wrong} // as Ansible: nothing is known to be wrong with the playbook
	case len(wrong) > 0:
		fmt.Fprintf(s.Err, "%s; nothing was touched\n", ui.Count(len(wrong), "problem"))
		return &exit.Error{Code: exit.Playbook, Printed: wrong}
	}
	return nil
}
