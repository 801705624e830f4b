package stocksampler

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// DebugKey is the attribute by which a span asks to be kept, where the policy
// keeps sampler.Debug.
const DebugKey = "jcg.debug"

// factsOf says what a span ended with.
func factsOf(span sdktrace.ReadOnlySpan) sampler.Facts {
	f := sampler.Facts{
		Operation: span.Name(),
		Kind:      span.SpanKind(),
		Status:    span.Status().Code,
		Duration:  span.EndTime().Sub(span.StartTime()),
		Escaped:   escaped(span.Events(), span.EndTime()),
	}
	for _, a := range span.Attributes() {
		addAttribute(&f, a)
	}
	return f
}

func addAttribute(f *sampler.Facts, a attribute.KeyValue) {
	switch a.Key {
	case "error.type":
		f.ErrorType = a.Value.AsString()
	case "http.response.status_code", "http.status_code":
		f.HTTPStatus = int(a.Value.AsInt64())
	case callgraph.AttributeSoftError:
		f.SoftError = a.Value.AsBool()
	case DebugKey:
		f.Debug = a.Value.AsBool()
	}
}

// escaped finds an exception that left its span: one that says so, or the
// panic that the SDK recorded in End, after it had taken the span's end.
func escaped(events []sdktrace.Event, end time.Time) bool {
	for _, e := range events {
		if e.Name == "exception" && (!e.Time.Before(end) || saysEscaped(e.Attributes)) {
			return true
		}
	}
	return false
}

func saysEscaped(attributes []attribute.KeyValue) bool {
	for _, a := range attributes {
		if a.Key == "exception.escaped" {
			return a.Value.AsBool()
		}
	}
	return false
}
