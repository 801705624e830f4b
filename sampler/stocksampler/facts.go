package stocksampler

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// DebugKey is the attribute by which a span asks to be kept, where the policy
// keeps sampler.Debug.
const DebugKey = "jcg.debug"

// factsOf says what a span ended with, as the collector will see it.
func factsOf(span sdktrace.ReadOnlySpan) sampler.Facts {
	said := spanfact.New(spanfact.Kind(span.SpanKind()))
	debug := false
	for _, a := range span.Attributes() {
		note(&said, a)
		debug = debug || a.Key == DebugKey && a.Value.Type() == attribute.BOOL && a.Value.AsBool()
	}
	for _, e := range span.Events() {
		if e.Name == "exception" {
			noteException(&said, e, span.EndTime())
		}
	}
	status := span.Status().Code
	outcome, _ := said.Outcome(statuses[status])
	return sampler.Facts{
		Operation: span.Name(), Kind: span.SpanKind(), Status: status, Outcome: outcome,
		ErrorType: said.ErrorType(), HTTPStatus: int(said.HTTPStatus()), Duration: span.EndTime().Sub(span.StartTime()),
		Escaped: said.Escaped(), SoftError: said.SoftError(), Debug: debug,
	}
}

// statuses are those of OTel's Go API by the numbers of OTLP.
var statuses = map[codes.Code]spanfact.Status{codes.Ok: spanfact.StatusOK, codes.Error: spanfact.StatusError}

func note(f *spanfact.Facts, a attribute.KeyValue) {
	switch a.Value.Type() {
	case attribute.STRING:
		f.NoteString(string(a.Key), a.Value.AsString())
	case attribute.INT64:
		f.NoteInt(string(a.Key), a.Value.AsInt64())
	case attribute.FLOAT64:
		f.NoteFloat(string(a.Key), a.Value.AsFloat64())
	case attribute.BOOL:
		f.NoteBool(string(a.Key), a.Value.AsBool())
	default:
		f.NoteName(string(a.Key))
	}
}

// noteException tells those that left their span: they say so, or are the panic
// that the SDK recorded in End, after it had taken the span's end.
func noteException(f *spanfact.Facts, e sdktrace.Event, end time.Time) {
	kind, escaped := "", !e.Time.Before(end)
	for _, a := range e.Attributes {
		switch a.Key {
		case "exception.type":
			kind = a.Value.AsString()
		case "exception.escaped":
			escaped = escaped || a.Value.AsBool()
		}
	}
	f.NoteException(kind, escaped)
}
