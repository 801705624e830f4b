package sdk

import (
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// localRoot is the first span of a trace in this process, and with it the local
// trace: the spans below it, but for those below another entry span.
//
// A local trace is open until its root ends. Its ended spans then wait in a
// list. It is kept when a span of it is; what is listed goes with it. When the
// root ends the trace is settled: the list is decided and counted, and a span
// that ends later is so at once.
type localRoot struct {
	span
	traceID   trace.TraceID
	origin    *origin // nil: a trace's own root, of which nothing more is known
	threshold sampler.Threshold
	spanIDs   atomic.Uint64

	// Guarded by the span's mu.
	spans   uint32 // ended
	dropped uint16 // of those, that were to be exported and could not
	listed  uint8
	state   localState
}

type localState uint8

const (
	stateKept    localState = 1 << iota // a span of it is kept whatever the rate
	stateSettled                        // the root has ended
	stateThinned                        // a storm let it leave with stormThreshold, or not at all
	stateFirst                          // a storm let it leave as the first of its kind: without weight
)

// maxListed is how many ended spans wait for their local trace. When there are
// more, those that wait are decided by what is known.
const maxListed = 64

// maxWait is how long they do, in nanoseconds.
const maxWait = 10e9

func (r *localRoot) stripe() uint8 { return r.traceID[11] % stripes }

// randomness is what the trace is sampled by.
func (r *localRoot) randomness() sampler.Randomness {
	if r.origin != nil {
		return r.origin.ot.RandomnessOf(r.traceID)
	}
	return sampler.RandomnessOf(r.traceID)
}
