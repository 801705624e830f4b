package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// The span event that repeats a log line.
const (
	LogEvent    = "log"
	LogSeverity = "log.severity"
	LogMessage  = "log.message"
)

// spanLog ties log lines and chains together: a line says which chain it
// belongs to, and a warning or an error is shown by the chain too.
type spanLog struct{ slog.Handler }

func (h spanLog) Handle(ctx context.Context, line slog.Record) error {
	span := trace.SpanFromContext(ctx)
	if id := span.SpanContext().TraceID(); id.IsValid() {
		line.AddAttrs(slog.String("trace_id", id.String()), slog.String("short_id", callgraph.ShortIDOf(id).String()))
	}
	if span.IsRecording() && line.Level >= slog.LevelWarn {
		span.AddEvent(LogEvent, trace.WithAttributes(
			attribute.String(LogSeverity, line.Level.String()), attribute.String(LogMessage, line.Message)))
	}
	return h.Handler.Handle(ctx, line)
}

func (h spanLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return spanLog{h.Handler.WithAttrs(attrs)}
}
func (h spanLog) WithGroup(name string) slog.Handler { return spanLog{h.Handler.WithGroup(name)} }
