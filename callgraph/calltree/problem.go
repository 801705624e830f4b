package calltree

import (
	"bytes"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Oddity is a kind of problem that real traces have.
type Oddity uint8

// The oddities, and what they are told of.
const (
	NoIdentity     Oddity = iota // trace or span ID is zero: it has no children, and calls leave it out
	NoName                       // the operation's name is empty
	NoTime                       // start or end is zero
	EndBeforeStart               // it counts as a duration of 0
	Duplicate                    // another span has the same IDs, kind and content; that one counts
	Conflict                     // another span has the same IDs and kind and other content; that one counts
	SharedID                     // an entry span with the ID of its exit span, or another mix of kinds
	Orphan                       // its parent never came
	ExtraRoot                    // a root beside the first one
	Circle                       // parent links run in a circle, which is cut above this span
	NoServer                     // no entry span for an exit span
	NoClient                     // the service changes without an exit span
	NoEntry                      // the service changes without an entry span
	SeveralServers               // an entry span beside the first one of its exit span
	ClockSkew                    // one half of a call lies more than a millisecond outside of the other
	BeforeParent                 // starts before its parent does
	Outlives                     // ends after its parent does
	Async                        // starts after its parent ended
	oddities
)

// String is the problem as the API and test cases write it.
func (o Oddity) String() string {
	names := [oddities]string{
		"no identity", "no name", "no time", "end before start", "duplicate", "conflict", "shared ID", "orphan", "extra root", "circle",
		"no server", "no client", "no entry", "several servers", "clock skew", "before parent", "outlives parent", "async",
	}
	if o >= oddities {
		return "invalid"
	}
	return names[o]
}

// Problem is what is odd about a span. None keeps it out of the tree.
type Problem struct {
	Oddity Oddity
	Node   *Node
}

// String names the span and what is odd about it.
func (p Problem) String() string {
	return fmt.Sprintf("%s %s: %s", p.Node.Service, p.Node.Span.Name(), p.Oddity)
}

// inspection collects the problems of a tree.
type inspection struct {
	index   treeIndex
	circles map[*Node]bool
	linked  map[spanKey]bool // producers that a consumer links to
	rooted  bool             // a root without a parent was seen
	found   []Problem
}

func problemsOf(t *Tree, index treeIndex, circles map[*Node]bool) []Problem {
	i := &inspection{index: index, circles: circles, linked: map[spanKey]bool{}}
	for _, n := range t.nodes {
		for _, l := range n.Span.Links().All() {
			i.linked[spanKey{trace: l.TraceID(), span: l.SpanID()}] = true
		}
	}
	for _, n := range t.Walk() {
		i.span(n)
		i.place(n)
		if n.Parent != nil {
			i.family(n, n.Parent)
		}
	}
	return i.found
}

func (i *inspection) note(n *Node, odd bool, o Oddity) {
	if odd {
		i.found = append(i.found, Problem{o, n})
	}
}

// span looks at a span alone.
func (i *inspection) span(n *Node) {
	start, end := n.Span.StartTimestamp(), n.Span.EndTimestamp()
	i.note(n, n.key().zero(), NoIdentity)
	i.note(n, n.Span.Name() == "", NoName)
	i.note(n, start == 0 || end == 0, NoTime)
	i.note(n, end != 0 && end < start, EndBeforeStart)
	if n.first != n {
		same := equalContent(n, n.first)
		i.note(n, same, Duplicate)
		i.note(n, !same, Conflict)
		return
	}
	i.note(n, len(i.index[n.key()]) > 1, SharedID)
	i.note(n, isExit(n.Span.Kind()) && !i.answered(n), NoServer)
}

// place looks at where a span stands.
func (i *inspection) place(n *Node) {
	if n.Parent != nil || n.first != n {
		return
	}
	switch {
	case i.circles[n], n.Span.ParentSpanID() == n.Span.SpanID():
		i.note(n, true, Circle)
	case !n.Span.ParentSpanID().IsEmpty():
		i.note(n, true, Orphan)
	default:
		i.note(n, i.rooted, ExtraRoot)
		i.rooted = true
	}
}

// answered: an exit span over another one in its service is no call itself.
func (i *inspection) answered(n *Node) bool {
	if n.Span.Kind() == ptrace.SpanKindProducer && i.linked[n.key()] {
		return true
	}
	for _, c := range n.Children {
		if isEntry(c.Span.Kind()) || (isExit(c.Span.Kind()) && c.Service == n.Service) {
			return true
		}
	}
	return false
}

// family looks at a span under its parent.
func (i *inspection) family(n, parent *Node) {
	entry, exit := isEntry(n.Span.Kind()), isExit(parent.Span.Kind())
	moved := n.Service != parent.Service
	i.note(n, moved && entry && !exit, NoClient)
	i.note(n, moved && !entry, NoEntry)
	i.note(n, entry && exit && firstEntry(parent) != n && n.first == n, SeveralServers)
	switch {
	case parent.Span.Kind() == ptrace.SpanKindProducer && n.Span.Kind() == ptrace.SpanKindConsumer:
		i.note(n, before(n, parent, clockTolerance), ClockSkew)
	case entry && exit && n.Duration() <= parent.Duration():
		i.note(n, before(n, parent, clockTolerance) || outlives(n, parent, clockTolerance), ClockSkew)
	default:
		i.note(n, before(n, parent, 0), BeforeParent)
		async := parent.Span.EndTimestamp() != 0 && n.Span.StartTimestamp() > parent.Span.EndTimestamp()
		i.note(n, async, Async)
		i.note(n, !async && outlives(n, parent, 0), Outlives)
	}
}

// clockTolerance is what the clocks of two services may differ unremarked.
const clockTolerance = pcommon.Timestamp(time.Millisecond)

func before(n, parent *Node, tolerance pcommon.Timestamp) bool {
	start := n.Span.StartTimestamp()
	return start != 0 && start < parent.Span.StartTimestamp() && parent.Span.StartTimestamp()-start > tolerance
}

func outlives(n, parent *Node, tolerance pcommon.Timestamp) bool {
	end := parent.Span.EndTimestamp()
	return end != 0 && n.Span.EndTimestamp() > end && n.Span.EndTimestamp()-end > tolerance
}

func firstEntry(exit *Node) *Node {
	for _, c := range exit.Children {
		if isEntry(c.Span.Kind()) && c.first == c {
			return c
		}
	}
	return nil
}

// equalContent compares spans with their resource and scope.
func equalContent(a, b *Node) bool { return bytes.Equal(content(a), content(b)) }

func content(n *Node) []byte {
	td := ptrace.NewTraces()
	resource := td.ResourceSpans().AppendEmpty()
	n.Resource.CopyTo(resource.Resource())
	scope := resource.ScopeSpans().AppendEmpty()
	n.Scope.CopyTo(scope.Scope())
	n.Span.CopyTo(scope.Spans().AppendEmpty())
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil { // protobuf of valid pdata does not fail
		return nil
	}
	return b
}
