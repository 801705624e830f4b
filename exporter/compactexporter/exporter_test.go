package compactexporter

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/internal/pagetest"
	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/client"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

func TestAcknowledgedIsDurable(t *testing.T) {
	p := newPeer(t)
	traces, metrics := started(t, settings(), p.config())
	td := spans(3)
	require.NoError(t, traces.ConsumeTraces(t.Context(), td))
	require.Len(t, p.traces, 1)
	require.Zero(t, spanset.Of(td).Differing(spanset.Of(p.traces[0])))

	md := told("a", 1)
	told("b", 1).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	want, err := edgemetric.DecodeAll(md)
	require.NoError(t, err)
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), md))
	require.ElementsMatch(t, want.Intervals, p.intervals)
	require.EqualValues(t, 1, p.server.Stats().Opened, "both signals share the stream")
}

func TestStreamsTakeTurns(t *testing.T) {
	p := newPeer(t)
	cfg := p.config()
	cfg.Streams = 3
	traces, metrics := started(t, settings(), cfg)
	for range 6 {
		require.NoError(t, traces.ConsumeTraces(t.Context(), spans(1)))
	}
	require.EqualValues(t, 3, p.server.Stats().Opened)
	for number := range int64(2 * storeForgets) {
		require.NoError(t, metrics.ConsumeMetrics(t.Context(), told("a", number+1)))
		require.Equal(t, uint64(number+1), p.intervals[number].Number)
	}
}

// storeForgets is how far behind an interval may come.
const storeForgets = 64

func TestOneInstanceHasOneStream(t *testing.T) {
	cfg := newPeer(t).config()
	cfg.Streams = 8
	s := newSender(settings(), cfg)
	require.NoError(t, s.start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, s.shutdown(context.WithoutCancel(t.Context()))) }()
	used := map[any]bool{}
	for _, instance := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"} {
		require.Same(t, s.streamOf(instance), s.streamOf(instance))
		used[s.streamOf(instance)] = true
	}
	require.Greater(t, len(used), 1)
}

func TestWhatCanNotBeStoredNowComesAgain(t *testing.T) {
	p := newPeer(t)
	p.failsOnce(errFire)
	traces, metrics := started(t, settings(), p.config())
	require.NoError(t, traces.ConsumeTraces(t.Context(), spans(2)))
	p.failsOnce(errFire)
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), told("a", 1)))
	require.EqualValues(t, 2, p.server.Stats().Later)
}

func TestWhatNeverArrivesIsRefusedForGood(t *testing.T) {
	p := newPeer(t)
	traces, metrics := started(t, settings(), p.config())

	td := spans(3)
	large := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1).Attributes()
	for i := range wire.MaxSlots + 1 {
		large.PutEmpty(strconv.Itoa(i))
	}
	err := traces.ConsumeTraces(t.Context(), td)
	require.True(t, consumererror.IsPermanent(err), err)
	require.Equal(t, 2, p.traces[0].SpanCount(), "all others arrive")

	p.failsOnce(server.Permanent(errFire))
	err = traces.ConsumeTraces(t.Context(), spans(1))
	require.True(t, consumererror.IsPermanent(err), err)
	require.ErrorContains(t, err, "disk on fire")

	p.failsOnce(server.Permanent(errFire))
	md := told("a", 1)
	told("b", 1).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	err = metrics.ConsumeMetrics(t.Context(), md)
	require.True(t, consumererror.IsPermanent(err), err)
	require.Len(t, p.intervals, 1, "one keeps no other waiting")
}

// TestWithoutAReceiverItWaits as long as the sender does, and then says why.
func TestWithoutAReceiverItWaits(t *testing.T) {
	cfg := newPeer(t).config()
	cfg.Endpoint = "127.0.0.1:1"
	traces, _ := started(t, settings(), cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := traces.ConsumeTraces(ctx, spans(1))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, consumererror.IsPermanent(err))
	require.NoError(t, traces.ConsumeTraces(t.Context(), spans(0)), "nothing to send")
}

// TestShutdownWithoutAReceiver must end although nothing can be sent, with a
// queue that wants to, or with a sender that waits.
func TestShutdownWithoutAReceiver(t *testing.T) {
	cfg := newPeer(t).config()
	cfg.Endpoint = "127.0.0.1:1"
	cfg.Queue.GetOrInsertDefault()
	f := NewFactory()
	e, err := f.CreateTraces(t.Context(), settings(), cfg)
	require.NoError(t, err)
	e.(tracesExporter).sender.patience = time.Millisecond
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeTraces(t.Context(), spans(1)))
	_ = e.Shutdown(t.Context()) // whether it was patient enough is no matter
	require.NoError(t, e.Shutdown(t.Context()), "twice")
}

