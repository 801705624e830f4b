package calltree

import (
	"bytes"
	"cmp"
	"iter"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Tree is one trace as a tree of spans. It leaves nothing out: orphans and
// spans in a circle of parent links are roots, duplicates are nodes beside
// their first one. Its nodes point into the traces that it was built from,
// which must not change while it is used.
type Tree struct {
	td    ptrace.Traces
	nodes []*Node // in the order of td
	roots []*Node
	found []Problem
}

// Node is a span in its tree.
type Node struct {
	Span     ptrace.Span
	Scope    pcommon.InstrumentationScope
	Resource pcommon.Resource
	Service  callgraph.Service
	Parent   *Node   // nil: a root
	Children []*Node // by start, span ID, kind, then as they came

	position int
	first    *Node // of the same ID and kind, itself where it is the first
}

// Build makes the tree of td's spans, which should be those of one trace. It
// is the same for the same spans in the same order; another order matters only
// to spans that have trace ID, span ID and kind in common.
func Build(td ptrace.Traces) *Tree {
	t := &Tree{td: td, nodes: nodesOf(td)}
	index := indexOf(t.nodes)
	for _, n := range t.nodes {
		n.Parent = index.parentOf(n)
	}
	circles := cutCircles(t.nodes)
	for _, n := range t.nodes {
		if n.Parent == nil {
			t.roots = append(t.roots, n)
			continue
		}
		n.Parent.Children = append(n.Parent.Children, n)
	}
	slices.SortFunc(t.roots, compareNodes)
	for _, n := range t.nodes {
		slices.SortFunc(n.Children, compareNodes)
	}
	t.found = problemsOf(t, index, circles)
	return t
}

func nodesOf(td ptrace.Traces) []*Node {
	nodes := make([]*Node, 0, td.SpanCount())
	for _, resource := range td.ResourceSpans().All() {
		s := ServiceOf(resource.Resource())
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				n := &Node{Span: span, Scope: scope.Scope(), Resource: resource.Resource(), Service: s, position: len(nodes)}
				n.first = n
				nodes = append(nodes, n)
			}
		}
	}
	return nodes
}

// Roots are the spans that have no parent in the trace: by start, span ID and
// kind. They belong to the tree.
func (t *Tree) Roots() []*Node { return t.roots }

// Len is how many spans the tree has.
func (t *Tree) Len() int { return len(t.nodes) }

// Walk yields every node once with its depth, parents before their children.
func (t *Tree) Walk() iter.Seq2[int, *Node] {
	return func(yield func(int, *Node) bool) {
		type step struct {
			depth int
			node  *Node
		}
		var stack []step
		push := func(depth int, nodes []*Node) {
			for _, n := range slices.Backward(nodes) {
				stack = append(stack, step{depth, n})
			}
		}
		push(0, t.roots)
		for len(stack) > 0 {
			s := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if !yield(s.depth, s.node) {
				return
			}
			push(s.depth+1, s.node.Children)
		}
	}
}

// Problems says what is odd about which spans, in the order of Walk.
func (t *Tree) Problems() []Problem { return t.found }

// Calls are the trace's calls, as Calls finds them.
func (t *Tree) Calls() []callgraph.Call { return Calls(t.td) }

// Operation is the operation that the span is an invocation of.
func (n *Node) Operation() callgraph.Operation {
	return callgraph.Operation{Service: n.Service, Name: n.Span.Name()}
}

// Duration is never below zero, and zero where the start was never set.
func (n *Node) Duration() time.Duration {
	_, d := timesOf(n.Span)
	return time.Duration(min(d, math.MaxInt64))
}

// Outcome is that of the span, and cancelled for a failed span whose parent
// ended first: nobody waited for it any more. What outlives its parent without
// failing is asynchronous work.
func (n *Node) Outcome() (outcome callgraph.Outcome, source string) {
	outcome, source = Outcome(n.Span)
	if outcome.Failed() && n.abandoned() {
		return callgraph.Cancelled, SourceParentEnded
	}
	return outcome, source
}

// abandoned: a parent that only sends a message never waits, nor does one that
// ended before the span began. The clocks of two services may differ, so there
// the span must also have lasted longer.
func (n *Node) abandoned() bool {
	p := n.Parent
	if p == nil || p.Span.Kind() == ptrace.SpanKindProducer {
		return false
	}
	if n.Service != p.Service {
		return outlives(n, p, clockTolerance) && n.Duration() > p.Duration()+time.Duration(clockTolerance)
	}
	return outlives(n, p, 0) && n.Span.StartTimestamp() <= p.Span.EndTimestamp()
}

func compareNodes(a, b *Node) int {
	return cmp.Or(
		cmp.Compare(a.Span.StartTimestamp(), b.Span.StartTimestamp()),
		compareIDs(a, b),
		cmp.Compare(a.Span.Kind(), b.Span.Kind()),
		cmp.Compare(a.position, b.position),
	)
}

func compareIDs(a, b *Node) int {
	x, y := a.Span.SpanID(), b.Span.SpanID()
	return bytes.Compare(x[:], y[:])
}

// treeIndex finds the nodes of a span ID, each kind once.
type treeIndex map[spanKey][]*Node

// indexOf also tells duplicates their first node.
func indexOf(nodes []*Node) treeIndex {
	index := make(treeIndex, len(nodes))
	for _, n := range nodes {
		key := n.key()
		if key.zero() {
			continue
		}
		same := index[key]
		i := slices.IndexFunc(same, func(o *Node) bool { return kindOf(o.Span) == kindOf(n.Span) })
		if i >= 0 {
			n.first = same[i]
			continue
		}
		index[key] = append(same, n)
	}
	return index
}

func (n *Node) key() spanKey { return spanKey{trace: n.Span.TraceID(), span: n.Span.SpanID()} }

// parentOf chooses as the joiner does: the exit span of an entry span's own
// ID; within the service before outside; the nearest half of a shared ID.
func (x treeIndex) parentOf(n *Node) *Node {
	if isEntry(n.Span.Kind()) {
		if p := preferred(x[n.key()], n, ownHalf); p != nil {
			return p
		}
	}
	key, ok := parentKey(n.Span.TraceID(), n.Span.ParentSpanID())
	if !ok {
		return nil
	}
	return preferred(x[key], n, nearestEntry)
}

func preferred(nodes []*Node, child *Node, prefer preference) *Node {
	var found *Node
	rank := 0
	for _, n := range nodes {
		if n == child.first {
			continue
		}
		k := prefer(kindOf(n.Span), kindOf(child.Span))
		if k > 0 && !isEntry(child.Span.Kind()) && n.Service == child.Service {
			k += sameServiceRank
		}
		if k > rank {
			found, rank = n, k
		}
	}
	return found
}

const sameServiceRank = 10

// cutCircles makes the first span of each circle of parent links a root.
func cutCircles(nodes []*Node) map[*Node]bool {
	circles := map[*Node]bool{}
	seen := make([]int, len(nodes)) // by position: the climb that came by, 0: none
	for climb, n := range nodes {
		for ; n != nil && seen[n.position] == 0; n = n.Parent {
			seen[n.position] = climb + 1
		}
		if n == nil || seen[n.position] != climb+1 {
			continue
		}
		first := n
		for o := n.Parent; o != n; o = o.Parent {
			if compareNodes(o, first) < 0 {
				first = o
			}
		}
		first.Parent = nil
		circles[first] = true
	}
	return circles
}
