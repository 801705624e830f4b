package callgraphconnector

import (
	"strings"
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
	"go.opentelemetry.io/collector/pipeline"

	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
)

func TestEachPipelineGetsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		edges, backup, graph := new(consumertest.MetricsSink), new(consumertest.MetricsSink), new(consumertest.MetricsSink)
		prometheus := pipeline.NewIDWithName(pipeline.SignalMetrics, "prometheus")
		router := connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{
			pipeline.NewIDWithName(pipeline.SignalMetrics, "edges"):  edges,
			pipeline.NewIDWithName(pipeline.SignalMetrics, "backup"): backup,
			prometheus: graph,
		})
		c := newTestConnector(t, &Config{Prometheus: PrometheusConfig{Pipelines: []pipeline.ID{prometheus}}}, router)
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		require.NoError(t, c.ConsumeTraces(t.Context(), request(1)))
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.NoError(t, c.Shutdown(t.Context()))
		require.Len(t, callsOf(cellsOf(t, edges)), 2)
		require.Len(t, callsOf(cellsOf(t, backup)), 2)
		require.NotEmpty(t, names(graph))
		for name := range names(graph) {
			require.Contains(t, name, "traces_service_graph_request_")
		}
		for name := range names(edges) {
			require.True(t, strings.HasPrefix(name, edgemetric.Prefix), name)
		}
	})
}

func names(sink *consumertest.MetricsSink) map[string]bool {
	all := map[string]bool{}
	for _, md := range sink.AllMetrics() {
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				all[m.Name()] = true
			}
		}
	}
	return all
}

func TestPipelinesThatDoNotReceiveAreNamed(t *testing.T) {
	edges := pipeline.NewIDWithName(pipeline.SignalMetrics, "edges")
	router := connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{edges: consumertest.NewNop(), pipeline.NewID(pipeline.SignalMetrics): consumertest.NewNop()})
	cfg := &Config{Prometheus: PrometheusConfig{Pipelines: []pipeline.ID{pipeline.NewIDWithName(pipeline.SignalMetrics, "nowhere")}}}
	_, err := NewFactory().CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(component.MustNewType("call_graph")), cfg, router)
	require.ErrorContains(t, err, "prometheus::pipelines: metrics/nowhere does not receive from this connector")
	require.ErrorContains(t, err, "metrics/edges")

	cfg.Prometheus.Pipelines = []pipeline.ID{edges, pipeline.NewID(pipeline.SignalMetrics)}
	c := newTestConnector(t, cfg, router)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()), "with nobody who wants edges")
	require.NoError(t, c.Shutdown(t.Context()))
}
