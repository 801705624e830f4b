package dropin

import (
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// statuses makes a case of calls of SetStatus and the status they leave.
func statuses(name string, want sdktrace.Status, calls ...sdktrace.Status) behaviour {
	return behaviour{name: name, check: func(p *probe) {
		span := p.of(func(s trace.Span) {
			for _, c := range calls {
				s.SetStatus(c.Code, c.Description)
			}
		})
		p.Equal(want, span.Status())
	}}
}

func statusOf(code codes.Code, description string) sdktrace.Status {
	return sdktrace.Status{Code: code, Description: description}
}

var statusBehaviours = []behaviour{
	statuses("unset by default", statusOf(codes.Unset, "")),
	statuses("an error keeps its description", statusOf(codes.Error, "why"), statusOf(codes.Error, "why")),
	statuses("an error may lack a description", statusOf(codes.Error, ""), statusOf(codes.Error, "")),
	statuses("ok has no description", statusOf(codes.Ok, ""), statusOf(codes.Ok, "why")),
	statuses("unset has no description", statusOf(codes.Unset, ""), statusOf(codes.Unset, "why")),
	statuses("ok outranks an error before it", statusOf(codes.Ok, ""), statusOf(codes.Error, "why"), statusOf(codes.Ok, "")),
	statuses("ok outranks an error after it", statusOf(codes.Ok, ""), statusOf(codes.Ok, ""), statusOf(codes.Error, "why")),
	statuses("ok outranks unset after it", statusOf(codes.Ok, ""), statusOf(codes.Ok, ""), statusOf(codes.Unset, "")),
	statuses("an error outranks unset after it", statusOf(codes.Error, "why"), statusOf(codes.Error, "why"), statusOf(codes.Unset, "x")),
	statuses("the last of two errors counts", statusOf(codes.Error, "b"), statusOf(codes.Error, "a"), statusOf(codes.Error, "b")),
	statuses("an error without description takes the first one's away", statusOf(codes.Error, ""), statusOf(codes.Error, "a"), statusOf(codes.Error, "")),
	statuses("a code that does not exist is kept", statusOf(codes.Code(7), ""), statusOf(codes.Code(7), "x")),
	{name: "recording an error sets none", check: func(p *probe) {
		span := p.of(func(s trace.Span) { s.RecordError(errPlain) })
		p.Equal(statusOf(codes.Unset, ""), span.Status())
	}},
}
