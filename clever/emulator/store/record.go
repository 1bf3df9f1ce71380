package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// A record is a line of the state file: what one writing changed. It takes effect
// whole. The first record of a file makes the world; the others go on from there.
type record struct {
	Version int                        `json:"version,omitempty"` // of the file; in the first line
	Head    *header                    `json:"head,omitempty"`    // instead of the one before
	Removed []string                   `json:"removed,omitempty"` // ids of add-ons
	Put     []*Addon                   `json:"put,omitempty"`     // instead of those of their ids, or new
	Rows    map[string]json.RawMessage `json:"rows,omitempty"`    // changes of the tables, by their names
}

// A header is a world without its add-ons.
type header struct {
	User          Account         `json:"user"`
	Organisations []Account       `json:"organisations"`
	Tokens        []Token         `json:"tokens,omitempty"`
	Registrations []*Registration `json:"partners,omitempty"`
	Leaving       []*Addon        `json:"leaving,omitempty"`
}

func (w *World) header() *header {
	return &header{w.User, w.Organisations, w.Tokens, w.Registrations, w.Leaving}
}

func (w *World) setHeader(h *header) {
	w.User, w.Organisations, w.Tokens = h.User, h.Organisations, h.Tokens
	w.Registrations, w.Leaving = h.Registrations, h.Leaving
}

// opening is how each line begins: with the checksum of all that follows it.
const opening = `{"sum":"%08x",`

func lineOf(r record) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	rest := text[1:]
	rest = append(rest, '\n')
	return append(fmt.Appendf(nil, opening, checksum(rest)), rest...), nil
}

func checksum(text []byte) uint32 { return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)) }

func parseRecord(line []byte) (record, error) {
	var r record
	at := len(fmt.Sprintf(opening, 0))
	if len(line) < at || !bytes.Equal(line[:at], fmt.Appendf(nil, opening, checksum(line[at:]))) {
		return r, errors.New("it is not as it was written: its checksum is another")
	}
	return r, json.Unmarshal(line, &r)
}

// records returns the world as the lines of a fresh file, one by one.
func (w *World) records(write func(record) error) error {
	rows, err := w.written(table.whole)
	if err != nil {
		return err
	}
	if err := write(record{Version: stateVersion, Head: w.header(), Rows: rows}); err != nil {
		return err
	}
	for _, a := range w.Addons {
		if err := write(record{Put: []*Addon{a}}); err != nil {
			return err
		}
	}
	return nil
}

// replay makes the world that the lines of a file tell of, and says how many bytes
// they are. What stands after the last end of a line was being written when the
// process was killed: nobody was answered for it.
func replay(text []byte) (*World, int64, error) {
	d := (&World{}).Draft()
	var size int64
	for number := 1; ; number++ {
		length := int64(bytes.IndexByte(text[size:], '\n') + 1)
		if length == 0 && number > 1 {
			return &d.World, size, nil
		}
		r, err := parseRecord(text[size : size+length])
		if err == nil && r.Version != 0 && number > 1 {
			err = errors.New("a file begins in the middle of another")
		}
		if err == nil {
			err = d.take(r)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", number, err)
		}
		size += length
	}
}

// take does what a record says.
func (d *Draft) take(r record) error {
	if r.Head != nil {
		d.setHeader(r.Head)
	}
	if err := d.Tables.take(r.Rows); err != nil {
		return err
	}
	for _, id := range r.Removed {
		a := d.Addon(id)
		if a == nil || a.ID != id {
			return fmt.Errorf("it removes %q, which is not there", id)
		}
		d.drop(a)
	}
	for _, a := range r.Put {
		if err := d.put(a); err != nil {
			return err
		}
	}
	return nil
}

// put takes in an add-on of the file, in the place of the one of its id.
func (d *Draft) put(a *Addon) error {
	if a == nil || a.ID == "" || a.RealID == "" || a.ID == a.RealID {
		return errors.New("an add-on has no id, or the id of another")
	}
	old, other := d.Addon(a.ID), d.Addon(a.RealID)
	switch {
	case old == nil && other == nil:
		d.Add(a)
	case old == other && old.ID == a.ID:
		d.Replace(a)
	default:
		return fmt.Errorf("the add-on %q has no id, or the id of another", a.ID)
	}
	return nil
}

// record tells what a draft made of a world; the zero record if it is the same.
func (d *Draft) record(before *World) (record, error) {
	rows, err := d.written(table.changed)
	r := record{Rows: rows}
	if d.Changed {
		r.Head = d.header()
	}
	slices.Sort(d.touched)
	for _, id := range slices.Compact(d.touched) {
		if a := d.Addon(id); a != nil {
			r.Put = append(r.Put, a)
		} else if before.Addon(id) != nil {
			r.Removed = append(r.Removed, id)
		}
	}
	slices.SortFunc(r.Put, older)
	return r, err
}

func (r *record) empty() bool {
	return r.Head == nil && r.Removed == nil && r.Put == nil && r.Rows == nil
}
