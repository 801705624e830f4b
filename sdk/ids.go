package sdk

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// IDs says how trace and span IDs are made.
type IDs uint8

const (
	// BornShort makes trace IDs that four bytes and their start's millisecond
	// restore, and span IDs that a process key and a counter do
	// (docs/spec/identifiers.md): the least to send. The default.
	BornShort IDs = iota
	// W3C makes random IDs, with W3C's random flag.
	W3C
)

// String is the value of the setting ids.
func (i IDs) String() string {
	if i == W3C {
		return "w3c"
	}
	return "short"
}

// idSource makes the IDs that no generator of the user's makes.
type idSource struct {
	kind      IDs
	generator sdktrace.IDGenerator // nil: kind decides
	key       uint64               // of the process
	counter   atomic.Uint64        // blocks of span IDs handed out
}

// idBlock is how many span IDs a local trace takes at a time.
const idBlock = 8

func (s *idSource) traceID(wallNanos int64) trace.TraceID {
	if s.kind == BornShort {
		return callgraph.BornShort(wallNanos/1e6, callgraph.ShortID(rand.Uint32()))
	}
	var id trace.TraceID
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	}
	return id
}

// newIDs are a root's.
func (r *localRoot) newIDs(ctx context.Context) {
	s := &r.provider.ids
	if s.generator != nil {
		r.traceID, r.id = s.generator.NewIDs(ctx)
		return
	}
	r.traceID = s.traceID(r.start())
	r.id = r.newSpanID(ctx)
}

// newSpanID is one more of the local trace's.
func (r *localRoot) newSpanID(ctx context.Context) (id trace.SpanID) {
	s := &r.provider.ids
	if s.generator != nil {
		return s.generator.NewSpanID(ctx, r.traceID)
	}
	if s.kind == W3C {
		for !id.IsValid() {
			binary.NativeEndian.PutUint64(id[:], rand.Uint64())
		}
		return id
	}
	return callgraph.SpanIDOf(s.key, r.nextSpanNumber(s))
}

// nextSpanNumber is one of the process's counter that no other span has. The
// last of a block is a multiple of its size.
func (r *localRoot) nextSpanNumber(s *idSource) uint64 {
	for {
		last := r.spanIDs.Load()
		next := last + 1
		if last%idBlock == 0 {
			next = s.counter.Add(1)*idBlock + 1
		}
		if r.spanIDs.CompareAndSwap(last, next) {
			return next
		}
	}
}
