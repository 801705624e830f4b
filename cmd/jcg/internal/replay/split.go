package replay

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// MaxRequest is the greatest size of a request in bytes: what a gRPC server
// takes by default.
const MaxRequest = 4 << 20

// fieldHeader is the most that a message of up to 4 MiB adds to the message
// that holds it: tag and length.
const fieldHeader = 5

// split cuts a record into requests of at most spans spans (0: any number) and
// bytes bytes, in order, and hands spans that fit in no request to tooLarge.
// Requests share nothing with td, except where td is one itself.
func split(td ptrace.Traces, spans, bytes int, tooLarge func(ptrace.Span, int)) iter.Seq[ptrace.Traces] {
	return func(yield func(ptrace.Traces) bool) {
		if fits(td, spans, bytes) {
			yield(td)
			return
		}
		c := cutter{maxSpans: spans, maxBytes: bytes, tooLarge: tooLarge, yield: yield}
		c.cut(td)
	}
}

func fits(td ptrace.Traces, spans, bytes int) bool {
	return (spans == 0 || td.SpanCount() <= spans) && sizer.TracesSize(td) <= bytes
}

var sizer ptrace.ProtoMarshaler

// cutter fills one request after the other. Sizes are upper bounds: each span
// with its own headers, and the envelope's, once for each envelope.
type cutter struct {
	maxSpans, maxBytes int
	tooLarge           func(ptrace.Span, int)
	yield              func(ptrace.Traces) bool
	stopped            bool

	request     ptrace.Traces
	spans, size int
	open        ptrace.SpanSlice // of the current envelope in request
	isOpen      bool
}

func (c *cutter) cut(td ptrace.Traces) {
	c.request = ptrace.NewTraces()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			c.cutScope(envelope{rs, ss})
		}
	}
	c.flush()
}

func (c *cutter) cutScope(e envelope) {
	c.isOpen = false
	header := e.size()
	for _, s := range e.scope.Spans().All() {
		size := sizer.SpanSize(s) + fieldHeader
		switch {
		case c.stopped:
			return
		case size+header > c.maxBytes:
			c.tooLarge(s, size+header)
			continue
		case c.full(size + header):
			c.flush()
		}
		c.add(e, s, header, size)
	}
}

// full supposes that the envelope must be written too, which wastes little.
func (c *cutter) full(size int) bool {
	return c.size+size > c.maxBytes || (c.maxSpans > 0 && c.spans >= c.maxSpans)
}

func (c *cutter) add(e envelope, s ptrace.Span, header, size int) {
	if !c.isOpen {
		c.open, c.isOpen = e.appendTo(c.request), true
		c.size += header
	}
	s.CopyTo(c.open.AppendEmpty())
	c.spans++
	c.size += size
}

func (c *cutter) flush() {
	if c.spans > 0 && !c.stopped {
		c.stopped = !c.yield(c.request)
	}
	c.request, c.spans, c.size, c.isOpen = ptrace.NewTraces(), 0, 0, false
}

// envelope is what a span shares with others: resource and scope.
type envelope struct {
	resource ptrace.ResourceSpans
	scope    ptrace.ScopeSpans
}

// appendTo copies the envelope, without spans, to the end of td.
func (e envelope) appendTo(td ptrace.Traces) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	e.resource.Resource().CopyTo(rs.Resource())
	rs.SetSchemaUrl(e.resource.SchemaUrl())
	ss := rs.ScopeSpans().AppendEmpty()
	e.scope.Scope().CopyTo(ss.Scope())
	ss.SetSchemaUrl(e.scope.SchemaUrl())
	return ss.Spans()
}

// size is of the envelope as a request of its own.
func (e envelope) size() int {
	td := ptrace.NewTraces()
	e.appendTo(td)
	return sizer.TracesSize(td) + 2*fieldHeader // lengths grow with the spans
}
