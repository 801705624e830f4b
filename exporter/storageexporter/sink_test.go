package storageexporter

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/internal/pagetest"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// backends is an extension that has one backend, local.
type backends struct {
	component.StartFunc
	component.ShutdownFunc
	local storage.Backend
}

func (b *backends) Backend(name string) (storage.Backend, error) {
	if name != "local" {
		return nil, fmt.Errorf("no backend %q: there is local", name)
	}
	return b.local, nil
}

// host has the extensions that a test gives it.
type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

func hostOf(b storage.Backend) host {
	return host{component.MustNewID("call_graph_storage"): &backends{local: b}}
}

// failing is a backend that takes nothing.
type failing struct {
	storage.Backend
	err error
}

func (f failing) WriteSpans(context.Context, ptrace.Traces) (bool, error) {
	return false, f.err
}

func (f failing) WriteCells(context.Context, []callgraph.Cell) error { return f.err }

func (f failing) WriteInterval(context.Context, callgraph.Interval) (bool, error) {
	return false, f.err
}

func inMemory(t *testing.T) storage.Backend {
	t.Helper()
	b, err := memory.Open(memory.Options{})
	require.NoError(t, err)
	return b
}

func localConfig() *Config {
	cfg := defaultConfig().(*Config)
	cfg.Backend = "local"
	return cfg
}

func settings() exporter.Settings { return exportertest.NewNopSettings(NewFactory().Type()) }

func startTraces(t *testing.T, set exporter.Settings, b storage.Backend) exporter.Traces {
	t.Helper()
	e, err := NewFactory().CreateTraces(t.Context(), set, localConfig())
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), hostOf(b)))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e
}

func startMetrics(t *testing.T, b storage.Backend) exporter.Metrics {
	t.Helper()
	return startMetricsOf(t, b, localConfig())
}

func startMetricsOf(t *testing.T, b storage.Backend, cfg *Config) exporter.Metrics {
	t.Helper()
	e, err := NewFactory().CreateMetrics(t.Context(), settings(), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), hostOf(b)))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e
}

// spans has one good span, two without a trace ID, and one without a span ID.
func spans() ptrace.Traces {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, id := range []struct {
		trace pcommon.TraceID
		span  pcommon.SpanID
	}{
		{pcommon.TraceID{1}, pcommon.SpanID{1}},
		{pcommon.TraceID{}, pcommon.SpanID{1}},
		{pcommon.TraceID{}, pcommon.SpanID{2}},
		{pcommon.TraceID{1}, pcommon.SpanID{}},
	} {
		s := list.AppendEmpty()
		s.SetTraceID(id.trace)
		s.SetSpanID(id.span)
	}
	return td
}

func TestAcknowledgedSpansCanBeRead(t *testing.T) {
	b := inMemory(t)
	e := startTraces(t, settings(), b)
	require.NoError(t, e.ConsumeTraces(t.Context(), spans()))
	td, err := b.Trace(t.Context(), pcommon.TraceID{1})
	require.NoError(t, err)
	require.Equal(t, 1, td.SpanCount())
}

func TestFailedWritesAreRetryable(t *testing.T) {
	for _, cause := range []error{storage.ErrFull, storage.ErrClosed, context.DeadlineExceeded, errors.New("disk on fire")} {
		err := startTraces(t, settings(), failing{err: cause}).ConsumeTraces(t.Context(), spans())
		require.ErrorIs(t, err, cause)
		require.False(t, consumererror.IsPermanent(err))
	}
}

func TestEdgeMetricsBecomeCells(t *testing.T) {
	b := inMemory(t)
	e := startMetrics(t, b)
	cell := callgraph.Cell{CellKey: callgraph.CellKey{
		Edge: callgraph.Edge{
			Caller: callgraph.Operation{Service: callgraph.Service{Name: "web"}, Name: "GET /"},
			Callee: callgraph.Operation{Service: callgraph.Service{Name: "cart"}, Name: "GET /cart"},
		},
		Bucket: callgraph.BucketAt(time.Unix(1700000000, 0), callgraph.HotWidth),
		Writer: callgraph.Writer{ID: 7}, Opened: 1700000001,
	}, Sequence: 5}
	cell.Client.Add(time.Millisecond, 3)
	require.NoError(t, e.ConsumeMetrics(t.Context(), edgemetric.Encode([]callgraph.Cell{cell})))

	var got []callgraph.Cell
	require.NoError(t, b.Cells(t.Context(), cell.Bucket.Window(), func(cs []callgraph.Cell) error {
		got = append(got, cs...)
		return nil
	}))
	require.Equal(t, []callgraph.Cell{cell}, got)

	full := startMetrics(t, failing{err: storage.ErrFull})
	err := full.ConsumeMetrics(t.Context(), edgemetric.Encode([]callgraph.Cell{cell}))
	require.ErrorIs(t, err, storage.ErrFull)
	require.False(t, consumererror.IsPermanent(err))
}

func TestOtherMetricsAreRefusedForGood(t *testing.T) {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("http.server.request.duration")
	err := startMetrics(t, inMemory(t)).ConsumeMetrics(t.Context(), md)
	require.True(t, consumererror.IsPermanent(err))
	require.ErrorContains(t, err, `metric "http.server.request.duration" is no edge metric: this exporter stores jcallgraph.edge.* only`)

	m.SetName(edgemetric.Prefix + "unheard_of")
	require.True(t, consumererror.IsPermanent(startMetrics(t, inMemory(t)).ConsumeMetrics(t.Context(), md)))
}

