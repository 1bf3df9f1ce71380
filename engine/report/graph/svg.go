package graph

import (
	"fmt"
	"html"
	"strings"

	"runner/engine"
)

// The measures of a picture, in pixels.
const (
	boxWidth, boxHeight = 230, 46
	gapX, gapY          = 40, 44
	margin              = 24
	pad                 = 12 // of a block around what is in it
	maxName             = 30 // characters in a box
)

// A drawing is the layout of one play: a layer per row, so that whoever waits stands
// below what it waits for.
type drawing struct {
	play   engine.PlayGraph
	layer  map[string]int
	column map[string]int
	widths []int // of the layers, in boxes
	inside map[string][]string
	x, y   map[string]int
	width  int
	height int
}

// svg draws the plays one below the other.
func svg(plays []engine.PlayGraph) string {
	var body strings.Builder
	width, top := 0, margin
	for _, p := range plays {
		d := layout(p)
		fmt.Fprintf(&body, "<g transform=\"translate(0 %d)\">\n%s</g>\n", top, d.draw())
		width, top = max(width, d.width), top+d.height+margin
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="what waits for what">
%s%s</svg>
`, width, top, width, top, style, body.String())
}

const style = `<style>
svg{background:#fff;font:13px system-ui,sans-serif;--ink:#1d2733;--box:#eef3f9;--line:#8aa;--dim:#5b6b7b}
@media (prefers-color-scheme:dark){svg{background:#12181f;--ink:#e6edf3;--box:#1f2a36;--line:#56708a;--dim:#9fb0c0}}
text{fill:var(--ink)} .dim{fill:var(--dim);font-size:11px} .title{font-weight:600;font-size:15px}
rect{fill:var(--box);stroke:var(--line)} .barrier{stroke-width:3} .group{fill:none;stroke-dasharray:5 4}
path{fill:none;stroke-width:1.5} .name{stroke:#2f7ed8} .resource{stroke:#d8862f} .barrier-edge{stroke:var(--line)} .notify{stroke:#8b5cd6} .sequence{stroke:var(--line)}
</style>
<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" style="fill:context-stroke;stroke:none"/></marker></defs>
`

// layout returns every node its row and column.
func layout(p engine.PlayGraph) *drawing {
	d := &drawing{play: p, layer: map[string]int{}, column: map[string]int{}, inside: map[string][]string{},
		x: map[string]int{}, y: map[string]int{}}
	waits := map[string][]string{}
	for _, e := range p.Edges {
		waits[e.From] = append(waits[e.From], e.To)
	}
	for _, n := range p.Nodes {
		d.place(n, waits[n.ID])
	}
	for _, w := range d.widths {
		d.width = max(d.width, w*(boxWidth+gapX)-gapX+2*margin)
	}
	for _, n := range p.Nodes {
		row := d.layer[n.ID]
		left := (d.width - d.widths[row]*(boxWidth+gapX) + gapX) / 2
		d.x[n.ID] = left + d.column[n.ID]*(boxWidth+gapX)
		d.y[n.ID] = 34 + row*(boxHeight+gapY)
	}
	d.height = 34 + len(d.widths)*(boxHeight+gapY)
	return d
}

// place puts a node below all that it waits for, and below all that is in it.
func (d *drawing) place(n engine.GraphNode, waits []string) {
	row := 0
	if n.In != "" {
		d.inside[n.In] = append(d.inside[n.In], n.ID)
		if above, ok := d.layer[n.In]; ok {
			row = above + 1
		}
	}
	if n.In == "handlers" { // they run last
		row = d.handlerRow()
	}
	if n.Kind == "rescue" || n.Kind == "always" { // after the parts before it
		waits = append(waits, d.inside[n.In][:len(d.inside[n.In])-1]...)
	}
	for _, to := range waits {
		row = max(row, d.bottom(to)+1)
	}
	for row >= len(d.widths) {
		d.widths = append(d.widths, 0)
	}
	d.layer[n.ID], d.column[n.ID] = row, d.widths[row]
	d.widths[row]++
}

// handlerRow returns the row of the handlers, below all else.
func (d *drawing) handlerRow() int {
	first := d.inside["handlers"][0]
	if row, ok := d.layer[first]; ok {
		return row
	}
	return len(d.widths)
}

// bottom returns the last row that a node and what is in it take.
func (d *drawing) bottom(id string) int {
	row := d.layer[id]
	for _, in := range d.inside[id] {
		row = max(row, d.bottom(in))
	}
	return row
}

func (d *drawing) draw() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<text class=\"title\" x=\"%d\" y=\"14\">PLAY [%s]</text>\n", margin, html.EscapeString(line(d.play.Name)))
	for _, n := range d.play.Nodes {
		if len(d.inside[n.ID]) > 0 {
			b.WriteString(d.group(n.ID))
		}
	}
	for _, e := range d.play.Edges {
		b.WriteString(d.edge(e))
	}
	for _, n := range d.play.Nodes {
		b.WriteString(d.box(n))
	}
	return b.String()
}

func (d *drawing) box(n engine.GraphNode) string {
	class := ""
	if n.Barrier {
		class = ` class="barrier"`
	}
	detail := n.Kind
	if n.Kind == n.Name || n.Kind == "handlers" {
		detail = ""
	}
	if n.Loop {
		detail = strings.TrimSpace(detail + " ↻")
	}
	if len(n.Defines) > 0 {
		detail = strings.TrimSpace(detail + " → " + strings.Join(n.Defines, ", "))
	}
	x, y := d.x[n.ID], d.y[n.ID]
	return fmt.Sprintf("<g><title>%s%s</title><rect%s x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\"/><text x=\"%d\" y=\"%d\">%s</text><text class=\"dim\" x=\"%d\" y=\"%d\">%s</text></g>\n",
		html.EscapeString(title(n)), html.EscapeString(about(n)), class, x, y, boxWidth, boxHeight,
		x+10, y+19, html.EscapeString(short(n.Name)), x+10, y+35, html.EscapeString(short(detail)))
}

// group draws a frame around a block and what is in it.
func (d *drawing) group(id string) string {
	left, right, top, bottom := d.bounds(id)
	return fmt.Sprintf("<rect class=\"group\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"12\"/>\n",
		left-pad, top-pad, right-left+2*pad, bottom-top+2*pad)
}

func (d *drawing) bounds(id string) (left, right, top, bottom int) {
	left, top = d.x[id], d.y[id]
	right, bottom = left+boxWidth, top+boxHeight
	for _, in := range d.inside[id] {
		l, r, t, b := d.bounds(in)
		left, right, top, bottom = min(left, l), max(right, r), min(top, t), max(bottom, b)
	}
	return left, right, top, bottom
}

// edge draws an arrow from what is waited for to who waits.
func (d *drawing) edge(e engine.GraphEdge) string {
	left, right, _, y1 := d.bounds(e.To) // of a block: below all that is in it
	x1 := (left + right) / 2
	if len(d.inside[e.To]) > 0 {
		y1 += pad
	}
	x2, y2 := d.x[e.From]+boxWidth/2, d.y[e.From]
	class := e.Reason
	if class == "barrier" {
		class = "barrier-edge"
	}
	bend := max(gapY/2, (y2-y1)/2)
	return fmt.Sprintf("<path class=\"%s\" d=\"M%d %dC%d %d %d %d %d %d\" marker-end=\"url(#end)\"><title>%s</title></path>\n",
		html.EscapeString(class), x1, y1, x1, y1+bend, x2, y2-bend, x2, y2, html.EscapeString(why(e)))
}

func short(text string) string {
	runes := []rune(line(text))
	if len(runes) > maxName {
		return string(runes[:maxName-1]) + "…"
	}
	return string(runes)
}
