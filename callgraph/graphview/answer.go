package graphview

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// ErrUnknown says that no cell in memory or in the window names the focus.
var ErrUnknown = errors.New("not in the graph")

// Focus names where to look from: the services of that name, or operations of
// theirs. An empty environment or namespace matches all.
type Focus struct {
	Service   callgraph.Service
	Operation string // empty: the services as such
}

// String is for messages.
func (f Focus) String() string {
	if f.Operation == "" {
		return fmt.Sprintf("service %q", f.Service)
	}
	return fmt.Sprintf("operation %q of service %q", f.Operation, f.Service)
}

// Node is a service, or an operation where the focus is one.
type Node struct {
	callgraph.Operation
	// Hop is the distance from the focus in calls: callers' are negative.
	Hop int
	// Received is all calls to the node in the window, from whomever.
	Received Count
}

// Link is the calls between two nodes over one connection type.
type Link struct {
	Caller, Callee int // in Answer.Nodes
	Connection     callgraph.Connection
	// Indirect calls went through another SDK or a proxy, whose own links stand
	// beside this one: both tell of the same calls.
	Indirect bool
	Figures
}

// Answer is a part of the graph in a window.
type Answer struct {
	// Window that the answer covers: the one asked for, rounded outwards to the
	// buckets at its ends.
	Window callgraph.Window
	Nodes  []Node
	Links  []Link // with calls, most calls first
	// LinksFound is how many links were seen: those of nodes that were left
	// out are not among them.
	LinksFound int
	// Truncated says that links were left out to meet the limit.
	Truncated bool
}

// counted is a link with its calls, before it is chosen.
type counted struct {
	link uint32
	Count
}

// part is an answer in the making.
type part struct {
	*reading
	layer *layer
	limit int

	hops  map[uint32]int // by node
	nodes []uint32
	taken map[uint32]bool // links
	links []counted
	seen  map[uint32]bool // links with calls
	found int             // how many there are
	cut   bool            // farther hops were not looked at
}

func newPart(r *reading, l *layer, limit int) *part {
	return &part{
		reading: r, layer: l, limit: limit,
		hops: map[uint32]int{}, taken: map[uint32]bool{}, seen: map[uint32]bool{},
	}
}

func (p *part) addNode(id uint32, hop int) {
	if _, known := p.hops[id]; !known {
		p.hops[id] = hop
		p.nodes = append(p.nodes, id)
	}
}

// busiest is the n links with the most calls, in no order; of equal ones the
// first seen.
func busiest(links []counted, n int) []counted {
	if len(links) <= n {
		return links
	}
	kept := quietest(slices.Clone(links[:max(n, 0)]))
	heap.Init(&kept)
	for _, c := range links[len(kept):] {
		if len(kept) > 0 && kept[0].quieter(c) {
			kept[0] = c
			heap.Fix(&kept, 0)
		}
	}
	return kept
}

func (c counted) quieter(than counted) bool {
	return c.Calls < than.Calls || c.Calls == than.Calls && c.link > than.link
}

// quietest is a heap whose first link has the fewest calls.
type quietest []counted

func (q quietest) Len() int           { return len(q) }
func (q quietest) Less(i, j int) bool { return q[i].quieter(q[j]) }
func (q quietest) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *quietest) Push(any)          {} // never grows
func (q *quietest) Pop() any          { return nil }

// sort orders what was chosen by calls, hops and names: the same graph gives
// the same answer, however it came to be.
func (p *part) sort() {
	slices.SortFunc(p.nodes, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(p.hops[a], p.hops[b]), compare(p.layer.nodes[a], p.layer.nodes[b]))
	})
	slices.SortFunc(p.links, func(a, b counted) int {
		l, m := &p.layer.links[a.link], &p.layer.links[b.link]
		return cmp.Or(cmp.Compare(b.Calls, a.Calls),
			compare(p.layer.nodes[l.caller], p.layer.nodes[m.caller]),
			compare(p.layer.nodes[l.callee], p.layer.nodes[m.callee]),
			cmp.Compare(l.connection, m.connection), bit(l.indirect)-bit(m.indirect))
	})
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compare(a, b callgraph.Operation) int {
	return cmp.Or(strings.Compare(a.Service.Name, b.Service.Name), strings.Compare(a.Name, b.Name),
		strings.Compare(a.Service.Environment, b.Service.Environment),
		strings.Compare(a.Service.Namespace, b.Service.Namespace), cmp.Compare(a.Node, b.Node))
}

func (p *part) answer() Answer {
	p.sort()
	a := Answer{
		Window: p.period.window(), Nodes: make([]Node, 0, len(p.nodes)), Links: make([]Link, 0, len(p.links)),
		LinksFound: p.found, Truncated: p.cut || len(p.links) < p.found,
	}
	index := make(map[uint32]int, len(p.nodes))
	for i, id := range p.nodes {
		index[id] = i
		a.Nodes = append(a.Nodes, Node{Operation: p.layer.nodes[id], Hop: p.hops[id], Received: p.received(id)})
	}
	for _, c := range p.links {
		l := &p.layer.links[c.link]
		a.Links = append(a.Links, Link{
			Caller: index[l.caller], Callee: index[l.callee], Connection: l.connection, Indirect: l.indirect,
			Figures: p.figures(l),
		})
	}
	return a
}

// received is all calls of a node. Indirect ones are among those of the spans
// between, as far as these are known to end here: client halves whose server
// half counted itself as indirect.
func (p *part) received(node uint32) Count {
	var direct, indirect Count
	for _, id := range p.layer.in[node] {
		l := &p.layer.links[id]
		if l.indirect {
			indirect = indirect.plus(p.count(l))
		} else {
			direct = direct.plus(p.count(l))
		}
	}
	if indirect.Calls == 0 {
		return direct
	}
	more := indirect.Calls - min(indirect.Calls, p.unanswered(node))
	return direct.plus(Count{more, min(more, indirect.Errors)})
}

// unanswered is how many of a node's direct calls have no server half.
func (p *part) unanswered(node uint32) (n uint64) {
	for _, id := range p.layer.in[node] {
		if l := &p.layer.links[id]; !l.indirect {
			calls := p.count(l).Calls
			n += calls - min(calls, p.answers(l))
		}
	}
	return n
}
