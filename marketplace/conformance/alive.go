package conformance

// watch returns what reports whether an add-on is still there, as far as this back-end
// lets that be seen: by its dashboard, by a change to the plan that it has, or by its
// order, repeated.
func (s *session) watch(r *resource) func() (alive, known bool) {
	if s.canSignIn() && !s.anybody() {
		if before := s.open(r, nil); before.arrived() {
			return func() (bool, bool) {
				now := s.open(r, nil)
				return now.arrived() && s.same(now.last, r, before.last, r), now.first.a != nil && now.first.status() < 500
			}
		}
	}
	if s.seesUnknown() {
		return func() (bool, bool) {
			a := s.put(r, s.o.Plan)
			return a.good(), a.a != nil && a.status() < 500
		}
	}
	if s.lost[repeats] == "" {
		if first := s.post(r.order); first.good() && first.id() == r.id {
			return func() (bool, bool) {
				a := s.post(r.order)
				return a.good() && a.id() == r.id, a.a != nil && a.status() < 500
			}
		}
	}
	return func() (bool, bool) { return true, false }
}

// canSignIn reports whether users can, and do.
func (s *session) canSignIn() bool {
	return s.lost[signedIn] == "" && s.first != nil && s.without(signedIn, Check{}) == ""
}

// seesUnknown reports whether a plan change tells add-ons that are there from those
// that never were.
func (s *session) seesUnknown() bool {
	if s.first == nil || !s.changesPlans {
		return false
	}
	if s.putKnows == nil {
		knows := s.put(s.first, s.o.Plan).good() && !s.put(s.nobody(), s.o.Plan).good()
		s.putKnows = &knows
	}
	return *s.putKnows
}
