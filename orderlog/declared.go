package orderlog

import (
	"slices"
	"time"
)

// A Declaration says which run declared an add-on last, by which playbook.
type Declaration struct {
	Time     time.Time `json:"time"`
	Run      string    `json:"run,omitempty"`
	Playbook string    `json:"playbook,omitempty"` // its absolute path
	Scope    string    `json:"scope,omitempty"`    // "": the play had none
	// With are the variables that decided what the playbook declares, by name, each with
	// a digest of its value.
	With map[string]string `json:"with,omitempty"`
}

// batch is how many declarations are written at once.
const batch = 200

// Declare notes that an add-on was declared. It is written with others, at the latest
// when the log is closed: a run that is killed may lose it.
func (l *Log) Declare(id string, d Declaration) error {
	if d.Time.IsZero() {
		d.Time = time.Now()
	}
	l.mu.Lock()
	i := slices.IndexFunc(l.pending, func(e entry) bool { return e.Declaration.same(d) })
	if i < 0 {
		i = len(l.pending)
		l.pending = append(l.pending, entry{Event: declared, Time: d.Time, Declaration: &d})
	}
	l.pending[i].IDs = append(l.pending[i].IDs, id)
	l.note(entry{Event: declared, Time: d.Time, Declaration: &d, IDs: []string{id}})
	full := len(l.pending[i].IDs) >= batch
	l.mu.Unlock()
	if full {
		return l.flush()
	}
	return nil
}

// flush writes the declarations that were not written yet.
func (l *Log) flush() error {
	l.mu.Lock()
	pending := l.pending
	l.pending = nil
	l.mu.Unlock()
	for _, e := range pending {
		if err := l.add(e, false); err != nil {
			return err
		}
	}
	return nil
}

// same reports whether two declarations differ in time only.
func (d Declaration) same(other Declaration) bool {
	return d.Run == other.Run && d.Playbook == other.Playbook && d.Scope == other.Scope && SameVariables(d.With, other.With)
}

// SameVariables reports whether two runs were given the same variables, as far as they
// decide what is declared.
func SameVariables(a, b map[string]string) bool {
	for name, value := range a {
		if b[name] != value {
			return false
		}
	}
	return len(a) == len(b)
}

// Declarations returns the last declaration of an add-on by each playbook, oldest first.
func (l *Log) Declarations(id string) []Declaration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.declared[id])
}

// noteDeclared takes over a declaration, of what is not removed. The mutex is held.
func (l *Log) noteDeclared(id string, d Declaration) {
	if !l.removed[id].IsZero() {
		return
	}
	if l.declared == nil {
		l.declared = map[string][]Declaration{}
	}
	list := slices.DeleteFunc(l.declared[id], func(old Declaration) bool { return old.Playbook == d.Playbook })
	l.declared[id] = append(list, d)
}

// declarations returns what is remembered of declarations as entries, one for each run
// and playbook.
func (l *Log) declarations() []entry {
	var all []entry
	index := map[string]int{}
	for id, list := range l.declared {
		for _, d := range list {
			key := d.Run + "\x00" + d.Playbook + "\x00" + d.Scope + "\x00" + d.Time.String()
			i, ok := index[key]
			if !ok {
				i = len(all)
				index[key] = i
				all = append(all, entry{Event: declared, Time: d.Time, Declaration: &d})
			}
			all[i].IDs = append(all[i].IDs, id)
		}
	}
	for i := range all {
		slices.Sort(all[i].IDs)
	}
	slices.SortFunc(all, func(a, b entry) int { return a.Time.Compare(b.Time) })
	return all
}
