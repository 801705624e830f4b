package sdk

import (
	"reflect"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// inlineAttributes is how many attributes a body holds without more memory: what
// instrumentations set, and ours.
const inlineAttributes = 12

// Record is a finished span as exporters get it: what sdktrace.ReadOnlySpan
// says, and the sampling decision in its tracestate. While its span lives, it
// is the span's body: what takes room.
type Record struct {
	*readOnly // brings the private method of OTel's interface

	// The body.
	attributes  []attribute.KeyValue // those of the start; of a finished record, all
	inline      [inlineAttributes]attribute.KeyValue
	inlined     int           // how many of inline
	reflected   reflect.Value // inline
	buffer      []attribute.KeyValue
	events      []sdktrace.Event
	links       []sdktrace.Link
	description string
	endTask     func() // of runtime/trace

	droppedAttributes, droppedEvents, droppedLinks int

	// Set when it is finished.
	scope       *scope
	name        string
	spanContext trace.SpanContext
	parent      trace.SpanContext
	state       string // of spanContext, where it is known
	kind        trace.SpanKind
	statusCode  codes.Code
	start, end  int64
	children    int
	stripe      uint8
	loan        *loan        // nil: not watched
	readers     atomic.Int32 // exporters that have not done with it
}

var _ sdktrace.ReadOnlySpan = (*Record)(nil)

// Name is the span's name.
func (r *Record) Name() string { return r.name }

// SpanContext has the flag and the tracestate of the decision.
func (r *Record) SpanContext() trace.SpanContext { return r.spanContext }

// TraceState is the text of SpanContext's tracestate, mostly without making it.
func (r *Record) TraceState() string {
	if r.state != "" {
		return r.state
	}
	return r.spanContext.TraceState().String()
}

// Parent is invalid for a root.
func (r *Record) Parent() trace.SpanContext { return r.parent }

// SpanKind is the span's kind.
func (r *Record) SpanKind() trace.SpanKind { return r.kind }

// StartTime is when the span started.
func (r *Record) StartTime() time.Time { return time.Unix(0, r.start) }

// EndTime is when the span ended.
func (r *Record) EndTime() time.Time { return time.Unix(0, r.end) }

// Attributes has each key once. It must not be changed.
func (r *Record) Attributes() []attribute.KeyValue { return r.attributes }

// Events must not be changed.
func (r *Record) Events() []sdktrace.Event { return r.events }

// Links must not be changed.
func (r *Record) Links() []sdktrace.Link { return r.links }

// Status is the span's status.
func (r *Record) Status() sdktrace.Status {
	return sdktrace.Status{Code: r.statusCode, Description: r.description}
}

// InstrumentationScope is the tracer's.
func (r *Record) InstrumentationScope() instrumentation.Scope { return r.scope.instrumentation }

// InstrumentationLibrary is the older name of InstrumentationScope.
func (r *Record) InstrumentationLibrary() instrumentation.Library { //nolint:staticcheck // OTel's interface has it
	return r.scope.instrumentation
}

// Resource is the provider's.
func (r *Record) Resource() *resource.Resource { return r.scope.provider.resource }

// DroppedAttributes is how many attributes the limits refused.
func (r *Record) DroppedAttributes() int { return r.droppedAttributes }

// DroppedLinks is how many links the limits refused.
func (r *Record) DroppedLinks() int { return r.droppedLinks }

// DroppedEvents is how many events the limits refused.
func (r *Record) DroppedEvents() int { return r.droppedEvents }

// ChildSpanCount is how many children the span had in this process.
func (r *Record) ChildSpanCount() int { return r.children }

// clear makes the record ready to be a body again. Only what was used is
// written: pointers cost the garbage collector's barrier.
func (r *Record) clear() {
	if r.scope != nil {
		r.clearFinished()
	}
	clear(r.inline[:r.inlined])
	r.inlined = 0
	r.attributes = nil
	if r.events != nil || r.links != nil || r.description != "" || r.endTask != nil {
		r.events, r.links, r.description, r.endTask = nil, nil, "", nil
	}
	r.droppedAttributes, r.droppedEvents, r.droppedLinks = 0, 0, 0
}

// maxBuffer is how large a buffer of attributes may be that stays.
const maxBuffer = 32

func (r *Record) clearFinished() {
	if len(r.buffer) == 0 { // the attributes are the inline ones, and ours
		r.inlined = min(len(r.attributes), len(r.inline))
	}
	clear(r.buffer)
	r.buffer = r.buffer[:0]
	if cap(r.buffer) > maxBuffer {
		r.buffer = nil
	}
	r.scope, r.name, r.state = nil, "", ""
	r.spanContext, r.parent = trace.SpanContext{}, trace.SpanContext{}
}
