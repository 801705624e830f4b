package callgraphconnector

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// told is how many calls the newest state of the service graph has.
func told(sink *consumertest.MetricsSink) (calls int64) {
	all := sink.AllMetrics()
	if len(all) == 0 {
		return 0
	}
	for _, m := range all[len(all)-1].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Name() == edgemetric.RequestTotal {
			for _, p := range m.Sum().DataPoints().All() {
				calls += p.IntValue()
			}
		}
	}
	return calls
}

// TestWhatSDKsCountIsShownByOneConnector has two connectors of one store, and a
// restart: the calls are in the series of one of them, once.
func TestWhatSDKsCountIsShownByOneConnector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := memory.Open(memory.Options{})
		require.NoError(t, err)
		graph := pipeline.NewIDWithName(pipeline.SignalMetrics, "prometheus")
		run := func(spansOnly bool) (connector.Traces, *consumertest.MetricsSink) {
			sink := new(consumertest.MetricsSink)
			cfg := &Config{Storage: storageID, Backend: "local", Prometheus: PrometheusConfig{Pipelines: []pipeline.ID{graph}, SpansOnly: spansOnly}}
			c := newTestConnector(t, cfg, connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{
				graph: sink, pipeline.NewID(pipeline.SignalMetrics): stored(t, b),
			}))
			require.NoError(t, c.Start(t.Context(), host{backend: b}))
			return c, sink
		}
		all, shown := run(false)
		spans, others := run(true)
		count(t, b, 1, 3)
		time.Sleep(55 * time.Second)
		require.Zero(t, told(shown), "what belongs to it may come")
		time.Sleep(35 * time.Second)
		require.EqualValues(t, 3, told(shown))
		count(t, b, 2, 4)
		require.NoError(t, all.Shutdown(t.Context()))
		all, shown = run(false)
		time.Sleep(2 * time.Minute)
		require.EqualValues(t, 4, told(shown), "what an earlier run has not shown")
		require.Zero(t, told(others))
		require.NoError(t, all.Shutdown(t.Context()))
		require.NoError(t, spans.Shutdown(t.Context()))
	})
}

// count writes an interval with calls from outside.
func count(t *testing.T, b storage.Backend, number, calls uint64) {
	t.Helper()
	c := callgraph.Cell{ServerOnly: calls}
	c.Edge = callgraph.Edge{Caller: callgraph.Operation{Node: callgraph.Outside}, Callee: callgraph.Operation{Service: callgraph.Service{Name: "shop"}, Name: "buy"}}
	c.Bucket = callgraph.BucketAt(time.Now(), callgraph.HotWidth)
	c.Server.Add(time.Millisecond, calls)
	_, err := b.WriteInterval(t.Context(), callgraph.Interval{Instance: "shop", Number: number, Cells: []callgraph.Cell{c}})
	require.NoError(t, err)
}
