package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Fail makes an error where it begins: the log and the span show it with its
// stack, and its code becomes the answer's, over HTTP and gRPC alike. Whoever
// passes the error on adds nothing, so that a chain shows its origin once.
func Fail(ctx context.Context, code codes.Code, format string, a ...any) error {
	err := status.Errorf(code, format, a...)
	slog.ErrorContext(ctx, status.Convert(err).Message())
	trace.SpanFromContext(ctx).RecordError(err, trace.WithStackTrace(true))
	return err
}

// Degrade says that a call failed and its caller goes on without it: a handled
// exception under an unset status.
func Degrade(ctx context.Context, message string, err error) {
	slog.WarnContext(ctx, message+": "+status.Convert(err).Message())
	span := trace.SpanFromContext(ctx)
	span.RecordError(err, trace.WithStackTrace(true))
	span.SetAttributes(attribute.Bool("degraded", true))
}

// Refuse says that business failed where technology did not.
func Refuse(ctx context.Context, code, message string) {
	slog.WarnContext(ctx, message)
	trace.SpanFromContext(ctx).SetAttributes(
		attribute.String("business.code", code), attribute.Bool(callgraph.AttributeSoftError, true))
}
