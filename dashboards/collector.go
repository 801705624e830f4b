package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// collectorPanels are about the collector, by the metrics of docs/metrics.md.
func collectorPanels() []cog.Builder[dashboard.Panel] {
	return []cog.Builder[dashboard.Panel]{
		graphOf("Spans per second", "What came in, what is durable, and what was counted. Lines that part show where spans stay.", units.CountsPerSecond,
			ownRate("otelcol_receiver_accepted_spans", ""), "received",
			ownRate("jcallgraph_storage_spans_written", ""), "written",
			ownRate("jcallgraph_callgraph_spans_taken", ""), "counted").
			ColorScheme(shades("blue")),
		graphOf("Refused per second, by reason", "All of these are 0 in a collector that is well.", units.CountsPerSecond,
			ownRate("jcallgraph_storage_spans_refused", "reason"), "span {{reason}}",
			ownRate("jcallgraph_storage_writes_failed", "reason"), "write {{reason}}",
			ownRate("jcallgraph_callgraph_calls_refused", "reason"), "call {{reason}}",
			ownRate("jcallgraph_admission_requests_refused", ""), "request: too many at once",
			ownRate("otelcol_receiver_refused_spans", ""), "span: pipeline").
			ColorScheme(shades("red")),
		graphOf("Store", "What the stores hold on disk. Retention keeps them below max_size.", units.BytesIEC,
			"sum by (backend) (jcallgraph_storage_size)", "{{backend}}").
			ColorScheme(shades("blue")),
		graphOf("Graph that waits", "Spans that wait for their other half, and buckets that are not final yet. What rises without end is a graph that falls behind.", units.Short,
			"sum(jcallgraph_callgraph_spans_pending)", "spans",
			"sum(jcallgraph_callgraph_buckets_open)", "buckets").
			ColorScheme(shades("blue")),
		graphOf("Graph that is stale", "Edges that could not be written, and times that the API could not follow the store.", units.CountsPerSecond,
			ownRate("jcallgraph_callgraph_flushes_failed", ""), "flush failed",
			ownRate("jcallgraph_query_refreshes_failed", ""), "refresh failed").
			ColorScheme(shades("red")),
		graphOf("Names that never repeat", "Operations and edges folded into (other): IDs in span names, as a rule.", units.CountsPerSecond,
			ownRate("jcallgraph_callgraph_cells_folded", ""), "counts folded",
			ownRate("jcallgraph_callgraph_names_overflowed", ""), "spans without room for their name",
			ownRate("jcallgraph_storage_names_refused", ""), "operations not listed").
			ColorScheme(shades("blue")),
	}
}

// ownRate is the increase a second of one of the collector's own counters, by a
// label or over all.
func ownRate(metric, label string) string {
	if label == "" {
		return fmt.Sprintf("sum(rate(%s[%s]))", metric, perStep)
	}
	return fmt.Sprintf("sum by (%s) (rate(%s[%s]))", label, metric, perStep)
}
