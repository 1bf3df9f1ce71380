package cmd

import (
	"fmt"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks"
	"runner/playbooks/reading"
)

// load makes a program of playbooks. What is wrong with them is told, all at
// once, and gives exit code 4.
func (p *Program) load(files []string, kinds []engine.Kind, extra []engine.Var, v *reading.Vault, verbosity int) (*engine.Program, error) {
	program, problems := p.read(files, kinds, extra, playbooks.Options{Vault: v})
	p.PrintAll(problems, verbosity)
	p.annotate(problems)
	if err := p.verdict(problems); err != nil {
		return nil, err
	}
	return program, nil
}

// read makes a program of playbooks, and gives what is wrong with them. The
// program is nil if anything is.
func (p *Program) read(files []string, kinds []engine.Kind, extra []engine.Var, opt playbooks.Options) (*engine.Program, []*diagnostic.Problem) {
	return playbooks.Load(files, p.options(kinds, extra, opt))
}

// options completes what playbooks are read with.
func (p *Program) options(kinds []engine.Kind, extra []engine.Var, opt playbooks.Options) playbooks.Options {
	opt.Kinds, opt.Stdin = kinds, p.In
	for _, v := range extra {
		opt.ExtraVars = append(opt.ExtraVars, v.Name)
	}
	return opt
}

// verdict ends the program where a problem is no warning.
func (p *Program) verdict(problems []*diagnostic.Problem) error {
	wrong, shut := 0, 0
	for _, problem := range problems {
		if problem.Severity == diagnostic.Error {
			wrong++
		}
		if stayedClosed(problem) {
			shut++
		}
	}
	switch {
	case shut > 0 && shut == wrong:
		return &exit.Error{Code: exit.Usage} // as Ansible: nothing is known to be wrong with the playbook
	case wrong > 0:
		fmt.Fprintf(p.Err, "%s; nothing was touched\n", ui.Count(wrong, "problem"))
		return &exit.Error{Code: exit.Playbook}
	}
	return nil
}

// wrong tells what engine.Run found wrong with a program.
func (p *Program) wrong(err error) error {
	p.PrintError(err)
	return &exit.Error{Code: exit.Playbook}
}