func TestLifecycle(t *testing.T) {
	p := newPeer(t)
	cfg := p.config()
	f := NewFactory()
	idle, err := f.CreateTraces(t.Context(), settings(), cfg)
	require.NoError(t, err)
	require.NoError(t, idle.Shutdown(t.Context()), "before start")

	traces, err := f.CreateTraces(t.Context(), settings(), cfg)
	require.NoError(t, err)
	metrics, err := f.CreateMetrics(t.Context(), settings(), cfg)
	require.NoError(t, err)
	require.NoError(t, traces.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, metrics.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, traces.ConsumeTraces(t.Context(), spans(1)))
	require.NoError(t, traces.Shutdown(t.Context()))
	require.NoError(t, traces.Shutdown(t.Context()), "twice")
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), told("a", 1)), "the other signal goes on")
	require.NoError(t, metrics.Shutdown(t.Context()))
	require.Error(t, metrics.ConsumeMetrics(t.Context(), told("a", 2)))
}

func TestOnlyIntervalsOfSDKsTravel(t *testing.T) {
	p := newPeer(t)
	foreign := pmetric.NewMetrics()
	m := foreign.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("go.memory.used")
	m.SetEmptyGauge().DataPoints().AppendEmpty()
	_, metrics := started(t, settings(), p.config())
	err := metrics.ConsumeMetrics(t.Context(), foreign)
	require.True(t, consumererror.IsPermanent(err))
	require.ErrorContains(t, err, `metric "go.memory.used" is no edge metric: this exporter sends jcallgraph.edge.* only`)

	m.SetName(edgemetric.Prefix + "unheard_of")
	require.True(t, consumererror.IsPermanent(metrics.ConsumeMetrics(t.Context(), foreign)))

	both := edgemetric.Encode([]callgraph.Cell{{CellKey: callgraph.CellKey{
		Edge:   callgraph.Edge{Callee: callgraph.Operation{Service: callgraph.Service{Name: "cart"}, Name: "GET /cart"}},
		Bucket: callgraph.Bucket{Start: 1_700_000_000, Width: callgraph.HotWidth}, Writer: callgraph.Writer{ID: 7}, Opened: 1,
	}, Sequence: 1}})
	told("a", 1).ResourceMetrics().MoveAndAppendTo(both.ResourceMetrics())
	require.ErrorContains(t, metrics.ConsumeMetrics(t.Context(), both), errCells.Error())
	require.Len(t, p.intervals, 1)

	cfg := p.config()
	cfg.OtherMetrics = drop
	_, metrics = started(t, settings(), cfg)
	m.SetName("go.memory.used")
	told("a", 2).ResourceMetrics().MoveAndAppendTo(foreign.ResourceMetrics())
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), foreign))
	require.Len(t, p.intervals, 2)
}

func TestForeignTracesGetShortIDs(t *testing.T) {
	p := newPeer(t)
	cfg := p.config()
	cfg.ShortIDs = rewrite
	traces, _ := started(t, settings(), cfg)
	require.NoError(t, traces.ConsumeTraces(t.Context(), spans(1)))
	got := p.traces[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	require.Equal(t, callgraph.BornShort(1_734_093_473_340, 7), [16]byte(got.TraceID()))
}

func TestHeadersTravel(t *testing.T) {
	p := newPeer(t)
	cfg := p.config()
	cfg.Headers.Set("x-tenant", configopaque.String("shop"))
	traces, _ := started(t, settings(), cfg)
	require.NoError(t, traces.ConsumeTraces(t.Context(), spans(1)))
	require.Equal(t, []string{"shop"}, (<-p.header).Get("x-tenant"))
}

func TestItTellsWhatItDid(t *testing.T) {
	p := newPeer(t)
	telemetry := componenttest.NewTelemetry()
	set := settings()
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	traces, metrics := started(t, set, p.config())
	other := set
	other.ID = component.MustNewIDWithName("compact", "other")
	idle, _ := started(t, other, p.config())
	require.NotNil(t, idle)
	p.failsOnce(server.Permanent(errFire))
	require.Error(t, traces.ConsumeTraces(t.Context(), spans(2)))
	require.NoError(t, traces.ConsumeTraces(t.Context(), spans(3)))
	require.NoError(t, metrics.ConsumeMetrics(t.Context(), told("a", 1)))
	for name, want := range map[string]int64{
		"spans": 3, "spans.lost": 2, "intervals": 1, "streams.opened": 1, "streams.connected": 1, "frames": 3, "frames.refused": 0, "unacknowledged": 0,
		"traces.rewritten": 0, "intervals.lost": 0,
	} {
		m, err := telemetry.GetMetric(client.MetricPrefix + name)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{set.ID.String(): want, other.ID.String(): 0}, byExporter(m.Data), name)
	}
	require.NoError(t, telemetry.Shutdown(t.Context()))
}

