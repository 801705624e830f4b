package callgraphconnector

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// request is one trace that ended now: web is called from outside and calls cart.
func request(n uint64) ptrace.Traces {
	td := ptrace.NewTraces()
	addSpan(td, n, "web", ptrace.SpanKindServer, 1, 0)
	addSpan(td, n, "web", ptrace.SpanKindClient, 2, 1)
	addSpan(td, n, "cart", ptrace.SpanKindServer, 3, 2)
	td.MarkReadOnly()
	return td
}

func addSpan(td ptrace.Traces, trace uint64, service string, kind ptrace.SpanKind, id, parent byte) {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	var t pcommon.TraceID
	binary.BigEndian.PutUint64(t[8:], trace+1)
	s.SetTraceID(t)
	s.SetSpanID(pcommon.SpanID{7: id})
	s.SetParentSpanID(pcommon.SpanID{7: parent})
	s.SetKind(kind)
	s.SetName("GET /" + service)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-10 * time.Millisecond)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
}

// host has one extension: a store.
type host struct {
	component.Host
	backend storage.Backend
}

var storageID = component.MustNewID("call_graph_storage")

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{
		storageID:                     extension{backend: h.backend},
		component.MustNewID("zpages"): componentOnly{},
	}
}

type componentOnly struct {
	component.StartFunc
	component.ShutdownFunc
}

type extension struct {
	componentOnly
	backend storage.Backend
}

func (e extension) Backend(name string) (storage.Backend, error) {
	if name != "local" {
		return nil, errors.New("there is no backend " + name + "; there are: local")
	}
	return e.backend, nil
}

func newTestConnector(t testing.TB, cfg *Config, next consumer.Metrics) connector.Traces {
	t.Helper()
	require.NoError(t, cfg.Validate())
	set := connectortest.NewNopSettings(component.MustNewType("call_graph"))
	set.ID = component.MustNewID("call_graph") // not a random one: the writer's ID depends on it
	c, err := NewFactory().CreateTracesToMetrics(t.Context(), set, cfg, next)
	require.NoError(t, err)
	return c
}

func cellsOf(t testing.TB, sink *consumertest.MetricsSink) (newest map[callgraph.CellKey]callgraph.Cell) {
	newest = map[callgraph.CellKey]callgraph.Cell{}
	for _, md := range sink.AllMetrics() {
		cells, err := edgemetric.Decode(md)
		require.NoError(t, err)
		for _, c := range cells {
			if newest[c.CellKey].Sequence < c.Sequence {
				newest[c.CellKey] = c
			}
		}
	}
	return newest
}

func callsOf(cells map[callgraph.CellKey]callgraph.Cell) map[string]uint64 {
	calls := map[string]uint64{}
	for k, c := range cells {
		calls[k.Edge.Caller.Service.Name+" -> "+k.Edge.Callee.Service.Name] += c.Calls()
	}
	return calls
}

func TestTracesBecomeEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.MetricsSink)
		c := newTestConnector(t, &Config{}, sink)
		require.False(t, c.Capabilities().MutatesData)
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		for n := range uint64(5) {
			require.NoError(t, c.ConsumeTraces(t.Context(), request(n)))
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Equal(t, map[string]uint64{" -> web": 5, "web -> cart": 5}, callsOf(cellsOf(t, sink)))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for _, cell := range cellsOf(t, sink) {
			require.NotZero(t, cell.Closed, "the bucket was quiet")
		}
		require.NoError(t, c.Shutdown(t.Context()))
	})
}

func TestShutdownSendsOnWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.MetricsSink)
		c := newTestConnector(t, &Config{FlushInterval: 10 * time.Second}, sink)
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		require.NoError(t, c.ConsumeTraces(t.Context(), request(1)))
		time.Sleep(2 * time.Second)
		require.NoError(t, c.Shutdown(t.Context()))
		require.Equal(t, map[string]uint64{" -> web": 1, "web -> cart": 1}, callsOf(cellsOf(t, sink)))
		require.NoError(t, c.Shutdown(t.Context()), "twice is safe")
	})
}

func TestShutdownBeforeStart(t *testing.T) {
	require.NoError(t, newTestConnector(t, &Config{}, consumertest.NewNop()).Shutdown(t.Context()))
}

// slow takes longer than the time that Shutdown has.
type slow struct{ consumertest.MetricsSink }

func (*slow) ConsumeMetrics(ctx context.Context, _ pmetric.Metrics) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestShutdownWaitsNoLongerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestConnector(t, &Config{}, &slow{})
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		require.NoError(t, c.ConsumeTraces(t.Context(), request(1)))
		time.Sleep(3 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, c.Shutdown(ctx), context.DeadlineExceeded)
	})
}

// faulty fails while it is told to.
type faulty struct {
	consumertest.MetricsSink
	fails atomic.Bool
}

func (f *faulty) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if f.fails.Load() {
		return errors.New("store is full")
	}
	return f.MetricsSink.ConsumeMetrics(ctx, md)
}

func TestWhatFailedIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := new(faulty)
		next.fails.Store(true)
		c := newTestConnector(t, &Config{}, next)
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		require.NoError(t, c.ConsumeTraces(t.Context(), request(1)), "a request never fails")
		time.Sleep(5 * time.Minute)
		require.Empty(t, next.AllMetrics())
		next.fails.Store(false)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, map[string]uint64{" -> web": 1, "web -> cart": 1}, callsOf(cellsOf(t, &next.MetricsSink)))
		require.NoError(t, c.Shutdown(t.Context()))
	})
}

func TestStartNamesWhatIsMissing(t *testing.T) {
	for want, cfg := range map[string]*Config{
		`storage: there is no extension "other"`:                {Storage: component.MustNewID("other"), Backend: "local"},
		`storage: extension "zpages" keeps no`:                  {Storage: component.MustNewID("zpages"), Backend: "local"},
		"backend: there is no backend remote; there are: local": {Storage: storageID, Backend: "remote"},
	} {
		c := newTestConnector(t, cfg, consumertest.NewNop())
		require.ErrorContains(t, c.Start(t.Context(), host{}), want)
		require.NoError(t, c.Shutdown(t.Context()))
	}
}

// stored writes edges to a backend, as the storage exporter does.
func stored(t *testing.T, b storage.Backend) consumer.Metrics {
	c, err := consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
		cells, err := edgemetric.Decode(md)
		if err != nil {
			return err
		}
		return b.WriteCells(ctx, cells)
	})
	require.NoError(t, err)
	return c
}

func storedCells(t *testing.T, b storage.Backend) map[callgraph.CellKey]callgraph.Cell {
	all := map[callgraph.CellKey]callgraph.Cell{}
	_, err := b.Changes(t.Context(), "", func(cells []callgraph.Cell) error {
		for _, c := range cells {
			all[c.CellKey] = c
		}
		return nil
	})
	require.NoError(t, err)
	return all
}

func TestACrashChangesNoCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := memory.Open(memory.Options{})
		require.NoError(t, err)
		cfg := &Config{Storage: storageID, Backend: "local"}
		var n uint64
		for range 12 {
			c := newTestConnector(t, cfg, stored(t, b))
			require.NoError(t, c.Start(t.Context(), host{backend: b}))
			for range 13 {
				td := request(n)
				_, err := b.WriteSpans(t.Context(), td)
				require.NoError(t, err)
				require.NoError(t, c.ConsumeTraces(t.Context(), td))
				n++
				time.Sleep(time.Duration(n%7) * 1700 * time.Millisecond)
			}
			crash(c)
		}
		c := newTestConnector(t, cfg, stored(t, b))
		require.NoError(t, c.Start(t.Context(), host{backend: b}))
		time.Sleep(5 * time.Minute)
		require.NoError(t, c.Shutdown(t.Context()))
		cells := storedCells(t, b)
		require.Equal(t, map[string]uint64{" -> web": n, "web -> cart": n}, callsOf(cells))
		for _, cell := range cells {
			require.Equal(t, b.WriterID(), cell.Writer.ID)
		}
	})
}

// crash stops the goroutine, without a last flush.
func crash(c connector.Traces) {
	c.(*graphConnector).flusher.rounds.Stop(context.Background())
}

func TestConnectorsOfOneStoreHaveWritersOfTheirOwn(t *testing.T) {
	b, err := memory.Open(memory.Options{})
	require.NoError(t, err)
	writer := func(id component.ID) callgraph.Writer {
		return (&graphConnector{id: id}).writer(b)
	}
	plain, named := writer(component.MustNewID("call_graph")), writer(component.MustNewIDWithName("call_graph", "eu"))
	require.Equal(t, b.WriterID(), plain.ID)
	require.NotEqual(t, plain, named)
	require.Equal(t, named, writer(component.MustNewIDWithName("call_graph", "eu")), "the same after a restart")
}

func TestManySendersAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.MetricsSink)
		c := newTestConnector(t, &Config{FlushInterval: 10 * time.Millisecond}, sink)
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		var wg sync.WaitGroup
		for sender := range uint64(8) {
			wg.Go(func() {
				for n := range uint64(50) {
					td := request(sender*1000 + n)
					_ = c.ConsumeTraces(t.Context(), td)
					time.Sleep(5 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.NoError(t, c.Shutdown(t.Context()))
		require.Equal(t, map[string]uint64{" -> web": 400, "web -> cart": 400}, callsOf(cellsOf(t, sink)))
	})
}

func TestOwnMetricsAreDocumented(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := connectortest.NewNopSettings(component.MustNewType("call_graph"))
	set.TelemetrySettings = tel.NewTelemetrySettings()
	c, err := NewFactory().CreateTracesToMetrics(t.Context(), set, &Config{}, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, c.ConsumeTraces(t.Context(), request(1)))
	spans, err := tel.GetMetric(prefix + "spans.taken")
	require.NoError(t, err)
	require.Equal(t, "{span}", spans.Unit)
	refused, err := tel.GetMetric(prefix + "calls.refused")
	require.NoError(t, err)
	require.NoError(t, c.Shutdown(t.Context()))

	documented, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	for _, i := range metrics {
		require.Contains(t, string(documented), "`"+i.Name+"`")
		require.Contains(t, string(documented), "`"+i.Unit+"`")
	}
	for _, p := range refused.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := p.Attributes.Value(ownmetric.KeyReason)
		require.Contains(t, string(documented), "`"+reason.AsString()+"`")
	}
}
