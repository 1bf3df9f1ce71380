package value

// The bounds of one evaluation.
const (
	MaxSteps   = 1_000_000 // expressions, elements
	MaxText    = 1 << 20   // bytes of any one text
	maxAllText = 64 << 20  // bytes of all texts that are made
	maxDigits  = 20_000    // of a number
)

// A Budget counts the work of one evaluation, and ends it when it is too much: a
// million steps, a text of more than 1 MiB, 64 MiB of texts. The zero Budget is
// ready. It is not for several goroutines at once.
type Budget struct {
	steps int
	bytes int
}

// Spend counts n steps and reports whether they are within the bound.
func (b *Budget) Spend(n int) bool {
	b.steps += n
	return b.steps <= MaxSteps
}

// Count counts n steps; it is an error when they are too many.
func (b *Budget) Count(n int) error {
	b.Spend(n)
	return b.Err()
}

// Err is an error when more steps were done than there may be.
func (b *Budget) Err() error {
	if b.steps > MaxSteps {
		return Errorf(LimitError, "the template takes more than a million steps").WithHint("loop over less")
	}
	return nil
}

// Scan counts the work of going over a value's text, if it is one.
func (b *Budget) Scan(v Value) error {
	n := 1
	if s, ok := Bare(v).(string); ok {
		n += len(s) / 256
	}
	return b.Count(n)
}

// Write counts a text that was made and refuses what is too long.
func (b *Budget) Write(n int) error {
	b.bytes += n
	if n > MaxText || b.bytes > maxAllText {
		return Errorf(LimitError, "the template makes more than 1 MiB of text").WithHint("make less of it")
	}
	return nil
}
