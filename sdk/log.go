package sdk

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// The keys of a log line's trace, and the span event that repeats a log line.
const (
	LogTraceID  = "trace_id"
	LogShortID  = "short_id"
	LogEvent    = "log"
	LogSeverity = "log.severity"
	LogMessage  = "log.message"
)

// LogOption configures NewLogHandler.
type LogOption interface{ apply(*logHandler) }

type logOptionFunc func(*logHandler)

func (f logOptionFunc) apply(h *logHandler) { f(h) }

// LogChainKeys names baggage entries that log lines carry, too. Setup takes
// those of the spans.
func LogChainKeys(keys ...string) LogOption {
	return logOptionFunc(func(h *logHandler) { h.keys = keys })
}

// LogEvents shows lines of the level, and above it, as events of the current
// span.
func LogEvents(level slog.Level) LogOption {
	return logOptionFunc(func(h *logHandler) { h.events = &level })
}

// NewLogHandler ties log lines and chains together: lines that h handles say
// which trace they belong to, if any: its ID, its short ID and its business
// keys. They stand outside of all groups.
func NewLogHandler(h slog.Handler, opts ...LogOption) slog.Handler {
	l := &logHandler{Handler: h, base: h}
	for _, o := range opts {
		if o != nil {
			o.apply(l)
		}
	}
	return l
}

// logHandler is Handler with the trace. While a group is open, that is base
// with what was done to it since.
type logHandler struct {
	slog.Handler
	base   slog.Handler // before the first group
	since  []func(slog.Handler) slog.Handler
	keys   []string
	events *slog.Level // nil: none
}

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, line slog.Record) error {
	span := trace.SpanFromContext(ctx)
	if h.events != nil && line.Level >= *h.events && span.IsRecording() {
		span.AddEvent(LogEvent, trace.WithAttributes(
			attribute.String(LogSeverity, line.Level.String()), attribute.String(LogMessage, line.Message)))
	}
	told := h.tell(ctx, span.SpanContext())
	switch {
	case len(told) == 0:
		return h.Handler.Handle(ctx, line)
	case len(h.since) == 0:
		line = line.Clone()
		line.AddAttrs(told...)
		return h.Handler.Handle(ctx, line)
	}
	to := h.base.WithAttrs(told)
	for _, step := range h.since {
		to = step(to)
	}
	return to.Handle(ctx, line)
}

func (h *logHandler) tell(ctx context.Context, sc trace.SpanContext) (told []slog.Attr) {
	if id := sc.TraceID(); id.IsValid() {
		told = append(told, slog.String(LogTraceID, id.String()), slog.String(LogShortID, callgraph.ShortIDOf(id).String()))
	}
	for _, key := range h.keys {
		if value, ok := tracecontext.BaggageValue(ctx, key); ok {
			told = append(told, slog.String(key, value))
		}
	}
	return told
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(func(to slog.Handler) slog.Handler { return to.WithAttrs(attrs) }, len(h.since) > 0)
}

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	return h.with(func(to slog.Handler) slog.Handler { return to.WithGroup(name) }, name != "")
}

func (h *logHandler) with(step func(slog.Handler) slog.Handler, grouped bool) slog.Handler {
	next := *h
	next.Handler = step(h.Handler)
	if grouped {
		next.since = append(h.since[:len(h.since):len(h.since)], step)
	} else {
		next.base = next.Handler
	}
	return &next
}