// toldBySDK is the request of an SDK: one interval that counts n calls.
func toldBySDK(number int64, n uint64) pmetric.Metrics {
	cell := callgraph.Cell{CellKey: callgraph.CellKey{
		Edge:   callgraph.Edge{Caller: callgraph.Operation{Node: callgraph.Outside}, Callee: callgraph.Operation{Service: callgraph.Service{Name: "cart"}, Name: "GET /cart"}},
		Bucket: callgraph.BucketAt(time.Unix(1700000000, 0), callgraph.HotWidth),
	}, ServerOnly: n}
	cell.Server.Add(time.Millisecond, n)
	md := edgemetric.Encode([]callgraph.Cell{cell})
	rm := md.ResourceMetrics().At(0)
	rm.Resource().Attributes().PutStr(edgemetric.AttributeSource, callgraph.Counted.String())
	rm.Resource().Attributes().PutStr(edgemetric.AttributeInstance, "a")
	rm.ScopeMetrics().At(0).Scope().Attributes().PutInt(edgemetric.AttributeInterval, number)
	for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
		if m.Type() == pmetric.MetricTypeSum {
			m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			m.Sum().DataPoints().At(0).Attributes().Remove(edgemetric.AttributeOpened)
			continue
		}
		m.ExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		m.ExponentialHistogram().DataPoints().At(0).Attributes().Remove(edgemetric.AttributeOpened)
	}
	return md
}

func callsIn(t *testing.T, b storage.Backend) (n uint64) {
	t.Helper()
	w := callgraph.Window{From: time.Unix(0, 0), To: time.Now()}
	require.NoError(t, b.Cells(t.Context(), w, func(cells []callgraph.Cell) error {
		for i := range cells {
			n += cells[i].Calls()
		}
		return nil
	}))
	return n
}

func TestIntervalsAreAddedOnce(t *testing.T) {
	b := inMemory(t)
	e := startMetrics(t, b)
	for range 2 {
		require.NoError(t, e.ConsumeMetrics(t.Context(), toldBySDK(1, 3)))
	}
	both := toldBySDK(2, 4)
	toldBySDK(3, 5).ResourceMetrics().MoveAndAppendTo(both.ResourceMetrics())
	require.NoError(t, e.ConsumeMetrics(t.Context(), both))
	require.EqualValues(t, 12, callsIn(t, b))

	err := startMetrics(t, failing{err: storage.ErrFull}).ConsumeMetrics(t.Context(), toldBySDK(1, 3))
	require.ErrorIs(t, err, storage.ErrFull)
	require.False(t, consumererror.IsPermanent(err))
}

func TestAForgottenIntervalIsRefusedForGoodAndKeepsNoneWaiting(t *testing.T) {
	b := inMemory(t)
	e := startMetrics(t, b)
	require.NoError(t, e.ConsumeMetrics(t.Context(), toldBySDK(1000, 1)))
	md := toldBySDK(1, 10)
	toldBySDK(1001, 100).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
	err := e.ConsumeMetrics(t.Context(), md)
	require.True(t, consumererror.IsPermanent(err))
	require.ErrorIs(t, err, storage.ErrForgotten)
	require.EqualValues(t, 101, callsIn(t, b))
}

func TestOtherMetricsAreDroppedByLeave(t *testing.T) {
	b, cfg := inMemory(t), localConfig()
	cfg.OtherMetrics = drop
	md := toldBySDK(1, 3)
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("go.memory.used")
	m.SetEmptyGauge().DataPoints().AppendEmpty()
	require.NoError(t, startMetricsOf(t, b, cfg).ConsumeMetrics(t.Context(), md))
	require.EqualValues(t, 3, callsIn(t, b))
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	for want, c := range map[string]struct {
		backend string
		host    host
	}{
		`storage: there is no extension "call_graph_storage"; add it to service::extensions`: {"local", host{}},
		`storage: extension "call_graph_storage" keeps no backends`: {"local", host{
			component.MustNewID("call_graph_storage"): struct{ component.Component }{},
		}},
		`backend: no backend "other": there is local`: {"other", hostOf(inMemory(t))},
	} {
		cfg := localConfig()
		cfg.Backend = c.backend
		e, err := NewFactory().CreateTraces(t.Context(), settings(), cfg)
		require.NoError(t, err)
		require.ErrorContains(t, e.Start(t.Context(), c.host), want)
		require.NoError(t, e.Shutdown(t.Context()))
	}
}

func TestConfig(t *testing.T) {
	cfg := defaultConfig().(*Config)
	require.ErrorIs(t, confmap.Validate(cfg), errNoBackend)
	require.ErrorContains(t, confmap.Validate(&Config{Backend: "local", OtherMetrics: "keep"}), `other_metrics: "keep" is neither refuse nor drop`)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"backend": "local", "timeout": "5s",
		"sending_queue":    map[string]any{"wait_for_result": true},
		"retry_on_failure": map[string]any{"enabled": true},
	}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, 5*time.Second, cfg.Timeout.Timeout)
	require.True(t, cfg.Queue.Get().WaitForResult)
	require.True(t, cfg.Retry.Enabled)

	off := localConfig()
	require.False(t, off.Queue.HasValue(), "acknowledged means durable")
	require.False(t, off.Retry.Enabled)
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
