package engine

import (
	"strings"

	"runner/diagnostic"
)

// UnusedRegister is the rule of warnings about results that nothing mentions.
const UnusedRegister = "unused-register"

// unused warns about results that are registered and never mentioned. A name
// that begins with _ says that this is meant so.
func (l *linker) unused() {
	for _, s := range l.steps {
		name := s.step.Register
		if name == "" || strings.HasPrefix(name, "_") || s.wantedAny || len(s.wanted) > 0 {
			continue
		}
		p := diagnostic.Problemf(s.step.RegisterAt, "nothing mentions %q", name).WithHint("remove the register, or call it _%s", name)
		p.Severity, p.Rule = diagnostic.Warning, UnusedRegister
		l.problems = append(l.problems, p)
	}
}
