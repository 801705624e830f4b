// Package tracecontext decides what a process learns from the trace headers
// of a request and what it tells with its own: W3C traceparent, tracestate
// (our entry jcg, OpenTelemetry's ot and those of others) and W3C baggage.
//
// New returns one propagator in the place of propagation.TraceContext and
// propagation.Baggage. Spans of other SDKs see what these two would show
// them, but for our entry, which is cut off. What the W3C suite asks for and
// the stock propagators leave out is added: several tracestate lines are one,
// several traceparent lines are none, of equal keys the first one counts, and
// keys of Trace Context level 2 are passed on.
//
// It is fast because Extract makes one value: a context that is also the
// remote span, and whose baggage is parsed when somebody asks for it. That
// needs the keys by which otel-go finds both in a context; they are captured
// once and the trick is tested at start (keys.go). Where it fails, the same
// facts go through otel-go's own constructors.
package tracecontext
