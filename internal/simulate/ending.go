package simulate

import (
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// ending is how a call or an execution ended.
type ending uint8

const (
	fine        ending = iota
	soft               // marked as a business failure
	refused            // nobody answered: no server span
	broken             // HTTP 500, gRPC INTERNAL
	timedOut           // the caller waited no longer
	gatewayTime        // HTTP 504, gRPC DEADLINE_EXCEEDED: the callee says that it waited too long
	overloaded         // HTTP 429, gRPC RESOURCE_EXHAUSTED
	turnedDown         // HTTP 404, gRPC NOT_FOUND
	cancelled          // the caller lost interest
	endings     = int(iota)
)

// class is the class of failure; false for what is none, or no evidence.
func (e ending) class() (strength.Class, bool) {
	switch e {
	case soft:
		return strength.Soft, true
	case refused, broken:
		return strength.Error, true
	case timedOut, gatewayTime:
		return strength.Timeout, true
	case overloaded:
		return strength.Shed, true
	case turnedDown:
		return strength.Rejected, true
	}
	return 0, false
}

// repeatable endings may be another after a retry.
func (e ending) repeatable() bool {
	return e == refused || e == broken || e == timedOut || e == gatewayTime || e == overloaded
}

// keepers says which endings have an SDK keep the local trace.
type keepers struct{ exit, entry [endings]bool }

func keepersOf(m sampler.Marks) (k keepers) {
	for e := range endings {
		k.exit[e] = m.Keeps(factsOf(ending(e), trace.SpanKindClient))
		k.entry[e] = m.Keeps(factsOf(ending(e), trace.SpanKindServer))
	}
	return k
}

// factsOf is what the SDK knows of a span that ended so.
func factsOf(e ending, kind trace.SpanKind) *sampler.Facts {
	f := &sampler.Facts{Kind: kind}
	entry := kind == trace.SpanKindServer
	switch e {
	case soft:
		f.SoftError, f.Outcome = true, callgraph.SoftError
	case refused, broken:
		f.Status, f.Outcome = codes.Error, callgraph.Error
	case timedOut, gatewayTime:
		f.Status, f.Outcome = codes.Error, callgraph.Timeout
	case cancelled:
		f.Status, f.Outcome = codes.Error, callgraph.Cancelled
	case overloaded, turnedDown:
		f.Outcome = callgraph.Rejected
		if !entry {
			f.Status, f.Outcome = codes.Error, callgraph.Error
		}
	}
	return f
}
