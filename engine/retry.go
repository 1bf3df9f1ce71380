package engine

import (
	"runner/diagnostic"

	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// A Failure is an error with a result of its own: what an assert found wrong.
type Failure struct {
	Msg    string
	Result *value.Map // msg included; nil: msg alone
}

func (f *Failure) Error() string { return f.Msg }

// An unevaluated is the error of a condition that a task tests itself and that cannot be
// evaluated: as with a mistake in any other argument, neither failed_when nor another try
// makes it good.
type unevaluated struct{ error }

func (e *unevaluated) Unwrap() error { return e.error }

// tries carries a task out until it comes out as it should, or as often as it may.
func (a *attempt) tries(ctx context.Context, task Task, end *TaskEnd) try {
	limit, err := a.limit()
	if err != nil {
		return try{err: err}
	}
	a.status = func(string) {}
	if watch := a.play.opt.Watch; watch != nil {
		var ended func()
		a.status, ended = watch(a.name)
		defer ended()
	}
	if limit == 1 {
		return a.try(ctx, task, 0)
	}
	for number := 1; ; number++ {
		t := a.try(ctx, task, number)
		if _, wrong := errors.AsType[*unevaluated](t.err); wrong || t.outcome == Blocked || ctx.Err() != nil {
			return t
		}
		good, err := a.good(t)
		if err != nil {
			t.err = err
			return t
		}
		if good {
			return t
		}
		if number == limit {
			t.number--
			return a.gaveUp(t)
		}
		a.reportRetry(t, limit, end.NoLog)
		a.status(fmt.Sprintf("try %d of %d", t.number+1, limit))
		if err := a.pause(ctx); err != nil {
			t.err = err
			return t
		}
	}
}

// mostRetries is how often a task can be tried again.
const mostRetries = 1e9

// limit returns how often a task may be tried.
func (a *attempt) limit() (int, error) {
	if a.step.Retries == nil && a.step.Until == nil {
		return 1, nil
	}
	retries, err := a.scope.number(a.step.Retries, 3)
	if err == nil && !(retries <= mostRetries) { // NaN, too
		err = diagnostic.Problemf(a.step.Retries.Place, "%s retries are too many: at most %d", value.Text(plainNumber(retries)), int(mostRetries))
	}
	return 1 + max(0, int(retries)), err
}

// good reports whether a try was the last one: its condition holds, or cannot be
// known yet; where there is none, it did not fail.
func (a *attempt) good(t try) (bool, error) {
	if t.outcome == Skipped {
		return true, t.err
	}
	if a.step.Until == nil {
		return t.err == nil, nil
	}
	c, err := a.resultScope(t).test(a.step.Until)
	if err != nil {
		return false, err
	}
	if c.holds || c.unknown != nil || t.planned() {
		return true, t.err
	}
	return false, nil
}

// planned reports that the change was not carried out, because this is a check:
// trying again would change nothing.
func (t try) planned() bool {
	return t.change != nil && t.change.Action != None && !t.applied
}

func (a *attempt) gaveUp(t try) try {
	if t.err == nil {
		t.err = at(a.step.Until, &Failure{Msg: "it did not come out as until demands: " + texts(a.step.Until), Result: resultMap(t.value)})
	}
	return t
}

func (a *attempt) reportRetry(t try, limit int, noLog bool) {
	result := a.registered(t.outcome, t)
	if m, ok := result.(*value.Map); ok {
		m = m.Clone()
		m.Set("attempts", t.number)
		m.Set("retries", limit)
		result = m
	}
	a.out.add(TaskRetry{Step: a.step, Name: a.name, Attempts: t.number, Left: limit - t.number, Result: value.Known(result),
		Shows: a.step.Kind.Display() == DisplayResult && t.err == nil, NoLog: noLog})
}

func (a *attempt) pause(ctx context.Context) error {
	delay, err := a.scope.duration(a.step.Delay, 5)
	if err != nil {
		return err
	}
	if delay < 0 {
		delay = time.Second
	}
	return sleep(ctx, delay)
}

// LongestSeconds is the longest time that a playbook can name: a hundred years, which
// is still far from what a time.Duration cannot hold.
const LongestSeconds = 100 * 365 * 24 * 60 * 60

// Seconds makes a duration of a number of seconds. The error is about one that is
// longer than LongestSeconds, or no number.
func Seconds(n float64) (time.Duration, error) {
	if math.IsNaN(n) || math.Abs(n) > LongestSeconds {
		return 0, fmt.Errorf("%s seconds are too long: at most %d, which is a hundred years", value.Text(plainNumber(n)), LongestSeconds)
	}
	return time.Duration(n * float64(time.Second)), nil
}

// duration evaluates a keyword that is a number of seconds.
func (s *scope) duration(n *expr.Node, otherwise float64) (time.Duration, error) {
	f, err := s.number(n, otherwise)
	if err != nil {
		return 0, err
	}
	d, err := Seconds(f)
	if err != nil {
		return 0, diagnostic.Problemf(n.Place, "%s", err)
	}
	return d, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try carries a task out once, within its time, and judges the result.
func (a *attempt) try(ctx context.Context, task Task, number int) try {
	limit, err := a.scope.duration(a.step.Timeout, 0)
	if err != nil {
		return try{err: err}
	}
	within := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	t := a.carryOut(within, task)
	if _, wrong := errors.AsType[*unevaluated](t.err); wrong {
		return t
	}
	t.number = number
	if limit > 0 && ctx.Err() == nil && within.Err() != nil && errors.Is(t.err, context.DeadlineExceeded) {
		t.err = a.timedOut(limit.Seconds(), t.applied)
	}
	if t.outcome == Skipped || t.outcome == Blocked || ctx.Err() != nil {
		return t
	}
	return a.judge(t)
}

func (a *attempt) timedOut(limit float64, applied bool) error {
	msg := fmt.Sprintf("Timed out after %s second(s)", value.Text(plainNumber(limit)))
	failure := &Failure{Msg: msg, Result: value.MapOf("msg", msg+".", "timedout", value.MapOf("period", plainNumber(limit)))}
	p := &diagnostic.Problem{Place: a.step.Timeout.Place, Msg: msg, Err: failure}
	if applied {
		p.Hint = "what was begun may still come about; run again to see"
	}
	return p
}

// at places an error at the first of some conditions.
func at(conditions []*Condition, err error) error {
	if len(conditions) == 0 {
		return err
	}
	return &diagnostic.Problem{Place: conditions[0].Place, Msg: err.Error(), Err: err}
}

func plainNumber(f float64) Value {
	if math.Abs(f) < 1<<53 && f == float64(int(f)) {
		return int(f)
	}
	return f
}

// judge lets the playbook say what is a change and what is a failure.
func (a *attempt) judge(t try) try {
	if a.step.ChangedWhen != nil {
		c, err := a.resultScope(t).test(a.step.ChangedWhen)
		switch {
		case err != nil:
			t.err = err
			return t
		case c.holds:
			t.outcome, t.changed = Changed, true
		case c.unknown == nil:
			t.outcome = OK
		}
	}
	if a.step.FailedWhen == nil {
		return t
	}
	c, err := a.resultScope(t).test(a.step.FailedWhen)
	if err != nil || c.unknown != nil {
		t.err = err
		return t
	}
	result := resultMap(t.value)
	if t.err != nil {
		result = a.failed(t.err)
	}
	result.Set("failed_when_result", c.holds)
	t.value = result
	switch {
	case !c.holds:
		t.err = nil
	case t.err == nil:
		t.changed = t.outcome == Changed
		t.err = at(a.step.FailedWhen, &Failure{Msg: "failed_when holds: " + texts(a.step.FailedWhen), Result: result})
	}
	return t
}

// resultScope is a scope in which the name that is registered stands for what came
// of this try.
func (a *attempt) resultScope(t try) *scope {
	values := map[string]Value{}
	if t.change != nil { // what it sets is there already
		facts, _ := t.change.Effect.(Facts)
		for name, v := range facts.Values.All() {
			values[value.OpenText(name)] = v
		}
	}
	if a.step.Register != "" {
		values[a.step.Register] = a.registered(t.outcome, t)
	}
	return a.scope.with(values)
}
