package wholechain

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// chain is a trace as local traces.
type chain struct {
	locals []*localtrace.Trace
	of     map[*calltree.Node]*localtrace.Trace
	calls  map[*calltree.Node]localtrace.Call
	latest map[*localtrace.Trace][]localtrace.Call // those that began last first
	// failed are the calls that failed for good, kin how many of them wait for a
	// node or are waited for by it, itself included.
	failed int
	kin    map[*calltree.Node]int
}

// noteFailures takes the calls that failed for good.
func (c *chain) noteFailures(tree *calltree.Tree, failed map[*calltree.Node]bool) {
	c.failed, c.kin = len(failed), map[*calltree.Node]int{}
	if c.failed == 0 {
		return
	}
	above, below := map[*calltree.Node]int{}, map[*calltree.Node]int{}
	var order []*calltree.Node
	for _, n := range tree.Walk() {
		order = append(order, n)
		above[n] = above[n.Parent] + int(one(failed[n]))
	}
	for _, n := range slices.Backward(order) {
		c.kin[n] = above[n] + below[n]
		below[n.Parent] += below[n] + int(one(failed[n]))
	}
}

// beside reports whether a call failed that neither waits for the node nor is
// waited for by it.
func (c *chain) beside(n *calltree.Node) bool { return c.failed > c.kin[n] }

func chainOf(tree *calltree.Tree) chain {
	c := chain{
		locals: localtrace.Of(tree), of: make(map[*calltree.Node]*localtrace.Trace, tree.Len()),
		calls: map[*calltree.Node]localtrace.Call{}, latest: map[*localtrace.Trace][]localtrace.Call{},
	}
	for _, l := range c.locals {
		for _, n := range l.Spans {
			c.of[n] = l
		}
		for _, call := range l.Calls {
			c.calls[call.Node] = call
		}
		c.latest[l] = slices.SortedFunc(slices.Values(l.Calls), func(a, b localtrace.Call) int {
			return cmp.Compare(b.Node.Span.StartTimestamp(), a.Node.Span.StartTimestamp())
		})
	}
	return c
}

// entrance is where the chain begins.
func (c chain) entrance() *localtrace.Trace { return c.locals[0] }

// goesOn reports whether any call of another site began after a call's end: in
// its local trace, or in one that waited for it. Only ends and starts of one process
// are compared, since clocks differ. Who sends a message does not wait, nor is
// calling once more what was called before going on.
func (c chain) goesOn(last localtrace.Call) bool {
	ended, below := last.Node.Span.EndTimestamp(), last
	for l := last.From; l != nil; {
		if c.beginsAfter(l, ended, below) {
			return true
		}
		waits := l.Root.Parent
		if waits == nil || waits.Span.Kind() == ptrace.SpanKindProducer {
			return false
		}
		l = c.of[waits]
		ended, below = waits.Span.EndTimestamp(), c.callOf(l, waits)
	}
	return false
}

// callOf is the call that a span is; one without a site where it is none.
func (c chain) callOf(l *localtrace.Trace, n *calltree.Node) localtrace.Call {
	if call, ok := c.calls[n]; ok {
		return call
	}
	return localtrace.Call{Node: n, From: l}
}

func (c chain) beginsAfter(l *localtrace.Trace, ended pcommon.Timestamp, below localtrace.Call) bool {
	for _, other := range c.latest[l] {
		if other.Node.Span.StartTimestamp() < ended {
			return false
		}
		if other.Site.Callee != below.Site.Callee {
			return true
		}
	}
	return false
}
