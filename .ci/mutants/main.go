// Command mutants makes deliberate mistakes in a module, one at a time, and sees
// whether its tests find them. Each mistake stands in a list, with the reason why
// it matters and the tests that have to fail. The module itself stays as it is:
// the compiler is given the changed file by way of an overlay.
//
// It knows the go command and the list. What a mistake means it does not know.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

func main() {
	s := suite{out: os.Stdout}
	flag.StringVar(&s.root, "C", ".", "the `folder` of the module")
	flag.IntVar(&s.jobs, "j", 2, "how `many` at once")
	flag.DurationVar(&s.timeout, "timeout", time.Minute, "how long the tests of one mutant may take; after that it counts as found")
	only := flag.String("only", "", "run the mutants whose place, reason or tests match this `pattern`")
	flag.Parse()
	list := flag.Arg(0)
	if list == "" {
		list = "mutants/list.txt"
	}
	if err := s.run(list, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// A suite runs mutants.
type suite struct {
	out     io.Writer
	root    string
	jobs    int
	timeout time.Duration
	temp    string
}

func (s suite) run(list, only string) error {
	all, err := readList(list)
	if err != nil {
		return err
	}
	if all, err = selected(all, only); err != nil {
		return err
	}
	if s.root, err = filepath.Abs(s.root); err != nil {
		return err
	}
	if s.temp, err = os.MkdirTemp("", "mutants"); err != nil {
		return err
	}
	defer os.RemoveAll(s.temp)
	return s.report(list, all, s.runAll(all, s.checkTests(all)))
}

func selected(all []mutant, only string) ([]mutant, error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	var some []mutant
	for _, m := range all {
		if pattern.MatchString(m.place + " " + m.pkg + " " + m.tests + " " + m.why) {
			some = append(some, m)
		}
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("no mutant matches %q", only)
	}
	return some, nil
}

// An outcome says what became of a mutant: found by its tests, or why not.
type outcome struct {
	found bool
	why   string // when it was not found
	took  time.Duration
}

// runAll makes the mistakes. Where there is something wrong with a mutant's tests,
// it is not made.
func (s suite) runAll(all []mutant, wrong map[testsOf]string) []outcome {
	outcomes := make([]outcome, len(all))
	slots := make(chan struct{}, max(1, s.jobs))
	var running sync.WaitGroup
	for i, m := range all {
		if why := wrong[testsOf{m.pkg, m.tests}]; why != "" {
			outcomes[i] = outcome{why: why}
			continue
		}
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			start := time.Now()
			found, why := s.try(i, m)
			outcomes[i] = outcome{found, why, time.Since(start)}
		})
	}
	running.Wait()
	return outcomes
}

// report prints what became of each mutant, and fails if one was not found.
func (s suite) report(list string, all []mutant, outcomes []outcome) error {
	survived := 0
	for i, o := range outcomes {
		word := "found"
		if !o.found {
			word = "SURVIVED"
			survived++
		}
		fmt.Fprintf(s.out, "%-8s %5.1fs  %s:%s\n", word, o.took.Seconds(), list, all[i])
		if !o.found {
			fmt.Fprintf(s.out, "                 %s\n", o.why)
		}
	}
	fmt.Fprintf(s.out, "%d mutants, %d found\n", len(all), len(all)-survived)
	if survived > 0 {
		return fmt.Errorf("%d of %d mutants were not found: the tests that they name pass with the mistake in", survived, len(all))
	}
	return nil
}
