package sdk_test

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sdk"
)

// plain is a handler whose lines have no time.
func plain(to *bytes.Buffer) slog.Handler {
	return slog.NewTextHandler(to, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
}

func TestLogLinesNameTheirChain(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(sdk.NewLogHandler(plain(&out), sdk.LogChainKeys("order.number")))
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0: 1, 8: 0xca, 9: 0xfe, 10: 0xba, 11: 0xbe}, SpanID: trace.SpanID{1},
	}))
	const chain = "trace_id=0100000000000000cafebabe00000000 short_id=cafebabe"
	ordered := baggage.ContextWithBaggage(ctx, bag(t, "order.number", "7"))
	for _, c := range []struct {
		ctx    context.Context
		logger *slog.Logger
		want   string
	}{
		{t.Context(), logger, "level=INFO msg=line a=1\n"},
		{ctx, logger, "level=INFO msg=line a=1 " + chain + "\n"},
		{ordered, logger, "level=INFO msg=line a=1 " + chain + " order.number=7\n"},
		{ctx, logger.With("b", 2), "level=INFO msg=line b=2 a=1 " + chain + "\n"},
		{ctx, logger.With("b", 2).WithGroup("g").With("c", 3), "level=INFO msg=line b=2 " + chain + " g.c=3 g.a=1\n"},
		{t.Context(), logger.WithGroup("g").WithGroup(""), "level=INFO msg=line g.a=1\n"},
	} {
		out.Reset()
		c.logger.InfoContext(c.ctx, "line", "a", 1)
		require.Equal(t, c.want, out.String())
	}
}

func TestSetupSetsTheLog(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(os.Stderr)
		log.SetFlags(log.LstdFlags)
	})
	var out bytes.Buffer
	kept := tracetest.NewInMemoryExporter()
	alone(t, "JCG_CHAIN_KEYS", "order.number")
	defer setUp(t, sdk.WithSyncer(kept), sdk.WithLog(plain(&out), sdk.LogEvents(slog.LevelWarn)))()
	ctx, span := otel.Tracer("test").Start(baggage.ContextWithBaggage(t.Context(), bag(t, "order.number", "7")), "span")
	slog.InfoContext(ctx, "fine")
	slog.WarnContext(ctx, "not so fine")
	span.End()
	slog.WarnContext(ctx, "too late for the span")
	require.Contains(t, out.String(), "msg=fine trace_id="+span.SpanContext().TraceID().String())
	require.Contains(t, out.String(), "order.number=7")
	events := kept.GetSpans()[0].Events
	require.Len(t, events, 1)
	require.Equal(t, sdk.LogEvent, events[0].Name)
	require.Equal(t, []attribute.KeyValue{attribute.String("log.severity", "WARN"), attribute.String("log.message", "not so fine")}, events[0].Attributes)
}
