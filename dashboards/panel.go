package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// width is of the whole grid.
const width = 24

// statHeight and graphHeight are in the grid's units.
const (
	statHeight  = 4
	graphHeight = 8
)

// manyErrors is the share of failed calls from which on it is shown in red.
const manyErrors = 0.01

// statOf shows one number, with its course behind it.
func statOf(title, description, unit, query string) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Title(title).
		Description(description).
		Datasource(prometheusSource()).
		Span(width / 4).Height(statHeight).
		Unit(unit).
		NoValue("no calls").
		ColorScheme(fixed("text")).
		ColorMode(common.BigValueColorModeValue).
		GraphMode(common.BigValueGraphModeArea).
		Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		WithTarget(ranged("A", query, title))
}

// graphOf shows series over time; each query is followed by its legend.
func graphOf(title, description, unit string, queriesAndLegends ...string) *timeseries.PanelBuilder {
	p := timeseries.NewPanelBuilder().
		Title(title).
		Description(description).
		Datasource(prometheusSource()).
		Span(width / 2).Height(graphHeight).
		Unit(unit).
		AxisSoftMin(0).
		LineWidth(1).FillOpacity(0).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdPaletteClassicByName)).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeTable).Placement(common.LegendPlacementBottom).
			ShowLegend(true).Calcs([]string{"lastNotNull", "max"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	for i := 0; i+1 < len(queriesAndLegends); i += 2 {
		p.WithTarget(ranged(refID(i/2), queriesAndLegends[i], queriesAndLegends[i+1]))
	}
	return p
}

// refID is A for the first query of a panel.
func refID(i int) string { return string(rune('A' + i)) }

func ranged(ref, query, legend string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId(ref).Expr(query).LegendFormat(legend).Range().
		EditorMode(prometheus.QueryEditorModeCode).Datasource(prometheusSource())
}

func rows(ref, query string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId(ref).Expr(query).Instant().Format(prometheus.PromQueryFormatTable).
		EditorMode(prometheus.QueryEditorModeCode).Datasource(prometheusSource())
}

func fixed(color string) *dashboard.FieldColorBuilder {
	return dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(color)
}

func shades(color string) *dashboard.FieldColorBuilder {
	return dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdShades).FixedColor(color)
}

func byThreshold() *dashboard.FieldColorBuilder {
	return dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)
}

// redFrom is ink below a value and red from there on. Red is for errors only.
func redFrom(value float64) dashboard.ThresholdsConfig {
	return dashboard.ThresholdsConfig{
		Mode:  dashboard.ThresholdsModeAbsolute,
		Steps: []dashboard.Threshold{{Color: "text"}, {Value: &value, Color: "red"}},
	}
}

// built is a value where the SDK asks for a builder.
type built[T any] struct{ value T }

func (b built[T]) Build() (T, error) { return b.value, nil }
