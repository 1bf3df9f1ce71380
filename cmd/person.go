package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"runner/engine"
)

// A person answers questions on standard input, one at a time. Whoever asks shares
// the reader, so that no answer is lost between two questions.
type person struct {
	*Program
	mu sync.Mutex
	in *bufio.Reader
}

func (p *Program) newPerson() *person { return &person{Program: p, in: bufio.NewReader(p.In)} }

// present reports whether somebody is at a terminal.
func (p *person) present() bool { return terminal(p.In) && terminal(p.Err) }

// line puts a question and gives what is typed; io.EOF where nothing comes any more.
func (p *person) line(ctx context.Context, question string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprint(p.Err, question)
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := p.in.ReadString('\n')
		if text != "" {
			err = nil
		}
		answers <- answer{strings.TrimRight(text, "\r\n"), err}
	}()
	select {
	case a := <-answers:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// consent asks for what a change risks; nil where there is nobody to ask.
func (p *person) consent() func(context.Context, string) bool {
	if !p.present() {
		return nil
	}
	return func(ctx context.Context, question string) bool {
		word, err := p.line(ctx, question+". Go on? (y/N) ")
		word = strings.ToLower(strings.TrimSpace(word))
		return err == nil && (word == "y" || word == "yes")
	}
}

// prompt asks for the value of a variable, or for a word in a pause; nil where
// there is nobody to ask.
func (p *person) prompt() func(context.Context, engine.Question) (string, error) {
	if !p.present() {
		return nil
	}
	return func(ctx context.Context, q engine.Question) (string, error) {
		for {
			first, err := p.answer(ctx, q, q.Text+": ")
			if err != nil || !q.Confirm {
				return first, err
			}
			second, err := p.answer(ctx, q, "confirm "+q.Text+": ")
			if err != nil || first == second {
				return first, err
			}
			fmt.Fprintln(p.Err, "***** VALUES ENTERED DO NOT MATCH ****")
		}
	}
}

func (p *person) answer(ctx context.Context, q engine.Question, text string) (string, error) {
	if !q.Private {
		return p.line(ctx, text)
	}
	tty, done, err := p.terminal()
	if err != nil {
		return "", err
	}
	defer done()
	p.mu.Lock()
	defer p.mu.Unlock()
	typed, err := p.hidden(ctx, tty, text)
	return string(typed), err
}

// step asks whether a task is to be done. No is the answer to everything that is
// none.
func (p *person) step(ctx context.Context, task string) (engine.Answer, error) {
	word, err := p.line(ctx, fmt.Sprintf("Perform task: TASK: %s (N)o/(y)es/(c)ontinue: ", task))
	if errors.Is(err, io.EOF) {
		return engine.No, errors.New("--step: nobody answers any more")
	}
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "y", "yes":
		return engine.Yes, err
	case "c", "continue":
		return engine.GoOn, err
	}
	return engine.No, err
}
