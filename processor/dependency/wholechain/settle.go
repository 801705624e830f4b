package wholechain

import (
	"slices"

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
	for _, call := range calls {
		if followed(call, calls) {
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

func followed(call localtrace.Call, calls []localtrace.Call) bool {
	return slices.ContainsFunc(calls, func(o localtrace.Call) bool {
		return o.From == call.From && o.Node != call.Node && o.Node.Span.StartTimestamp() >= call.Node.Span.EndTimestamp()
	})
}
