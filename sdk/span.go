package sdk

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"github.com/jcallgraph/jcallgraph/sdk/internal/edge"
)

// span is the handle that users hold: the span and the context that carries it,
// in one allocation. It is never used again, since users may hold it for ever;
// what takes room, its body, is detached when the span ends.
//
// Fields above mu never change. Those below are guarded by it, but for next
// and site, which belong to the local root once the span has ended.
type span struct {
	ctx     context.Context // the parent's
	*scope                  // the tracer; brings the private methods of OTel's interfaces
	root    *localRoot      // itself, for a local root
	id      trace.SpanID
	parent  trace.SpanID
	started int64  // see clock
	traits  traits // kind, and the local trace's flags

	statusCode uint8
	flags      flags
	outcome    uint8
	connection uint8
	_          uint8
	children   uint16
	mu         sync.Mutex
	ended      int64
	name       string
	body       *Record    // nil: nothing to hold, or detached
	site       *edge.Site // of exit spans: where the service calls
	next       *span      // in the local root's list of ended spans; the root's: its head
}

// flags of a span, guarded by its mu.
type flags uint8

const (
	flagEnded     flags = 1 << iota
	flagKeep            // something below it failed (ScopePath), or a flag says so
	flagNoBody          // the bound of bodies was met
	flagTold            // its site was told to the callee and stays
	flagEager           // exported, or dropped, before its local trace was settled
	flagWallStart       // started is a time that the application gave, Unix nanoseconds
	flagWallEnd
	flagPeer // the callee was told another name of the peer than the attributes have
)

// traits never change: the span's kind in the low bits, flags in the high ones.
type traits uint8

const (
	traitKind    traits = 0x07
	traitLinked  traits = 0x08 // a consumer that started with links
	traitSampled traits = 0x80
	traitRandom  traits = 0x40
	// traitWeighted: the local root's threshold is valid.
	traitWeighted traits = 0x20
	traitCounted  traits = 0x10 // the local trace's calls are counted here
)

func (t traits) kind() trace.SpanKind { return trace.SpanKind(t & traitKind) }
func (t traits) sampled() bool        { return t&traitSampled != 0 }

func (t traits) traceFlags() trace.TraceFlags {
	f := trace.TraceFlags(0)
	if t.sampled() {
		f |= trace.FlagsSampled
	}
	if t&traitRandom != 0 {
		f |= trace.FlagsRandom
	}
	return f
}

var (
	_ sdktrace.ReadWriteSpan = (*span)(nil)
	_ context.Context        = (*span)(nil)
)

// private brings the private methods of OTel's interfaces, which nobody calls.
// Embedded one level down, its other methods are hidden by the span's own.
type private struct {
	embedded.Span
	readOnly
}

type readOnly struct{ sdktrace.ReadOnlySpan }

// String keeps fmt from reading fields that change.
func (s *span) String() string { return "span " + s.root.traceID.String() + "-" + s.id.String() }

// SpanContext is that of the live span: its flag says what was decided at the
// local root's start.
func (s *span) SpanContext() trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: s.root.traceID, SpanID: s.id, TraceFlags: s.traceFlags(), TraceState: s.root.traceState(),
	})
}

// traceFlags are those of the local trace; what W3C has not defined yet is the
// parent's.
func (s *span) traceFlags() trace.TraceFlags {
	flags := s.traits.traceFlags()
	if o := s.root.origin; o != nil && o.parent != nil {
		flags |= o.parent.Flags() &^ trace.FlagsSampled
	}
	return flags
}

// TracerProvider is the provider that made the span.
func (s *span) TracerProvider() trace.TracerProvider { return s.provider }

// IsRecording reports whether the span has not ended.
func (s *span) IsRecording() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flags&flagEnded == 0
}

// SetName renames the span.
func (s *span) SetName(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flags&flagEnded == 0 {
		s.name = name
	}
}

// SetStatus sets the status: Ok outranks Error outranks Unset; only Error has
// a description.
func (s *span) SetStatus(code codes.Code, description string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flags&flagEnded != 0 || codes.Code(s.statusCode) > code {
		return
	}
	s.statusCode = uint8(code)
	switch {
	case code == codes.Error && description != "":
		if b := s.holdBody(); b != nil {
			b.description = description
		}
	case s.body != nil:
		s.body.description = ""
	}
}

func (s *span) addChild() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flags&flagEnded == 0 && s.children < ^uint16(0) {
		s.children++
	}
}

// holdBody is the body, or nil where the bound of bodies is met. The caller
// holds mu.
func (s *span) holdBody() *Record {
	if s.body == nil && s.flags&flagNoBody == 0 {
		if s.body = s.provider.bodies.take(s.root.stripe()); s.body == nil {
			s.flags |= flagNoBody
		}
	}
	return s.body
}

// isExit: spans that call.
func isExit(kind trace.SpanKind) bool {
	return kind == trace.SpanKindClient || kind == trace.SpanKindProducer
}

// isEntry: spans that are called.
func isEntry(kind trace.SpanKind) bool {
	return kind == trace.SpanKindServer || kind == trace.SpanKindConsumer
}
