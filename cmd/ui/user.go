package ui

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

// A User answers questions on standard input, one at a time. All who ask share
// the reader, so that nothing typed is lost between two questions.
type User struct {
	*Streams
	mu sync.Mutex
	in *bufio.Reader
}

// NewUser returns the user at standard input.
func NewUser(s *Streams) *User { return &User{Streams: s, in: bufio.NewReader(s.In)} }

// present reports whether somebody is at a terminal.
func (u *User) present() bool { return IsTerminal(u.In) && IsTerminal(u.Err) }

// Line puts a question and returns what is typed; io.EOF where nothing comes any
// more.
func (u *User) Line(ctx context.Context, question string) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	defer u.pause()()
	fmt.Fprint(u.Err, question)
	type reply struct {
		text string
		err  error
	}
	replies := make(chan reply, 1)
	go func() {
		text, err := u.in.ReadString('\n')
		if text != "" {
			err = nil
		}
		replies <- reply{strings.TrimRight(text, "\r\n"), err}
	}()
	select {
	case r := <-replies:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Consent returns what asks for the consent to a risk; nil where there is nobody
// to ask.
func (u *User) Consent() func(context.Context, string) bool {
	if !u.present() {
		return nil
	}
	return func(ctx context.Context, question string) bool {
		word, err := u.Line(ctx, question+". Go on? (y/N) ")
		word = strings.ToLower(strings.TrimSpace(word))
		return err == nil && (word == "y" || word == "yes")
	}
}

// Prompt returns what asks for the value of a variable, or for a word in a pause;
// nil where there is nobody to ask.
func (u *User) Prompt() func(context.Context, engine.Question) (string, error) {
	if !u.present() {
		return nil
	}
	return func(ctx context.Context, q engine.Question) (string, error) {
		for {
			first, err := u.reply(ctx, q, q.Text+": ")
			if err != nil || !q.Confirm {
				return first, err
			}
			second, err := u.reply(ctx, q, "confirm "+q.Text+": ")
			if err != nil || first == second {
				return first, err
			}
			fmt.Fprintln(u.Err, "***** VALUES ENTERED DO NOT MATCH ****")
		}
	}
}

func (u *User) reply(ctx context.Context, q engine.Question, text string) (string, error) {
	if !q.Private {
		return u.Line(ctx, text)
	}
	tty, done, err := u.Terminal()
	if err != nil {
		return "", err
	}
	defer done()
	u.mu.Lock()
	defer u.mu.Unlock()
	typed, err := u.Hidden(ctx, tty, text)
	return string(typed), err
}

// Step asks whether a task is to be done. Everything that is neither yes nor
// continue means no.
func (u *User) Step(ctx context.Context, task string) (engine.Answer, error) {
	word, err := u.Line(ctx, fmt.Sprintf("Perform task: TASK: %s (N)o/(y)es/(c)ontinue: ", task))
	if errors.Is(err, io.EOF) {
		return engine.No, errors.New("--step: standard input has ended")
	}
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "y", "yes":
		return engine.Yes, err
	case "c", "continue":
		return engine.GoOn, err
	}
	return engine.No, err
}
