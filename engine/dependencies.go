package engine

import (
	"fmt"
	"slices"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/engine/schedule"
)

// A PlayGraph is what waits for what in a play, and why.
type PlayGraph struct {
	Name  string
	Place diagnostic.Place
	Nodes []GraphNode // in the order in which a sequential run has them
	Edges []GraphEdge
}

// A GraphNode is a task, a handler, a block, or a place where handlers run.
type GraphNode struct {
	ID    string // of this play
	In    string // the ID of the block, or of its part, in which it stands; "" for none
	Name  string // as written; what it is where it has no name
	Kind  string // as written; "block", "rescue", "always", "handlers" where it is no task
	Place diagnostic.Place
	// Barrier: all above it ends first, and nothing below it starts sooner.
	Barrier bool
	Loop    bool
	When    string   // its conditions, "" where there are none
	Reads   []string // names that tasks define
	Defines []string
	Files   bool     // its templates may read files, and wait for whoever writes them
	Uses    []string // resources, as far as they are known before the run
}

// A GraphEdge says that a node waits for an earlier one.
type GraphEdge struct {
	From, To string // IDs: From waits for To
	Reason   string // "name", "barrier", "resource", "sequence", "notify"
	On       string // the name, the resource, the handler
}

// Graph returns what waits for what in a program: the edges that a run goes by. Tasks
// that are included while the program runs are not in it. `extra` are the names that
// are given on the command line.
func Graph(p *Program, selection Selection, extra []string) []PlayGraph {
	order := link(p, extra)
	var plays []PlayGraph
	for i, play := range p.Plays {
		g := grapher{play: play, order: order, defined: map[string]bool{}, prefix: fmt.Sprintf("p%d", i+1)}
		g.graph.Place, g.graph.Name = play.Place, play.Hosts
		if play.Name != nil {
			g.graph.Name = play.Name.Text
		}
		for _, s := range order.steps {
			for _, name := range s.defines {
				g.defined[name] = true
			}
		}
		run := &playRun{run: &run{opt: Options{Selection: selection}}, play: play, last: true}
		g.list("", run.items(), play.Linear)
		g.handlers()
		plays = append(plays, g.graph)
	}
	return plays
}

// A grapher makes the graph of one play.
type grapher struct {
	play    *Play
	order   *linked
	defined map[string]bool // names that some task defines
	prefix  string
	next    int
	graph   PlayGraph
	tasks   []*Step // of the nodes that are tasks, for notifications
	taskIDs []string
}

func (g *grapher) id() string {
	g.next++
	return fmt.Sprintf("%s.%d", g.prefix, g.next)
}

// list adds the items of a list and what they wait for, by the schedule itself.
func (g *grapher) list(in string, items []Item, sequential bool) {
	specs := newGraph(items, g.order, false).specs
	ids := make([]string, len(items))
	shown := map[string]string{} // resources by their paths, as they are written
	var uses [][]schedule.Use
	for i, it := range items {
		ids[i] = g.id()
		n, used := g.node(it)
		for k, u := range used {
			shown[u.Path] = n.Uses[k]
		}
		n.ID, n.In, n.Barrier = ids[i], in, specs[i].Barrier
		g.graph.Nodes = append(g.graph.Nodes, n)
		uses = append(uses, used)
		switch it := it.(type) {
		case *Step:
			g.tasks, g.taskIDs = append(g.tasks, it), append(g.taskIDs, n.ID)
		case *Block:
			g.parts(n.ID, it, sequential)
		}
	}
	edges := schedule.New(1).List(specs, schedule.Options{Sequential: sequential}).Edges()
	if !sequential {
		edges = append(edges, schedule.Shared(uses)...)
	}
	for _, e := range edges {
		if e.Reason == schedule.Resource {
			e.On = shown[e.On]
		}
		g.graph.Edges = append(g.graph.Edges, GraphEdge{ids[e.From], ids[e.To], string(e.Reason), e.On})
	}
}

