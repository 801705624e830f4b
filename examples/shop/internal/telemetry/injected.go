package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
)

const (
	// faultEntry of the baggage names an operation that is to fail in this request.
	faultEntry = "fault"
	// injectedKey marks what fails on purpose, so that it is told apart.
	injectedKey = "jcg.injected"
)

// Injected marks the current span, at the entry of an operation, if somebody
// makes something fail in this request, and fails if that is the operation.
func Injected(ctx context.Context, operation string) error {
	wanted := baggage.FromContext(ctx).Member(faultEntry).Value()
	if wanted == "" {
		return nil
	}
	trace.SpanFromContext(ctx).SetAttributes(attribute.String(injectedKey, wanted))
	if wanted != operation {
		return nil
	}
	return Fail(ctx, codes.Unavailable, "made to fail by the customer's baggage")
}
