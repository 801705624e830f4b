package edgemetric

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Foreign counts the points of metrics that are no edge metrics, and names one
// of these; "" where there are none.
func Foreign(md pmetric.Metrics) (points int, name string) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if !strings.HasPrefix(m.Name(), Prefix) {
					points, name = points+pointsOf(m), m.Name()
				}
			}
		}
	}
	return points, name
}

func pointsOf(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	}
	return 0
}
