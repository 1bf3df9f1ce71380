package report

import "runner/engine"

// erase takes what stands on a terminal's line off it.
const erase = "\r\x1b[K"

func (t *Text) progress(e engine.TaskProgress) {
	if !t.opt.Quiet && !t.opt.Live {
		t.print("  "+line(t.masker.text(e.Text)), blue)
	}
}

// goOn shows where a long change stands, in a line that whatever comes next
// replaces.
func (t *Text) goOn(p engine.TaskProgress) {
	text := []rune("  " + line(t.masker.text(p.Text)))
	for len(text) > 0 && columns(string(text)) >= t.opt.Width {
		text = text[:len(text)-1]
	}
	t.live = true
	t.out.write(erase + t.paint(string(text), blue))
}

// endLive makes room for other output.
func (t *Text) endLive() {
	if t.live {
		t.out.write(erase)
		t.live = false
	}
}
