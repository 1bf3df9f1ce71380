package engine

import "strings"

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
		p := Problemf(s.step.RegisterAt, "nothing mentions %q", name).WithHint("remove the register, or call it _%s", name)
		p.Warning, p.Rule = true, UnusedRegister
		l.problems = append(l.problems, p)
	}
}
