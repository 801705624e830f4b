package wholechain

import (
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// settled is how the calls of a site ended in a chain.
type settled struct {
	last   localtrace.Call
	result strength.Result
	class  strength.Class // where they failed
}

// settle looks at a site's calls of a chain. In each local trace those count
// that no other follows: what follows a failed one is a retry. Where they did not
// end alike, or one was given up or outlives its caller, the result is Cancelled:
// it tells nothing.
func settle(calls []localtrace.Call) (s settled) {
	latest := latestOf(calls)
	for _, call := range calls {
		if latest[call.From].follows(call) {
			continue
		}
		next := settledOf(call)
		switch {
		case s.last.Node == nil:
			s = next
		case s.result != next.result:
			s.result = strength.Cancelled
		case call.Node.Span.EndTimestamp() >= s.last.Node.Span.EndTimestamp():
			s = next
		}
	}
	if s.last.Node == nil { // calls without duration follow each other
		s = settled{last: calls[len(calls)-1], result: strength.Cancelled}
	}
	return s
}

func settledOf(call localtrace.Call) settled {
	result, class := localtrace.ResultOf(call.Node)
	if call.Node.Span.EndTimestamp() > call.From.Root.Span.EndTimestamp() {
		result = strength.Cancelled
	}
	return settled{call, result, class}
}

// latest are the two calls of a local trace that began last.
type latest struct{ first, second *calltree.Node }

func latestOf(calls []localtrace.Call) map[*localtrace.Trace]latest {
	all := map[*localtrace.Trace]latest{}
	for _, call := range calls {
		l := all[call.From]
		switch {
		case l.first == nil || call.Node.Span.StartTimestamp() > l.first.Span.StartTimestamp():
			l.first, l.second = call.Node, l.first
		case l.second == nil || call.Node.Span.StartTimestamp() > l.second.Span.StartTimestamp():
			l.second = call.Node
		}
		all[call.From] = l
	}
	return all
}

// follows reports whether one that is not the call began after it had ended.
func (l latest) follows(call localtrace.Call) bool {
	one := l.first
	if one == call.Node {
		one = l.second
	}
	return one != nil && one.Span.StartTimestamp() >= call.Node.Span.EndTimestamp()
}
