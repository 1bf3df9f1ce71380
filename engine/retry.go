package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// A Failure is an error with a result of its own: what an assert found wrong.
type Failure struct {
	Msg    string
	Result *value.Map // msg included; nil: msg alone
}

func (f *Failure) Error() string { return f.Msg }

// tries carries a task out until it comes out as it should, or as often as it may.
func (a *attempt) tries(ctx context.Context, task Task) error {
	limit, err := a.limit()
	if err != nil {
		return err
	}
	for a.tried = 1; ; a.tried++ {
		err := a.try(ctx, task)
		if limit == 1 || a.end.Outcome == Blocked || ctx.Err() != nil {
			if limit == 1 {
				a.tried = 0
			}
			return err
		}
		good, bad := a.good(err)
		if bad != nil || good {
			return bad
		}
		if a.tried == limit {
			a.tried--
			return a.gaveUp(err)
		}
		a.tellRetry(err, limit)
		if err := a.pause(ctx); err != nil {
			return err
		}
	}
}

// limit gives how often a task may be tried.
func (a *attempt) limit() (int, error) {
	if a.step.Retries == nil && a.step.Until == nil {
		return 1, nil
	}
	retries, err := a.scope.number(a.step.Retries, 3)
	return 1 + max(0, int(retries)), err
}

// good reports whether a try was the last one: its condition holds, or cannot be
// known yet; where there is none, it did not fail.
func (a *attempt) good(err error) (bool, error) {
	if a.end.Outcome == Skipped {
		return true, err
	}
	if a.step.Until == nil {
		return err == nil, nil
	}
	v, bad := a.judged(err).test(a.step.Until)
	if bad != nil {
		return false, bad
	}
	if good := v.holds || v.unknown != nil || a.planned(); good {
		return true, err
	}
	return false, nil
}

// planned reports that the change was not carried out, because this is a check:
// trying again would change nothing.
func (a *attempt) planned() bool {
	return a.end.Change != nil && a.end.Change.Action != None && !a.applied
}

func (a *attempt) gaveUp(err error) error {
	if err != nil {
		return err
	}
	return at(a.step.Until, &Failure{Msg: "it did not come out as until demands: " + texts(a.step.Until), Result: a.resultMap()})
}

func (a *attempt) tellRetry(err error, limit int) {
	result := a.registered(err)
	if m, ok := result.(*value.Map); ok {
		m = m.Clone()
		m.Set("attempts", a.tried)
		m.Set("retries", limit)
		result = m
	}
	a.out.add(TaskRetry{Step: a.step, Name: a.end.Name, Attempts: a.tried, Left: limit - a.tried, Result: result,
		Shows: a.step.Kind.Shows && err == nil, NoLog: a.end.NoLog})
}

func (a *attempt) pause(ctx context.Context) error {
	delay, err := a.scope.number(a.step.Delay, 5)
	if err != nil {
		return err
	}
	if delay < 0 {
		delay = 1
	}
	return sleep(ctx, seconds(delay))
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

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
func (a *attempt) try(ctx context.Context, task Task) error {
	a.end.Outcome, a.result = OK, nil
	limit, err := a.scope.number(a.step.Timeout, 0)
	if err != nil {
		return err
	}
	within := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, seconds(limit))
		defer cancel()
	}
	err = a.carryOut(within, task)
	if limit > 0 && ctx.Err() == nil && within.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		err = a.timedOut(limit)
	}
	return a.judge(ctx, err)
}

func (a *attempt) timedOut(limit float64) error {
	msg := fmt.Sprintf("Timed out after %s second(s)", value.Text(plainNumber(limit)))
	failure := &Failure{Msg: msg, Result: value.MapOf("msg", msg+".", "timedout", value.MapOf("period", plainNumber(limit)))}
	p := &diagnostic.Problem{Place: a.step.Timeout.Place, Msg: msg, Err: failure}
	if a.applied {
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
	if f == float64(int(f)) {
		return int(f)
	}
	return f
}

// judge lets the playbook say what is a change and what is a failure.
func (a *attempt) judge(ctx context.Context, err error) error {
	if a.end.Outcome == Skipped || a.end.Outcome == Blocked || ctx.Err() != nil {
		return err
	}
	if a.step.ChangedWhen != nil {
		v, bad := a.judged(err).test(a.step.ChangedWhen)
		switch {
		case bad != nil:
			return bad
		case v.holds:
			a.end.Outcome = Changed
		case v.unknown == nil:
			a.end.Outcome = OK
		}
	}
	if a.step.FailedWhen == nil {
		return err
	}
	v, bad := a.judged(err).test(a.step.FailedWhen)
	if bad != nil || v.unknown != nil {
		return errors.Join(bad)
	}
	result := a.resultMap()
	if err != nil {
		result = a.failed(err)
	}
	result.Set("failed_when_result", v.holds)
	a.result = result
	switch {
	case !v.holds:
		return nil
	case err == nil:
		return at(a.step.FailedWhen, &Failure{Msg: "failed_when holds: " + texts(a.step.FailedWhen), Result: result})
	}
	return err
}

// judged is a scope in which the name that is registered stands for what came
// of this try.
func (a *attempt) judged(err error) *scope {
	if a.step.Register == "" {
		return a.scope
	}
	return a.scope.with(map[string]Value{a.step.Register: a.registered(err)})
}
