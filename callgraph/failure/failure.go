package failure

import (
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
)

// Failure is what is known of an origin.
type Failure struct {
	Node *calltree.Node
	// Outcome is Error, Timeout or SoftError; Source says what said so.
	Outcome callgraph.Outcome
	Source  string
	// Type is that of the exception, or a code; it may be empty.
	Type string
	// Message is the exception's, the status' or the log line's; it may be empty.
	Message string
	// Peer names the unseen peer of an exit span without an entry span.
	Peer string
	// Handled failures did not make all spans above them fail.
	Handled bool
	// Waiter is the span that gave up waiting for Node, which had not ended; nil
	// where Node failed itself.
	Waiter *calltree.Node
}

// SourceStillOpen is the source of an origin that did not fail itself: the one
// that waited for it gave up.
const SourceStillOpen = "still running when its caller gave up"

// Origins are the chain's failures: those that reached a root first, soft errors
// last. Of several the one that ended last comes first, as the chain went on
// after the others.
func Origins(t *calltree.Tree) []Failure {
	x := &explorer{states: make(map[*calltree.Node]state, t.Len())}
	for _, n := range t.Walk() {
		x.states[n] = stateOf(n)
	}
	var found []Failure
	for _, n := range t.Walk() {
		if s := x.states[n]; s.bad() && !x.explained(n, s) {
			if f := x.failure(n, s); !f.Handled || !x.refused(n) {
				found = append(found, f)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Node.Span.EndTimestamp(), a.Node.Span.EndTimestamp()))
	})
	return once(found)
}

// once leaves each span its first failure: what two clients gave up waiting for
// is one origin.
func once(found []Failure) []Failure {
	seen := make(map[*calltree.Node]bool, len(found))
	return slices.DeleteFunc(found, func(f Failure) bool {
		again := seen[f.Node]
		seen[f.Node] = true
		return again
	})
}

func rank(f Failure) int {
	switch {
	case f.Outcome == callgraph.SoftError:
		return 2
	case f.Handled:
		return 1
	}
	return 0
}

type state struct {
	outcome callgraph.Outcome
	source  string
}

func stateOf(n *calltree.Node) state {
	o, source := n.Outcome()
	return state{o, source}
}

func (s state) bad() bool { return s.outcome.Failed() || s.outcome == callgraph.SoftError }

// explains: a failure explains failures and soft errors, a soft error only its like.
func (s state) explains(o state) bool {
	return s.outcome.Failed() || s.outcome == callgraph.SoftError && o.outcome == callgraph.SoftError
}

type explorer struct{ states map[*calltree.Node]state }

// explained reports whether something below n accounts for its failure.
func (x *explorer) explained(n *calltree.Node, s state) bool {
	for i, c := range n.Children {
		switch below := x.states[c]; {
		case !waitedFor(n, c):
		case below.bad():
			if below.explains(s) && !x.retried(n.Children[i+1:], c) {
				return true
			}
		case silent(c, below, s) && x.explained(c, s):
			return true
		}
	}
	return false
}

// waitedFor: who only sent a message did not wait, nor did one that had ended
// when the child began.
func waitedFor(n, c *calltree.Node) bool {
	return c.Span.Kind() != ptrace.SpanKindConsumer &&
		(n.Span.EndTimestamp() == 0 || c.Service != n.Service || c.Span.StartTimestamp() <= n.Span.EndTimestamp())
}

// silent children are looked through: a step within the service that says nothing
// of how it ended, and for soft errors, which no transport sees, all that went well.
func silent(c *calltree.Node, below, s state) bool {
	return below.outcome == callgraph.OK && (s.outcome == callgraph.SoftError || step(c, below))
}

func step(c *calltree.Node, s state) bool {
	return c.Span.Kind() <= ptrace.SpanKindInternal && s.outcome == callgraph.OK && s.source == ""
}

// refused: the callee said that its caller was at fault. Where that caller went
// on, nothing is broken: somebody asked for what there is not.
func (x *explorer) refused(n *calltree.Node) bool {
	return slices.ContainsFunc(n.Children, func(c *calltree.Node) bool {
		return c.Span.Kind() == ptrace.SpanKindServer && x.states[c].outcome == callgraph.Rejected
	})
}

// retried reports whether a later attempt at c's call went well.
func (x *explorer) retried(later []*calltree.Node, c *calltree.Node) bool {
	for _, o := range later {
		if o.Span.Name() == c.Span.Name() && o.Span.Kind() == c.Span.Kind() && o.Service == c.Service &&
			o.Span.StartTimestamp() >= c.Span.EndTimestamp() && x.states[o].outcome == callgraph.OK {
			return true
		}
	}
	return false
}

func (x *explorer) failure(n *calltree.Node, s state) Failure {
	f := Failure{
		Node: n, Outcome: s.outcome, Source: s.source, Type: typeOf(n.Span), Message: messageOf(n.Span), Peer: peerOf(n),
		Handled: s.outcome.Failed() && x.handled(n),
	}
	if s.outcome != callgraph.Timeout {
		return f
	}
	if open := openBelow(n); open != nil {
		f.Node, f.Source, f.Peer, f.Waiter = open, SourceStillOpen, "", n
	}
	return f
}

// handled: some span above did not fail, and says so or is an entry or exit;
// steps in between say nothing. Or it failed later, at another call.
func (x *explorer) handled(n *calltree.Node) bool {
	for c, p := n, n.Parent; p != nil; c, p = p, p.Parent {
		if c.Span.Kind() == ptrace.SpanKindConsumer {
			return false // its producer did not wait: what failed is all of it
		}
		if s := x.states[p]; !s.outcome.Failed() && !step(p, s) || x.failedLater(p, c) {
			return true
		}
	}
	return false
}

// failedLater: p went on after c had failed, and then another call failed.
func (x *explorer) failedLater(p, c *calltree.Node) bool {
	return slices.ContainsFunc(p.Children, func(o *calltree.Node) bool {
		return o.Span.Name() != c.Span.Name() && x.states[o].outcome.Failed() && waitedFor(p, o) &&
			o.Span.StartTimestamp() >= c.Span.EndTimestamp()
	})
}

// openBelow is the innermost span that had not ended when n gave up, or nil. One
// that was cancelled then may have ended a little before its caller did.
func openBelow(n *calltree.Node) (innermost *calltree.Node) {
	end := n.Span.EndTimestamp()
	little := pcommon.Timestamp(max(time.Millisecond, n.Duration()/50))
	for at := n; at != nil; {
		var next *calltree.Node
		for _, c := range at.Children {
			if waitedFor(n, c) && c.Span.StartTimestamp() <= end && c.Span.EndTimestamp()+little >= end {
				next = c // the last one that began
			}
		}
		if next != nil {
			innermost = next
		}
		at = next
	}
	return innermost
}

// peerOf is who did not answer an exit span, where nobody did.
func peerOf(n *calltree.Node) string {
	if k := n.Span.Kind(); k != ptrace.SpanKindClient && k != ptrace.SpanKindProducer || len(n.Children) > 0 {
		return ""
	}
	return calltree.PeerOf(n.Span, n.Service).Service.Name
}