// parts adds the parts of a block, one after the other.
func (g *grapher) parts(in string, b *Block, sequential bool) {
	g.list(in, b.Body, sequential)
	for _, part := range []struct {
		name  string
		items []Item
	}{{"rescue", b.Rescue}, {"always", b.Always}} {
		if len(part.items) == 0 {
			continue
		}
		n := GraphNode{ID: g.id(), In: in, Name: part.name, Kind: part.name, Barrier: true}
		g.graph.Nodes = append(g.graph.Nodes, n)
		g.list(n.ID, part.items, sequential)
	}
}

// node returns an item's node, and the resources that are known of it.
func (g *grapher) node(it Item) (GraphNode, []schedule.Use) {
	switch it := it.(type) {
	case *Block:
		return GraphNode{Name: "block", Kind: "block", Place: it.Place}, nil
	case *Step:
		return g.step(it)
	}
	return GraphNode{Name: "run notified handlers", Kind: "handlers"}, nil
}

func (g *grapher) step(s *Step) (GraphNode, []schedule.Use) {
	linked := g.order.of[s]
	n := GraphNode{Name: s.As, Kind: s.As, Place: s.Place, Loop: s.Loop != nil, Files: linked.readsFiles, When: texts(s.When), Defines: linked.defines}
	if name := s.writtenName(); name != "" {
		n.Name = name
	}
	for _, name := range linked.reads {
		if g.defined[name] {
			n.Reads = append(n.Reads, name)
		}
	}
	user := knownUser(s)
	if user == nil {
		return n, nil
	}
	for _, r := range user.Resources() {
		n.Uses = append(n.Uses, r.Path)
	}
	return n, (&playRun{run: &run{}, play: g.play}).uses(user)
}

// handlers adds the handlers, and who notifies them.
func (g *grapher) handlers() {
	for _, h := range g.play.Handlers {
		n, _ := g.step(h)
		n.ID, n.In, n.Barrier = g.id(), "handlers", true
		g.graph.Nodes = append(g.graph.Nodes, n)
		for i, s := range g.tasks {
			if name, ok := notifies(s, h); ok {
				g.graph.Edges = append(g.graph.Edges, GraphEdge{n.ID, g.taskIDs[i], "notify", name})
			}
		}
	}
}

// notifies reports whether a task notifies a handler, as far as that is written out.
func notifies(s, h *Step) (string, bool) {
	for _, n := range s.Notify {
		for _, name := range append([]*expr.Node{n}, n.Items...) {
			if name.Text != "" && (name.Text == h.writtenName() || slices.Contains(h.Listen, name.Text)) {
				return name.Text, true
			}
		}
	}
	return "", false
}

// knownUser returns a task that can say what it uses without running anything; nil
// where that hangs on a template, or on the items of a loop.
func knownUser(s *Step) ResourceUser {
	if _, ok := s.Kind.New().(ResourceUser); !ok || s.Loop != nil || s.Args == nil || !identified(s) {
		return nil
	}
	d := decoder{context: func() *expr.Context { return &expr.Context{Scope: unknownScope{}} }, secrets: &Secrets{},
		tested: func(*expr.Node) Tested { return Tested{} }}
	task, err := d.decode(s.Kind, s.Args)
	if err != nil {
		return nil
	}
	if n, ok := task.(Namer); ok && s.Name != nil {
		n.TaskName(s.Name.Text)
	}
	user, _ := task.(ResourceUser)
	return user
}

// identified reports whether the arguments by which tasks know things are written out.
func identified(s *Step) bool {
	for _, e := range s.Args.Entries {
		if identifies(e.Key.Text) && len(e.Value.Refs()) > 0 {
			return false
		}
	}
	return true
}

// unknownScope is a scope in which no value is known.
type unknownScope struct{}

func (unknownScope) Lookup(_ *expr.Context, name string) (Value, bool, error) {
	return &value.Unknown{Task: name}, true, nil
}
