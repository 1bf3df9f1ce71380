// Package graph writes what waits for what in a playbook: as text, for Graphviz and
// Mermaid, as JSON and as a picture.
//
// It knows the engine's graph. It knows no playbook, and draws without other programs.
package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"runner/engine"
)

// Formats lists the formats, the default first.
func Formats() []string { return []string{"text", "dot", "mermaid", "json", "svg"} }

// Write writes the graphs of some plays in a format.
func Write(w io.Writer, format string, plays []engine.PlayGraph) error {
	write := map[string]func([]engine.PlayGraph) (string, error){
		"text":    infallible(text),
		"dot":     infallible(dot),
		"mermaid": infallible(mermaid),
		"json":    asJSON,
		"svg":     infallible(svg),
	}[format]
	if write == nil {
		return fmt.Errorf("unknown format %q of graphs; available: %s", format, strings.Join(Formats(), ", "))
	}
	out, err := write(plays)
	if err == nil {
		_, err = io.WriteString(w, out)
	}
	return err
}

func infallible(write func([]engine.PlayGraph) string) func([]engine.PlayGraph) (string, error) {
	return func(plays []engine.PlayGraph) (string, error) { return write(plays), nil }
}

// why says in words why a node waits.
func why(e engine.GraphEdge) string {
	switch e.Reason {
	case "name":
		return "reads " + e.On
	case "resource":
		return "uses " + e.On
	case "notify":
		return "notified as " + e.On
	case "sequence":
		return "one after the other"
	}
	return e.Reason
}

// text writes a task per line, and below it what it waits for.
func text(plays []engine.PlayGraph) string {
	var b strings.Builder
	for i, p := range plays {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "PLAY [%s]\n", line(p.Name))
		depth := map[string]int{}
		for _, n := range p.Nodes {
			depth[n.ID] = depth[n.In] + 1
			indent := strings.Repeat("  ", depth[n.ID])
			fmt.Fprintf(&b, "%s%-6s %s%s\n", indent, n.ID, title(n), about(n))
			for _, group := range grouped(p.Edges, n.ID) {
				fmt.Fprintf(&b, "%s       waits for %s\n", indent, group)
			}
		}
	}
	return b.String()
}

// title is a node's name, and its kind where the name does not say it.
func title(n engine.GraphNode) string {
	if n.Name == n.Kind || n.Kind == "handlers" {
		return line(n.Name)
	}
	return fmt.Sprintf("%s (%s)", line(n.Name), line(n.Kind))
}

// about says what is notable of a node.
func about(n engine.GraphNode) string {
	var words []string
	if n.Barrier {
		words = append(words, "barrier")
	}
	if n.Loop {
		words = append(words, "loop")
	}
	if n.Files {
		words = append(words, "reads files")
	}
	if n.When != "" {
		words = append(words, "when "+line(n.When))
	}
	if len(n.Defines) > 0 {
		words = append(words, "defines "+strings.Join(n.Defines, ", "))
	}
	if len(n.Uses) > 0 {
		words = append(words, "uses "+line(strings.Join(n.Uses, ", ")))
	}
	if len(words) == 0 {
		return ""
	}
	return " [" + strings.Join(words, "; ") + "]"
}

// grouped returns what a node waits for, those of one reason together.
func grouped(edges []engine.GraphEdge, from string) []string {
	var reasons []string
	to := map[string][]string{}
	for _, e := range edges {
		if e.From != from {
			continue
		}
		if to[why(e)] == nil {
			reasons = append(reasons, why(e))
		}
		to[why(e)] = append(to[why(e)], e.To)
	}
	for i, reason := range reasons {
		reasons[i] = span(to[reason]) + ": " + line(reason)
	}
	return reasons
}

// span lists IDs; of more than six the first and the last.
func span(ids []string) string {
	if len(ids) > 6 {
		return fmt.Sprintf("%s … %s (%d)", ids[0], ids[len(ids)-1], len(ids))
	}
	return strings.Join(ids, ", ")
}

// A language is how a drawing program writes nodes, and groups of them.
type language struct {
	node  func(n engine.GraphNode) string
	group func(id, name string) string // its beginning
	end   string
}

// write writes the nodes of a play, those of a block, of its parts, and handlers as groups.
func (l language) write(b *strings.Builder, nodes []engine.GraphNode) {
	within := map[string][]engine.GraphNode{}
	for _, n := range nodes {
		within[n.In] = append(within[n.In], n)
	}
	l.inside(b, within, "", "    ")
	if len(within["handlers"]) > 0 {
		b.WriteString("    " + l.group(within["handlers"][0].ID+".handlers", "handlers") + "\n")
		l.inside(b, within, "handlers", "      ")
		b.WriteString("    " + l.end + "\n")
	}
}

