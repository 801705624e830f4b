package compactexporter

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// peer is a collector with a compact receiver.
type peer struct {
	address string
	server  *server.Server
	grpc    *grpc.Server
	header  chan metadata.MD // of each stream

	mu        sync.Mutex
	fail      func() error // what storing fails with
	traces    []ptrace.Traces
	intervals []callgraph.Interval
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &peer{address: l.Addr().String(), header: make(chan metadata.MD, 100), fail: func() error { return nil }}
	p.server = server.New(p, server.Options{Wait: 1})
	p.grpc = grpc.NewServer(grpc.StreamInterceptor(p.remember))
	p.server.Register(p.grpc)
	served := make(chan error, 1)
	go func() { served <- p.grpc.Serve(l) }()
	t.Cleanup(func() {
		p.server.Drain()
		p.grpc.Stop()
		if err := <-served; !errors.Is(err, grpc.ErrServerStopped) { // before it served anyone
			require.NoError(t, err)
		}
	})
	return p
}

func (p *peer) remember(of any, s grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	md, _ := metadata.FromIncomingContext(s.Context())
	p.header <- md
	return next(of, s)
}

// Traces implements server.Sink.
func (p *peer) Traces(_ context.Context, td ptrace.Traces) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.fail()
	if err == nil {
		p.traces = append(p.traces, td)
	}
	return err
}

// Interval implements server.Sink.
func (p *peer) Interval(_ context.Context, i callgraph.Interval) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.fail()
	if err == nil {
		p.intervals = append(p.intervals, i)
	}
	return err
}

// failsOnce makes storing fail the next time.
func (p *peer) failsOnce(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = func() error {
		p.fail = func() error { return nil }
		return err
	}
}

func (p *peer) config() *Config {
	cfg := defaultConfig().(*Config)
	cfg.Endpoint = p.address
	cfg.TLS.Insecure = true
	return cfg
}

func settings() exporter.Settings { return exportertest.NewNopSettings(NewFactory().Type()) }

// started are both exporters of one configuration.
func started(t *testing.T, set exporter.Settings, cfg *Config) (exporter.Traces, exporter.Metrics) {
	t.Helper()
	f := NewFactory()
	traces, err := f.CreateTraces(t.Context(), set, cfg)
	require.NoError(t, err)
	metrics, err := f.CreateMetrics(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, traces.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, metrics.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		require.NoError(t, traces.Shutdown(ctx))
		require.NoError(t, metrics.Shutdown(ctx))
	})
	return traces, metrics
}

// spans are n of one trace.
func spans(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := list.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{0: 0xba, 11: 7})
		s.SetSpanID(pcommon.SpanID{7: byte(i + 1)})
		s.SetStartTimestamp(1_734_093_473_340_000_000)
	}
	return td
}

// told is the request of an SDK: one interval that counts calls.
func told(instance string, number int64) pmetric.Metrics {
	cell := callgraph.Cell{CellKey: callgraph.CellKey{
		Edge:   callgraph.Edge{Caller: callgraph.Operation{Node: callgraph.Outside}, Callee: callgraph.Operation{Service: callgraph.Service{Name: "cart"}, Name: "GET /cart"}},
		Bucket: callgraph.Bucket{Start: 1_700_000_000, Width: callgraph.HotWidth},
	}, ServerOnly: 3}
	cell.Server.Add(1_000_000, 3)
	md := edgemetric.Encode([]callgraph.Cell{cell})
	rm := md.ResourceMetrics().At(0)
	rm.Resource().Attributes().PutStr(edgemetric.AttributeSource, callgraph.Counted.String())
	rm.Resource().Attributes().PutStr(edgemetric.AttributeInstance, instance)
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

var errFire = errors.New("disk on fire")
