package conformance

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	pairs      = 100              // of wrong proofs that are timed
	timingTime = 20 * time.Second // for all of them
)

// evenTimes sends proofs that are wrong in their first letter, and such that are
// wrong in their last. A back-end that compares letter by letter takes longer for
// the latter. What a network does to times hides much; what is found is noted and
// never fails.
func evenTimes(p *probe) {
	in := p.signIn(p.first, "")
	name := string(p.m.Dialect.Scheme())
	proof := in.Form.Get(name)
	if len(proof) < 2 {
		p.skip("this add-on's form cannot be signed")
		return
	}
	wrong := [2]string{other(proof[:1]) + proof[1:], proof[:len(proof)-1] + other(proof[len(proof)-1:])}
	var took [2][]time.Duration
	until := time.Now().Add(timingTime)
	for i := 0; i < pairs && time.Now().Before(until); i++ {
		for j := range wrong {
			which := (i + j) % 2 // each is the first of its pair as often as the other
			in.Form.Set(name, wrong[which])
			r := p.submit(in)
			if r.a == nil {
				p.skip("an answer is missing: " + r.String())
				return
			}
			took[which] = append(took[which], r.a.Took)
		}
	}
	p.compareTimes(took[0], took[1])
}

// other returns another digit.
func other(digit string) string {
	if strings.ToLower(digit) == "0" {
		return "1"
	}
	return "0"
}

func (p *probe) compareTimes(early, late []time.Duration) {
	longer, odds := signTest(early, late)
	p.result.Came = fmt.Sprintf("those wrong at their end took longer in %d of %d pairs: %v in the middle, the others %v", longer, len(early), middle(late), middle(early))
	if odds > 4 {
		p.result.Status, p.result.Expected = Noted, "no difference: compare in constant time"
	}
}

// signTest counts the pairs whose second is longer, and returns by how many
// standard deviations that is more than chance. Equal pairs are left out.
func signTest(first, second []time.Duration) (longer int, odds float64) {
	differ := 0
	for i := range first {
		if second[i] > first[i] {
			longer++
		}
		if second[i] != first[i] {
			differ++
		}
	}
	if differ == 0 {
		return 0, 0
	}
	n := float64(differ)
	return longer, (float64(longer) - n/2) / math.Sqrt(n/4)
}

// middle returns the median of times.
func middle(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(times))
	return s[len(s)/2].Round(time.Microsecond)
}
