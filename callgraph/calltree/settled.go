package calltree

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Calls are the calls of whole traces: those of a Joiner that saw all of the
// spans within its window. None is provisional or retracted, and their Arrival
// is the zero time.
func Calls(td ptrace.Traces) []callgraph.Call {
	j := NewJoiner(Options{MaxSpans: maxNodes})
	begin := time.UnixMilli(0)
	j.Add(td, begin)
	calls := Settled(j.Expire(begin.Add(DefaultWindow)))
	for i := range calls {
		calls[i].Arrival = time.Time{}
	}
	return calls
}

// Settled is what remains of the calls that a Joiner yielded once each
// retraction has cancelled the call that it takes back; in the order in which
// they were yielded.
func Settled(calls []callgraph.Call) []callgraph.Call {
	open := map[callgraph.Call]int{}
	for _, c := range calls {
		if c.Retracted {
			c.Retracted = false
			open[c]++
		}
	}
	settled := make([]callgraph.Call, 0, len(calls))
	for _, c := range calls {
		if c.Retracted {
			continue
		}
		if open[c] > 0 {
			open[c]--
			continue
		}
		c.Provisional = false
		settled = append(settled, c)
	}
	return settled
}
