package store

import (
	"encoding/json"
	"errors"
	"slices"
)

// A row is what a Table keeps under its id.
type row interface {
	comparable
	Key() string
}

// A Table is a list of rows of one kind, in the order in which they were added. Rows
// are pointers and are never changed in place; Put and Remove are for drafts only.
type Table[T row] struct {
	rows    []T
	own     bool     // the list is the draft's own
	touched []string // ids of rows that were put or removed
}

// All returns the rows, the oldest first. The list is not the caller's to change.
func (t *Table[T]) All() []T { return t.rows }

// Find returns the row of an id; nil if there is none.
func (t *Table[T]) Find(id string) T {
	if i := t.index(id); i >= 0 {
		return t.rows[i]
	}
	var none T
	return none
}

func (t *Table[T]) index(id string) int {
	return slices.IndexFunc(t.rows, func(r T) bool { return r.Key() == id })
}

// Put adds a row, or puts it in the place of the one of its id.
func (t *Table[T]) Put(r T) {
	t.touch(r.Key())
	if i := t.index(r.Key()); i >= 0 {
		t.rows[i] = r
		return
	}
	t.rows = append(t.rows, r)
}

// Remove removes the row of an id, if there is one.
func (t *Table[T]) Remove(id string) {
	i := t.index(id)
	if i < 0 {
		return
	}
	t.touch(id)
	t.rows = slices.Delete(t.rows, i, i+1)
}

// RemoveFunc removes the rows for which a condition holds.
func (t *Table[T]) RemoveFunc(which func(T) bool) {
	for _, r := range slices.Clone(t.rows) {
		if which(r) {
			t.Remove(r.Key())
		}
	}
}

func (t *Table[T]) touch(id string) {
	if !t.own {
		t.rows, t.own = slices.Clone(t.rows), true
	}
	t.touched = append(t.touched, id)
}

// A change of a table is how a record writes it.
type change[T row] struct {
	Put     []T      `json:"put,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// begin makes the table one of a draft in which nothing is changed yet.
func (t *Table[T]) begin() { t.own, t.touched = false, nil }

// changed returns what was changed since begin; nil if nothing was.
func (t *Table[T]) changed() (json.RawMessage, error) {
	var c change[T]
	slices.Sort(t.touched)
	t.touched = slices.Compact(t.touched)
	for _, id := range t.touched {
		if t.index(id) < 0 {
			c.Removed = append(c.Removed, id)
		}
	}
	for _, r := range t.rows {
		if _, found := slices.BinarySearch(t.touched, r.Key()); found {
			c.Put = append(c.Put, r)
		}
	}
	if c.Put == nil && c.Removed == nil {
		return nil, nil
	}
	return json.Marshal(c)
}

// whole returns all rows as a change of an empty table; nil if there are none.
func (t *Table[T]) whole() (json.RawMessage, error) {
	if len(t.rows) == 0 {
		return nil, nil
	}
	return json.Marshal(change[T]{Put: t.rows})
}

// apply does what a record says.
func (t *Table[T]) apply(text json.RawMessage) error {
	var c change[T]
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	for _, id := range c.Removed {
		t.Remove(id)
	}
	var none T
	for _, r := range c.Put {
		if r == none || r.Key() == "" {
			return errors.New("a row has no id")
		}
		t.Put(r)
	}
	return nil
}

// A table is a Table of any kind of row.
type table interface {
	begin()
	changed() (json.RawMessage, error)
	whole() (json.RawMessage, error)
	apply(json.RawMessage) error
}

// Tables are what a world has beside add-ons, owners and providers.
type Tables struct {
	Applications Table[*Application]
	Groups       Table[*Group]
	Drains       Table[*Drain]
	Hooks        Table[*Hook]
	Consumers    Table[*Consumer]
	Buckets      Table[*Bucket]
	APITokens    Table[*APIToken]
}

// each calls a function with each table and its name in the state file.
func (t *Tables) each(do func(name string, t table) error) error {
	return errors.Join(
		do("applications", &t.Applications), do("groups", &t.Groups), do("drains", &t.Drains),
		do("hooks", &t.Hooks), do("consumers", &t.Consumers), do("buckets", &t.Buckets), do("apiTokens", &t.APITokens))
}

// written returns the tables as a record has them, by what is asked of each.
func (t *Tables) written(of func(table) (json.RawMessage, error)) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	err := t.each(func(name string, t table) error {
		text, err := of(t)
		if text != nil {
			if all == nil {
				all = map[string]json.RawMessage{}
			}
			all[name] = text
		}
		return err
	})
	return all, err
}

// take does what a record says of the tables.
func (t *Tables) take(rows map[string]json.RawMessage) error {
	return t.each(func(name string, t table) error {
		if text := rows[name]; text != nil {
			return t.apply(text)
		}
		return nil
	})
}
