package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/nodegraph"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
)

// topEdges is how many edges a graph shows; the table has all of them.
const topEdges = 10

// edgeLegend names a series by its edge.
const edgeLegend = "{{" + edgemetric.LabelClient + "}} → {{" + edgemetric.LabelServer + "}} {{" + edgemetric.LabelConnectionType + "}}"

func callPanels() []cog.Builder[dashboard.Panel] {
	return []cog.Builder[dashboard.Panel]{
		statOf("Calls per second", "Calls over the chosen edges. Choose the caller \"user\" for what comes from outside.",
			units.RequestsPerSecond, callRate(perStep)),
		statOf("Failed calls", "Share of the calls that failed, timed out or were rejected.", units.PercentUnit, errorRatio(perStep)).
			ColorScheme(byThreshold()).Thresholds(built[dashboard.ThresholdsConfig]{redFrom(manyErrors)}),
		statOf("Services", "Services that call or are called; databases and peers that send no spans are not counted.", units.Short, services()),
		statOf("p95 of duration", "95 of 100 calls took no longer, as the callee measured.", units.Seconds, quantile(0.95)),
		graphOf("Calls per second, by edge", "The edges with the most calls.", units.RequestsPerSecond,
			top(topEdges, edgeCallRate(perStep)), edgeLegend),
		graphOf("Failed calls, by edge", "The edges with the highest share of failed calls; those without are left out.", units.PercentUnit,
			top(topEdges, edgeErrorRatio(perStep)+" > 0"), edgeLegend).
			ColorScheme(shades("red")).Max(1),
		graphOf("Duration", "As the callees measured.", units.Seconds,
			quantile(0.5), "p50", quantile(0.95), "p95", quantile(0.99), "p99").
			ColorScheme(shades("blue")),
		graphOf("Between caller and callee", "How much longer calls take for the caller than for the callee, on average: network, queues, connection pools.",
			units.Seconds, top(topEdges, edgeGap(perStep)), edgeLegend),
	}
}

func edgePanels() []cog.Builder[dashboard.Panel] {
	return []cog.Builder[dashboard.Panel]{edgeTable(), edgeGraph()}
}

// edgeTable joins three queries by their labels, over the time that is shown.
func edgeTable() *table.PanelBuilder {
	return table.NewPanelBuilder().
		Title("Edges").
		Description("All chosen edges, over the time that is shown. Links lead from the callee to its neighbourhood and to its failed chains.").
		Datasource(prometheusSource()).
		Span(width).Height(graphHeight+graphHeight/2).
		WithTarget(rows("A", typed(edgeCallRate(perView)))).
		WithTarget(rows("B", typed(edgeErrorRatio(perView)))).
		WithTarget(rows("C", typed(edgeQuantile(0.95, perView)))).
		WithTransformation(transformation("merge", map[string]any{})).
		WithTransformation(transformation("organize", edgeColumns())).
		Filterable(true).
		OverrideByName("calls/s", column("unit", units.RequestsPerSecond)).
		OverrideByName("failed", failedColumn()).
		OverrideByName("p95", column("unit", units.Seconds)).
		OverrideByName(edgemetric.LabelServer, column("links", serverLinks()))
}

func edgeColumns() map[string]any {
	return map[string]any{
		"excludeByName": map[string]bool{"Time": true},
		"indexByName": map[string]int{
			edgemetric.LabelClient: 0, edgemetric.LabelServer: 1, edgemetric.LabelConnectionType: 2,
			"Value #A": 3, "Value #B": 4, "Value #C": 5,
		},
		"renameByName": map[string]string{
			edgemetric.LabelConnectionType: "connection", "Value #A": "calls/s", "Value #B": "failed", "Value #C": "p95",
		},
	}
}

// failedColumn is red from manyErrors on.
func failedColumn() []dashboard.DynamicConfigValue {
	return append(column("unit", units.PercentUnit),
		dashboard.DynamicConfigValue{Id: "thresholds", Value: redFrom(manyErrors)},
		dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]string{"type": "color-text"}})
}

// edgeGraph draws the edges with the most calls; the panel makes the nodes from
// the labels source and target.
func edgeGraph() *nodegraph.PanelBuilder {
	return nodegraph.NewPanelBuilder().
		Title("Graph").
		Description("The 100 edges with the most calls per second over the time that is shown.").
		Datasource(prometheusSource()).
		Span(width).Height(2 * graphHeight).
		WithTarget(rows("edges", drawn(top(100, edgeCallRate(perView))))).
		WithTransformation(transformation("calculateField", map[string]any{
			"mode": "binary", "alias": "mainstat", "replaceFields": false,
			"binary": map[string]string{"left": "Value", "operator": "*", "right": "1"},
		})).
		Edges(nodegraph.NewEdgeOptionsBuilder().MainStatUnit(units.RequestsPerSecond))
}

func column(property string, value any) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{{Id: property, Value: value}}
}

func transformation(id string, options map[string]any) dashboard.DataTransformerConfig {
	return dashboard.DataTransformerConfig{Id: id, Options: options}
}
