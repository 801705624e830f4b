package compact_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/wire/client"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

func someSpans(n int) []sdktrace.ReadOnlySpan {
	var stubs tracetest.SpanStubs
	for i := range n {
		stubs = append(stubs, plain(func(s *tracetest.SpanStub) { s.SpanContext = contextOf(byte(i+1), 1, false, "") }))
	}
	return stubs.Snapshots()
}

func someCalls(number uint64) callgraph.Interval {
	call := callgraph.Cell{ServerOnly: 1}
	call.Server.Add(time.Second, 1)
	return callgraph.Interval{Instance: "cart@1", Number: number, Cells: []callgraph.Cell{call}}
}

func TestSpansAndCountsShareAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector()
		defer c.cut(t)
		e := c.exporter(t)
		spans := someSpans(20)
		require.NoError(t, e.ExportSpans(t.Context(), spans))
		require.NoError(t, e.ExportInterval(t.Context(), someCalls(7)))
		require.NoError(t, e.ExportSpans(t.Context(), nil))
		require.Zero(t, spanset.Of(c.all()).Differing(spanset.Of(travels(t, spans))))
		require.EqualValues(t, 7, c.intervals[7].Number)
		require.EqualValues(t, 1, c.server.Stats().Opened)
		require.EqualValues(t, 20, e.Stats().Spans)
		require.NoError(t, e.Shutdown(t.Context()))
		require.NoError(t, e.Shutdown(t.Context()))
		require.Error(t, e.ExportSpans(t.Context(), spans))
	})
}

// TestRewrittenIDs: one that was not born short is, and keeps its short ID.
func TestRewrittenIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector()
		defer c.cut(t)
		e := c.exporter(t, compact.WithShortIDs(compact.Rewrite))
		require.NoError(t, e.ExportSpans(t.Context(), someSpans(2)))
		span := c.all().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		require.True(t, callgraph.IsBornShort(span.TraceID()))
		require.Equal(t, callgraph.ShortIDOf(traceID), callgraph.ShortIDOf(span.TraceID()))
		require.NoError(t, e.Shutdown(t.Context()))
	})
	require.Equal(t, []string{"born", "rewrite"}, []string{compact.Born.String(), compact.Rewrite.String()})
}

func TestWhatIsLostIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector()
		defer c.cut(t)
		e := c.exporter(t)
		c.answer = func() error { return server.Permanent(errors.New("disk is read-only")) }
		err := e.ExportSpans(t.Context(), someSpans(3))
		require.ErrorContains(t, err, "compact to http://127.0.0.1:4319: ")
		require.ErrorContains(t, err, "disk is read-only")
		require.True(t, compact.Refused(err))
		var lost *compact.LostError
		require.ErrorAs(t, err, &lost)
		require.Equal(t, 3, lost.Lost())
		err = e.ExportInterval(t.Context(), someCalls(1))
		require.True(t, compact.Refused(err), "%v", err)
		require.EqualValues(t, 3, e.Stats().Rejected)
		require.EqualValues(t, 1, e.Stats().RejectedIntervals)
		require.False(t, compact.Refused(context.Canceled))
		require.NoError(t, e.Shutdown(t.Context()))
	})
}

func TestWithoutACollectorSpansWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector()
		defer c.cut(t)
		c.cut(t)
		var told []string
		e := c.exporter(t, compact.WithReport(func(err error) { told = append(told, err.Error()) }))
		exported := make(chan error, 1)
		go func() { exported <- e.ExportSpans(context.Background(), someSpans(3)) }()
		time.Sleep(90 * time.Second)
		synctest.Wait()
		require.Len(t, told, 2)
		require.Contains(t, told[0], "cannot reach http://127.0.0.1:4319: spans wait: ")
		c.open()
		require.NoError(t, <-exported)
		require.Equal(t, 3, c.stored(t))
		require.NoError(t, e.Shutdown(t.Context()))
	})
}

func TestAnExportEndsWithItsContextAndWithShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector()
		defer c.cut(t)
		c.cut(t)
		e := c.exporter(t, compact.WithReport(func(error) {}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, e.ExportSpans(ctx, someSpans(3)), context.DeadlineExceeded)
		exported := make(chan error, 1)
		go func() { exported <- e.ExportSpans(context.Background(), someSpans(3)) }()
		synctest.Wait()
		began := time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		require.ErrorIs(t, e.Shutdown(ctx), context.DeadlineExceeded)
		require.Equal(t, 2*time.Second, time.Since(began))
		require.Error(t, <-exported)
	})
}

// fed is a provider whose spans and counts leave by the exporter.
type fed interface {
	trace.TracerProvider
	ForceFlush(context.Context) error
	Shutdown(context.Context) error
}

