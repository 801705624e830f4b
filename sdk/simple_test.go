package sdk

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// waiter is an exporter that waits for its receiver, as exporter/compact's does.
type waiter struct{ sdktrace.SpanExporter }

func (waiter) ExportSpans(ctx context.Context, _ []sdktrace.ReadOnlySpan) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Hour):
		return nil
	}
}

func (waiter) Shutdown(context.Context) error { return nil }

// TestSpansDoNotWaitForEverWhereEachIsExportedAtItsEnd: the application waits with them.
func TestSpansDoNotWaitForEverWhereEachIsExportedAtItsEnd(t *testing.T) {
	u := setup{setting: setting.Setting{Senders: []setting.Sender{{Exporter: setting.Exporter{Kind: setting.Compact, Endpoint: "http://localhost:1"}, Immediate: true}}}}
	require.NoError(t, u.makeSenders(t.Context()))
	require.NoError(t, u.discard(t.Context()))
	of := u.options.exporters[0]
	of.plain = waiter{}
	for which, stock := range map[string]bool{"jcallgraph": false, "stock": true} {
		t.Run(which, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := setup{setting: setting.Setting{Stock: stock}, options: optionsOf(&setting.Setting{})}
				u.options.exporters = []exporterOption{of}
				p, shutdown := u.provider()
				began := time.Now()
				_, span := p.Tracer("test").Start(t.Context(), "GET /", trace.WithSpanKind(trace.SpanKindServer))
				span.End()
				require.Equal(t, defaultBatching.Timeout, time.Since(began))
				require.NoError(t, shutdown(t.Context()))
			})
		})
	}
}