func (l language) inside(b *strings.Builder, within map[string][]engine.GraphNode, in, indent string) {
	for _, n := range within[in] {
		if len(within[n.ID]) == 0 {
			b.WriteString(indent + l.node(n) + "\n")
			continue
		}
		b.WriteString(indent + l.group(n.ID+".group", n.Name) + "\n" + indent + "  " + l.node(n) + "\n")
		l.inside(b, within, n.ID, indent+"  ")
		b.WriteString(indent + l.end + "\n")
	}
}

// dot writes Graphviz's language.
func dot(plays []engine.PlayGraph) string {
	l := language{node: func(n engine.GraphNode) string {
		shape := ""
		if n.Barrier {
			shape = ", peripheries=2"
		}
		return fmt.Sprintf("%s [label=%s%s];", quote(n.ID), quote(title(n)), shape)
	}, group: func(id, name string) string {
		return fmt.Sprintf("subgraph %s { label=%s; style=dashed;", quote("cluster_"+id), quote(name))
	}, end: "}"}
	var b strings.Builder
	b.WriteString("digraph playbook {\n  rankdir=TB;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n")
	for i, p := range plays {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s;\n", i, quote(p.Name))
		l.write(&b, p.Nodes)
		b.WriteString("  }\n")
		for _, e := range p.Edges {
			fmt.Fprintf(&b, "  %s -> %s [label=%s];\n", quote(e.To), quote(e.From), quote(why(e)))
		}
	}
	b.WriteString("}\n")
	return b.String()
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(text) + `"`
}

// mermaid writes Mermaid's flowcharts.
func mermaid(plays []engine.PlayGraph) string {
	l := language{node: func(n engine.GraphNode) string {
		return fmt.Sprintf("%s[\"%s\"]", mermaidID(n.ID), escaped(title(n)))
	}, group: func(id, name string) string {
		return fmt.Sprintf("subgraph %s[\"%s\"]", mermaidID(id), escaped(name))
	}, end: "end"}
	var b strings.Builder
	b.WriteString("flowchart TB\n")
	for i, p := range plays {
		fmt.Fprintf(&b, "  subgraph play%d[\"%s\"]\n", i+1, escaped(p.Name))
		l.write(&b, p.Nodes)
		b.WriteString("  end\n")
		for _, e := range p.Edges {
			fmt.Fprintf(&b, "  %s -->|\"%s\"| %s\n", mermaidID(e.To), escaped(why(e)), mermaidID(e.From))
		}
	}
	return b.String()
}

func mermaidID(id string) string { return strings.ReplaceAll(id, ".", "_") }

func escaped(text string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(text)
}

// A node and an edge, as JSON has them.
type (
	jsonPlay struct {
		Name  string     `json:"name"`
		Place string     `json:"place,omitempty"`
		Nodes []jsonNode `json:"nodes"`
		Edges []jsonEdge `json:"edges"`
	}
	jsonNode struct {
		ID      string   `json:"id"`
		In      string   `json:"in,omitempty"`
		Name    string   `json:"name"`
		Kind    string   `json:"kind"`
		Place   string   `json:"place,omitempty"`
		Barrier bool     `json:"barrier,omitempty"`
		Loop    bool     `json:"loop,omitempty"`
		Files   bool     `json:"reads_files,omitempty"`
		When    string   `json:"when,omitempty"`
		Reads   []string `json:"reads,omitempty"`
		Defines []string `json:"defines,omitempty"`
		Uses    []string `json:"uses,omitempty"`
	}
	jsonEdge struct {
		From   string `json:"from"` // waits for to
		To     string `json:"to"`
		Reason string `json:"reason"`
		On     string `json:"on,omitempty"`
	}
)

func asJSON(plays []engine.PlayGraph) (string, error) {
	out := []jsonPlay{}
	for _, p := range plays {
		j := jsonPlay{Name: p.Name, Nodes: []jsonNode{}, Edges: []jsonEdge{}}
		if !p.Place.IsZero() {
			j.Place = p.Place.String()
		}
		for _, n := range p.Nodes {
			place := ""
			if !n.Place.IsZero() {
				place = n.Place.String()
			}
			j.Nodes = append(j.Nodes, jsonNode{n.ID, n.In, n.Name, n.Kind, place, n.Barrier, n.Loop, n.Files, n.When, n.Reads, n.Defines, n.Uses})
		}
		for _, e := range p.Edges {
			j.Edges = append(j.Edges, jsonEdge(e))
		}
		out = append(out, j)
	}
	text, err := json.MarshalIndent(map[string]any{"plays": out}, "", "  ")
	return string(text) + "\n", err
}

// line makes a text fit for one line of a terminal.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
