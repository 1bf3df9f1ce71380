package lsp

import (
	"slices"
	"strings"

	"runner/engine"
	"runner/lsp/cursor"
	"runner/playbooks/keyword"
)

// A situation is what can stand at a cursor: keywords, parameters, or the value of one.
type situation struct {
	cursor.Place
	in     keyword.Place   // where keywords can stand; 0: none can
	kind   *engine.Kind    // the kind of the task at hand; nil: none yet
	params []engine.Param  // what keys the map at hand takes; nil: not parameters
	param  *engine.Param   // whose value the cursor stands in; nil: none
	word   keyword.Keyword // the keyword whose value it stands in; its Name is "": none
	under  string          // the key whose value it stands in, "" for none
	free   bool            // keys are names of variables
	path   []cursor.Frame  // the maps from that of the kind's parameters on
	task   cursor.Frame    // the task at hand
}

// A reader walks from the top of a document to the cursor.
type reader struct {
	situation
	kinds map[string]*engine.Kind
}

// situationAt returns what can stand at a place of a document.
func situationAt(p cursor.Place, doc sort, kinds map[string]*engine.Kind) situation {
	r := &reader{situation: situation{Place: p}, kinds: kinds}
	switch doc {
	case playbook, taskList:
		r.list(p.Frames, keyword.Play|keyword.Task)
	case variables:
		r.free = len(p.Frames) <= 1
	}
	return r.situation
}

// list walks a list of plays, tasks, roles or prompts.
func (r *reader) list(frames []cursor.Frame, in keyword.Place) {
	if len(frames) == 0 {
		return
	}
	if frames[0].List {
		frames = frames[1:]
	}
	if len(frames) == 0 {
		r.in = in
		return
	}
	m := frames[0]
	if in == keyword.Play|keyword.Task {
		in = playOrTask(m, r.kinds)
	}
	if in&keyword.Task != 0 {
		r.task, r.kind = m, kindOf(m, r.kinds)
		if _, ok := m.Get("block"); ok {
			in = keyword.Block
		} else if hasBare(m, "import_playbook") {
			in = keyword.ImportPlaybook
		}
	}
	r.in = in
	if m.Under != "" {
		r.value(m, frames[1:], in)
	}
}

func playOrTask(m cursor.Frame, kinds map[string]*engine.Kind) keyword.Place {
	for _, e := range m.Entries {
		if isPlayWord(e.Key) {
			return keyword.Play
		}
	}
	if kindOf(m, kinds) != nil {
		return keyword.Task
	}
	for _, e := range m.Entries {
		if keyword.Only(e.Key, keyword.Task|keyword.Block, keyword.Play) {
			return keyword.Task
		}
	}
	return keyword.Play | keyword.Task
}

func kindOf(m cursor.Frame, kinds map[string]*engine.Kind) *engine.Kind {
	for _, e := range m.Entries {
		if k := kinds[bareKind(e.Key)]; k != nil {
			return k
		}
		if k := kinds[e.Key]; k != nil {
			return k
		}
	}
	return nil
}

func hasBare(m cursor.Frame, name string) bool {
	return slices.ContainsFunc(m.Entries, func(e cursor.Entry) bool { return bareKind(e.Key) == name })
}

// value walks what stands under a key of a play, a block or a task.
func (r *reader) value(m cursor.Frame, frames []cursor.Frame, in keyword.Place) {
	key := m.Under
	r.under = key
	if k := cmpKind(r.kinds, key); k != nil && in&keyword.Task != 0 {
		r.kind = k
		r.parameters(k.Params(), frames, m)
		return
	}
	word, ok := keyword.Find(key, in)
	if !ok {
		word, ok = keyword.Find(bareKind(key), in|keyword.Block|keyword.ImportTasks|keyword.ImportPlaybook)
	}
	r.in = 0
	if !ok {
		return
	}
	r.word = word
	switch word.Takes {
	case keyword.Tasks:
		r.below(frames, keyword.Task)
	case keyword.Roles:
		r.below(frames, keyword.Role)
	case keyword.VarsPrompt:
		r.below(frames, keyword.Prompt)
	case keyword.LoopSettings:
		r.mapOf(frames, keyword.LoopControl)
	case keyword.Vars:
		r.free = len(frames) == 1 && frames[0].Under == ""
	case keyword.Args:
		if r.kind != nil {
			r.parameters(r.kind.Params(), frames, m)
		}
	case keyword.ModuleDefaults:
		if len(frames) > 0 && frames[0].Under != "" {
			if k := cmpKind(r.kinds, frames[0].Under); k != nil {
				r.kind = k
				r.parameters(k.Params(), frames[1:], frames[0])
			}
		}
	}
}

func cmpKind(kinds map[string]*engine.Kind, key string) *engine.Kind {
	if k := kinds[key]; k != nil {
		return k
	}
	return kinds[bareKind(key)]
}

// below walks a list of maps under a keyword.
func (r *reader) below(frames []cursor.Frame, in keyword.Place) {
	if len(frames) == 0 || !frames[0].List {
		return
	}
	r.word, r.under, r.kind = keyword.Keyword{}, "", nil
	if len(frames) == 1 {
		r.in = in
		return
	}
	r.list(frames, in)
}

// mapOf walks a map of keywords under a keyword.
func (r *reader) mapOf(frames []cursor.Frame, in keyword.Place) {
	if len(frames) == 0 || frames[0].List {
		return
	}
	r.word, r.under, r.in = keyword.Keyword{}, "", in
	if key := frames[0].Under; key != "" {
		r.in, r.under = 0, key
		r.word, _ = keyword.Find(key, in)
	}
}

// parameters walks parameters, and those inside of them.
func (r *reader) parameters(params []engine.Param, frames []cursor.Frame, around cursor.Frame) {
	r.in, r.word = 0, keyword.Keyword{}
	if len(frames) == 0 { // the value of the kind itself: nothing, or a text
		r.params = params
		return
	}
	if frames[0].List {
		r.parameters(params, frames[1:], around)
		return
	}
	m := frames[0]
	r.path = append(r.path, m)
	if m.Under == "" {
		r.params = params
		return
	}
	r.params, r.under = nil, m.Under
	p, ok := findParam(params, m.Under)
	if !ok {
		return
	}
	r.param = &p
	if len(frames) > 1 && len(p.Params) > 0 {
		r.param, r.under = nil, ""
		r.parameters(p.Params, frames[1:], m)
	}
}

func findParam(params []engine.Param, name string) (engine.Param, bool) {
	for _, p := range params {
		if p.Name == name || slices.Contains(p.Aliases, name) {
			return p, true
		}
	}
	return engine.Param{}, false
}

// expression returns what stands of an expression up to the cursor, and whether it is a
// statement's, {% … %}; ok is false where the cursor stands in none.
func (s situation) expression() (text string, statement, ok bool) {
	if !s.Value {
		return "", false, false
	}
	open := max(strings.LastIndex(s.Text, "{{"), strings.LastIndex(s.Text, "{%"))
	closed := max(strings.LastIndex(s.Text, "}}"), strings.LastIndex(s.Text, "%}"))
	if open >= 0 && open > closed {
		return s.Text[open+2:], s.Text[open+1] == '%', true
	}
	if s.word.Takes == keyword.Conditions || s.param != nil && (s.param.Type == engine.ExpressionParam || s.param.Type == engine.ConditionsParam) {
		return s.Text, false, true
	}
	return "", false, false
}