func byExporter(data metricdata.Aggregation) map[string]int64 {
	var points []metricdata.DataPoint[int64]
	switch d := data.(type) {
	case metricdata.Sum[int64]:
		points = d.DataPoints
	case metricdata.Gauge[int64]:
		points = d.DataPoints
	}
	sums := map[string]int64{}
	for _, p := range points {
		exporter, _ := p.Attributes.Value(keyExporter)
		sums[exporter.AsString()] += p.Value
	}
	return sums
}

func TestQuiet(t *testing.T) {
	var q quiet
	now := time.Unix(1_700_000_000, 0)
	require.True(t, q.over(now))
	require.False(t, q.over(now.Add(tellEvery-1)))
	require.True(t, q.over(now.Add(tellEvery)))
}

func TestManySendersShareAStream(t *testing.T) {
	p := newPeer(t)
	traces, _ := started(t, settings(), p.config())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := traces.ConsumeTraces(t.Context(), spans(5)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, p.server.Stats().Opened)
	require.EqualValues(t, 100, p.server.Stats().Spans)
}

func TestConfig(t *testing.T) {
	cfg := defaultConfig().(*Config)
	require.ErrorIs(t, confmap.Validate(cfg), errNoEndpoint)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"endpoint": "collector:4319", "timeout": "5s", "streams": 2, "short_ids": "rewrite", "max_stream_age": "1h",
		"tls": map[string]any{"insecure": true}, "headers": map[string]any{"a": "b"},
		"sending_queue":    map[string]any{"wait_for_result": true},
		"retry_on_failure": map[string]any{"enabled": true},
	}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, 5*time.Second, cfg.Timeout.Timeout)
	require.True(t, cfg.TLS.Insecure)
	require.True(t, cfg.Queue.Get().WaitForResult)
	require.True(t, cfg.Retry.Enabled)
	require.Equal(t, time.Hour, cfg.MaxStreamAge)

	off := defaultConfig().(*Config)
	require.Zero(t, off.Timeout.Timeout, "the answer decides")
	require.False(t, off.Queue.HasValue(), "acknowledged means durable")
	require.False(t, off.Retry.Enabled)
	require.GreaterOrEqual(t, off.Keepalive.Get().Time, 5*time.Minute, "more often gRPC servers end the stream")

	for want, spoil := range map[string]func(*Config){
		`short_ids: "long" is neither born nor rewrite`:                 func(c *Config) { c.ShortIDs = "long" },
		`streams: 0 must be from 1 to 64`:                               func(c *Config) { c.Streams = 0 },
		`max_stream_age: 5ns must be at least 1s, or below 0 for never`: func(c *Config) { c.MaxStreamAge = 5 },
		`streams: 65 must be from 1 to 64`:                              func(c *Config) { c.Streams = 65 },
		`other_metrics: "keep" is neither refuse nor`:                   func(c *Config) { c.OtherMetrics = "keep" },
		`compression: "zstd" would not make frames`:                     func(c *Config) { c.Compression = "zstd" },
		`missing port`: func(c *Config) { c.Endpoint = "collector" },
	} {
		c := defaultConfig().(*Config)
		c.Endpoint = "collector:4319"
		spoil(c)
		require.ErrorContains(t, confmap.Validate(c), want)
	}
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }

func TestWhatCanNeverConnectDoesNotStart(t *testing.T) {
	c := NewFactory().CreateDefaultConfig().(*Config)
	c.Endpoint = "127.0.0.1:1"
	c.TLS.CAFile = "testdata/missing.pem"
	e, err := NewFactory().CreateTraces(t.Context(), settings(), c)
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(t.Context(), componenttest.NewNopHost()), "connect to 127.0.0.1:1: ")
	require.NoError(t, e.Shutdown(t.Context()))
}