// TestNothingIsLostAndNothingComesTwice cuts the connections, and restarts the
// collector, at any moment: before, while and after it stores something.
func TestNothingIsLostAndNothingComesTwice(t *testing.T) {
	ours := func(e *compact.Exporter) fed {
		return sdk.NewTracerProvider(sdk.WithExporter(e, sdk.Batching{Batch: 16, Borrows: true, Timeout: -1}), sdk.WithIntervalExporter(e))
	}
	stock := func(e *compact.Exporter) fed {
		return sdktrace.NewTracerProvider(sdktrace.WithBatcher(e, sdktrace.WithExportTimeout(0), sdktrace.WithMaxQueueSize(1<<16), sdktrace.WithMaxExportBatchSize(16)))
	}
	for name, c := range map[string]struct {
		provider func(*compact.Exporter) fed
		restarts bool
		calls    bool
	}{
		"our SDK, cut":           {ours, false, true},
		"our SDK, restarts":      {ours, true, true},
		"OTel's SDK, cut":        {stock, false, false},
		"OTel's SDK, restarting": {stock, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const traces = 3000
				random := rand.New(rand.NewPCG(1, 2))
				var mu sync.Mutex
				draw := func(n int) int {
					mu.Lock()
					defer mu.Unlock()
					return random.IntN(n)
				}
				while := func() { time.Sleep(time.Duration(draw(30)) * time.Millisecond) }
				at := newCollector()
				defer at.cut(t)
				at.before, at.after = while, while
				at.answer = func() error {
					if draw(20) == 0 {
						return errors.New("not now")
					}
					return nil
				}
				e := at.exporter(t, compact.WithReport(func(error) {}))
				p := c.provider(e)
				for i := range traces {
					work(p.Tracer("shop"))
					while()
					if i%100 == 50 {
						at.cut(t)
						if c.restarts {
							at.restart()
						}
						while()
						at.open()
					}
				}
				require.NoError(t, p.Shutdown(t.Context()))
				require.Equal(t, 2*traces, at.stored(t))
				require.Greater(t, e.Stats().Streams, uint64(8))
				require.Positive(t, e.Stats().Later)
				if c.restarts {
					require.Positive(t, e.Stats().Resent)
				}
				if c.calls {
					require.EqualValues(t, traces, at.calls())
				}
			})
		})
	}
}

// work is a call that is served.
func work(t trace.Tracer) {
	ctx, outer := t.Start(context.Background(), "GET /cart", trace.WithSpanKind(trace.SpanKindServer))
	_, inner := t.Start(ctx, "price")
	inner.SetStatus(codes.Error, "no price")
	inner.End()
	outer.End()
}

// TestShutdownOfASharedExporter ends the stream once spans and counts have left.
func TestShutdownOfASharedExporter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector()
		defer c.cut(t)
		e := c.exporter(t)
		c.before = func() { time.Sleep(time.Second) }
		p := sdk.NewTracerProvider(sdk.WithExporter(e, sdk.Batching{Batch: 1, Borrows: true, Timeout: -1}), sdk.WithIntervalExporter(e))
		for range 5 {
			work(p.Tracer("shop"))
		}
		require.NoError(t, p.Shutdown(t.Context()))
		require.Equal(t, 10, c.stored(t))
		require.EqualValues(t, 5, c.calls())
		require.Error(t, e.ExportSpans(t.Context(), someSpans(1)), "it is shut down")
	})
}

// TestQueuesFillWithoutACollector: the newest are dropped and counted, the rest
// arrives.
func TestQueuesFillWithoutACollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector()
		defer c.cut(t)
		c.cut(t)
		e := c.exporter(t, compact.WithReport(func(error) {}))
		p := sdk.NewTracerProvider(sdk.WithExporter(e, sdk.Batching{Queue: 32, Batch: 8, Borrows: true, Timeout: -1}))
		for range 100 {
			_, span := p.Tracer("shop").Start(t.Context(), "span")
			span.End()
			time.Sleep(time.Second)
		}
		c.open()
		require.NoError(t, p.ForceFlush(t.Context()))
		dropped := p.Status().Spans.Dropped
		require.Positive(t, dropped.QueueOthers)
		require.Equal(t, sdk.DroppedSpan{QueueOthers: dropped.QueueOthers}, dropped)
		require.EqualValues(t, 100-dropped.QueueOthers, c.stored(t))
		require.NoError(t, p.Shutdown(t.Context()))
	})
}

// TestOtherReceivers: whoever listens there instead, the error says what to do.
func TestOtherReceivers(t *testing.T) {
	other := newOTLP(t)
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	for name, c := range map[string]struct{ url, want string }{
		"OTLP over gRPC": {other.url, "does not take the compact format: give the collector the compact receiver at this endpoint (port 4319), or send it OTLP (SDKs: OTEL_TRACES_EXPORTER=otlp; collectors: exporter otlp)"},
		"a web server":   {web.URL, "cannot reach " + web.URL + ": spans wait: "},
		"nobody":         {"http://127.0.0.1:1", "connection refused"},
		"no TLS":         {"https://" + other.url[len("http://"):], "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			told := make(chan error, 1)
			e, err := compact.New(compact.WithEndpoint(c.url), compact.WithReport(func(err error) { told <- err }))
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			exported := make(chan error, 1)
			go func() { exported <- e.ExportSpans(ctx, someSpans(1)) }()
			require.ErrorContains(t, <-told, c.want)
			cancel()
			require.ErrorIs(t, <-exported, context.Canceled)
			require.NoError(t, e.Shutdown(t.Context()))
		})
	}
}

// TestItTellsWhatItDid by OTel's metrics, until it is shut down.
func TestItTellsWhatItDid(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	synctest.Test(t, func(t *testing.T) {
		c := newCollector()
		defer c.cut(t)
		e := c.exporter(t, compact.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
		require.NoError(t, e.ExportSpans(t.Context(), someSpans(2)))
		got := collect(t, reader)
		require.EqualValues(t, 2, got["spans"])
		require.EqualValues(t, 1, got["streams.connected"])
		require.Positive(t, got["bytes"])
		require.Contains(t, got, "frames.refused")
		require.NoError(t, e.Shutdown(t.Context()))
		require.Empty(t, collect(t, reader))
	})
}

func collect(t *testing.T, reader sdkmetric.Reader) map[string]int64 {
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	got := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			name := strings.TrimPrefix(m.Name, client.MetricPrefix)
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					got[name] += p.Value
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					got[name] += p.Value
				}
			}
		}
	}
	return got
}
