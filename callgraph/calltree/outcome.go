package calltree

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
)

// Sources of an outcome that are not attributes.
const (
	SourceStatus      = spanfact.SourceStatus
	SourceException   = spanfact.SourceException
	SourceParentEnded = "parent ended first"
	SourceShedLoad    = spanfact.SourceShedLoad // what the source ends with
)

// Outcome says how a span ended and what said so: SourceStatus,
// SourceException, or the attribute that decided; empty for a span that just
// ended. A status Ok, which only an operator or an application sets, beats all
// else. Whether a failed span's parent had ended before it, which makes it
// cancelled, only a Tree knows.
func Outcome(span ptrace.Span) (outcome callgraph.Outcome, source string) {
	outcome, s := outcomeOf(factsOf(span), span)
	return outcome, s.String()
}

func outcomeOf(f *spanfact.Facts, span ptrace.Span) (callgraph.Outcome, spanfact.Source) {
	NoteExceptions(f, span)
	return f.Outcome(StatusOf(span))
}

// StatusOf takes a code that OTLP does not know for none.
func StatusOf(span ptrace.Span) spanfact.Status {
	switch span.Status().Code() {
	case ptrace.StatusCodeOk:
		return spanfact.StatusOK
	case ptrace.StatusCodeError:
		return spanfact.StatusError
	default:
		return spanfact.StatusUnset
	}
}

func isEntry(kind ptrace.SpanKind) bool { return spanfact.Kind(kind).Entry() }
func isExit(kind ptrace.SpanKind) bool  { return spanfact.Kind(kind).Exit() }
