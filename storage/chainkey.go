package storage

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// KeyWriter takes in which traces carry which business keys. Implementations
// are safe for concurrent use.
type KeyWriter interface {
	// WriteSightings returns nil only once all of them are durable and can be
	// read. Writing them again changes nothing; of two sightings of one key in one
	// trace the earlier start holds. Keys that one trace carries are linked, in
	// whatever calls they were told. Sightings are kept as long as spans are, from
	// their arrival. After an error any part may have been written.
	//
	// A key that is not valid and a zero trace ID are errors, and nothing is
	// written then: trying again does not help. Of the keys of a trace those beyond
	// MaxTraceKeys are left out and counted.
	WriteSightings(ctx context.Context, sightings []callgraph.Sighting) error
}

// MaxTraceKeys is how many keys one trace carries at most: what works on more
// orders than that at once is a batch job, and its trace no part of their chains.
const MaxTraceKeys = 1000

// ValidateSightings says why no store takes them.
func ValidateSightings(sightings []callgraph.Sighting) error {
	for i := range sightings {
		if err := sightings[i].Key.Validate(); err != nil {
			return err
		}
		if sightings[i].TraceID == (pcommon.TraceID{}) {
			return fmt.Errorf("sighting of key %s has a zero trace ID", sightings[i].Key.Kind)
		}
	}
	return nil
}

// KeyReader reads logical chains. Answers belong to the caller.
type KeyReader interface {
	// Sightings returns the traces that carry a key by rising start, then trace
	// ID: the first limit of those behind after; the zero Place is before all.
	Sightings(ctx context.Context, key callgraph.ChainKey, after Place, limit int) ([]callgraph.Sighting, error)
	// KeyExtent says how many traces carry a key, of which when the first
	// and the last; all zero where there is none. It reads no spans.
	KeyExtent(ctx context.Context, key callgraph.ChainKey) (Extent, error)
	// KeysOf returns the keys that a trace carries, in order of kind, value, environment.
	KeysOf(ctx context.Context, trace pcommon.TraceID) ([]callgraph.ChainKey, error)
	// Links returns the keys that share traces with a key, in order of kind,
	// value, environment; at most limit.
	Links(ctx context.Context, key callgraph.ChainKey, limit int) ([]callgraph.KeyLink, error)
	// FindKeys returns the keys of a value, of one kind or, where that is empty, of
	// every kind, of every environment, in order of kind, environment; at most limit.
	FindKeys(ctx context.Context, kind, value string, limit int) ([]callgraph.ChainKey, error)
}

// Place is a place in a key's traces.
type Place struct {
	Start   int64 // Unix nanoseconds
	TraceID pcommon.TraceID
}

// Extent is how much a logical chain holds.
type Extent struct {
	Traces      int
	First, Last int64 // start, Unix nanoseconds
}

// Eraser removes what somebody asked to have removed. Both are durable when
// they return nil, do nothing the second time, and leave nothing of it on the
// medium that reading the store's files would show, once they have returned.
type Eraser interface {
	// EraseSpans removes the spans of some traces that erase says, and returns how
	// many these were. The others stay as they are. Many traces in one call cost
	// far less than as many calls: the medium is cleaned once a call.
	EraseSpans(ctx context.Context, traces []pcommon.TraceID, erase func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool) (int, error)
	// EraseKey removes a key's sightings and links.
	EraseKey(ctx context.Context, key callgraph.ChainKey) error
}
