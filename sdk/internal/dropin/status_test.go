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

func status(code codes.Code, description string) sdktrace.Status {
	return sdktrace.Status{Code: code, Description: description}
}

var statusBehaviours = []behaviour{
	statuses("unset by default", status(codes.Unset, "")),
	statuses("an error keeps its description", status(codes.Error, "why"), status(codes.Error, "why")),
	statuses("an error may lack a description", status(codes.Error, ""), status(codes.Error, "")),
	statuses("ok has no description", status(codes.Ok, ""), status(codes.Ok, "why")),
	statuses("unset has no description", status(codes.Unset, ""), status(codes.Unset, "why")),
	statuses("ok outranks an error before it", status(codes.Ok, ""), status(codes.Error, "why"), status(codes.Ok, "")),
	statuses("ok outranks an error after it", status(codes.Ok, ""), status(codes.Ok, ""), status(codes.Error, "why")),
	statuses("ok outranks unset after it", status(codes.Ok, ""), status(codes.Ok, ""), status(codes.Unset, "")),
	statuses("an error outranks unset after it", status(codes.Error, "why"), status(codes.Error, "why"), status(codes.Unset, "x")),
	statuses("the last of two errors counts", status(codes.Error, "b"), status(codes.Error, "a"), status(codes.Error, "b")),
	statuses("an error without description takes the first one's away", status(codes.Error, ""), status(codes.Error, "a"), status(codes.Error, "")),
	statuses("a code that does not exist is kept", status(codes.Code(7), ""), status(codes.Code(7), "x")),
	{name: "recording an error sets none", check: func(p *probe) {
		span := p.of(func(s trace.Span) { s.RecordError(errPlain) })
		p.Equal(status(codes.Unset, ""), span.Status())
	}},
}
