package localtrace

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// Trace is a local trace. Its nodes are those of the tree that it was cut from.
type Trace struct {
	Root  *calltree.Node   // first of Spans
	Spans []*calltree.Node // each once, parents first
	Calls []Call           // in the same order
}

// Call is a call that a local trace makes.
type Call struct {
	Node *calltree.Node // the exit span
	Site strength.Site
	From *Trace
}

// Of cuts a trace's tree into its local traces, in the order of the tree.
func Of(t *calltree.Tree) []*Trace {
	var all []*Trace
	repeated := repeatedIn(t)
	of := make(map[*calltree.Node]*Trace, t.Len())
	for _, n := range t.Walk() {
		if repeated[n] {
			continue
		}
		l := of[n.Parent]
		if begins(n) || l == nil {
			l = &Trace{Root: n}
			all = append(all, l)
		}
		of[n] = l
		l.Spans = append(l.Spans, n)
		if calls(n) {
			l.Calls = append(l.Calls, Call{Node: n, Site: SiteOf(l.Root, n), From: l})
		}
	}
	return all
}

// SiteOf is the call site of an exit span in the local trace of a root.
func SiteOf(root, exit *calltree.Node) strength.Site {
	return strength.Site{
		Caller: root.Operation().Clean(),
		Callee: strength.Callee{
			Peer:       callgraph.CleanName(calltree.PeerOf(exit.Span, exit.Service).Service.Name),
			Operation:  callgraph.CleanName(exit.Span.Name()),
			Connection: calltree.ConnectionOf(exit.Span),
		},
	}
}

func repeatedIn(t *calltree.Tree) map[*calltree.Node]bool {
	found := map[*calltree.Node]bool{}
	for _, p := range t.Problems() {
		if p.Oddity == calltree.Duplicate || p.Oddity == calltree.Conflict {
			found[p.Node] = true
		}
	}
	return found
}

func begins(n *calltree.Node) bool {
	return n.Parent == nil || n.Parent.Service != n.Service || spanfact.Kind(n.Span.Kind()).Entry()
}

func calls(n *calltree.Node) bool {
	if !spanfact.Kind(n.Span.Kind()).Exit() {
		return false
	}
	for _, c := range n.Children {
		if spanfact.Kind(c.Span.Kind()).Exit() && c.Service == n.Service {
			return false
		}
	}
	return true
}

// Whole reports whether all spans are there that the root says it ended, and
// whether it says so.
func (l *Trace) Whole() (whole, stated bool) {
	spans, stated := number(l.Root.Span, callgraph.AttributeLocalSpans)
	dropped, told := number(l.Root.Span, callgraph.AttributeLocalDropped)
	if !stated || !told {
		return false, false
	}
	return dropped == 0 && l.Ended() == spans, true
}

// Ended is how many spans had ended with the root. What ends later it does not
// count.
func (l *Trace) Ended() (n int64) {
	for _, s := range l.Spans {
		if s.Span.EndTimestamp() <= l.Root.Span.EndTimestamp() {
			n++
		}
	}
	return n
}

func number(span ptrace.Span, key string) (int64, bool) {
	v, ok := span.Attributes().Get(key)
	if !ok || v.Type() != pcommon.ValueTypeInt {
		return 0, false
	}
	return v.Int(), true
}

// Callee is the operation that answers a call: that of the first entry span
// below it, else the virtual one that the exit span names. answered is false there.
func (c Call) Callee() (callee callgraph.Operation, answered bool) {
	for _, child := range c.Node.Children {
		if spanfact.Kind(child.Span.Kind()).Entry() {
			return child.Operation().Clean(), true
		}
	}
	return calltree.PeerOf(c.Node.Span, c.Node.Service).Clean(), false
}
