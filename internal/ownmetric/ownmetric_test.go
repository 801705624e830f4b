package ownmetric_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
)

type state struct{ open, seen, full uint64 }

var set = ownmetric.Set[state]{
	ownmetric.Gauge("open", "{door}", "Doors that are open.", func(s state) uint64 { return s.open }),
	ownmetric.Sum("seen", "{guest}", "Guests that came.", func(s state) uint64 { return s.seen }),
	ownmetric.Tally("refused", "{guest}", "Guests that did not.", func(s state) map[string]uint64 {
		return map[string]uint64{"full": s.full, "late": 0}
	}),
}

// collected are the numbers by the metric's name and then its attributes.
func collected(t *testing.T, reader sdkmetric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	numbers := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			require.NotEmpty(t, m.Unit)
			require.NotEmpty(t, m.Description)
			var points []metricdata.DataPoint[int64]
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				points = data.DataPoints
			case metricdata.Sum[int64]:
				require.True(t, data.IsMonotonic)
				points = data.DataPoints
			}
			for _, p := range points {
				numbers[m.Name+" "+p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Value
			}
		}
	}
	return numbers
}

func TestStateIsReadWhenSomebodyCollects(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("m")
	now, reads := state{open: 2, seen: 7, full: 3}, 0
	r, err := set.Observe(meter, func() state { reads++; return now }, attribute.String("house", "a"))
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"open house=a": 2, "seen house=a": 7, "refused house=a,reason=full": 3, "refused house=a,reason=late": 0}, collected(t, reader))
	now = state{seen: 8, full: 4}
	require.Equal(t, map[string]int64{"open house=a": 0, "seen house=a": 8, "refused house=a,reason=full": 4, "refused house=a,reason=late": 0}, collected(t, reader))
	require.Equal(t, 2, reads, "once for all metrics")
	require.NoError(t, r.Unregister())
	require.Empty(t, collected(t, reader))
}

func TestCountersBeginAtZero(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("m")
	plain, err := ownmetric.Counter(meter, "plain", "{x}", "Of all.")
	require.NoError(t, err)
	told, err := ownmetric.Counter(meter, "told", "{x}", "By reason.", "full", "late")
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"plain ": 0, "told reason=full": 0, "told reason=late": 0}, collected(t, reader))
	plain.Add(t.Context(), 2)
	told.Add(t.Context(), 1, ownmetric.Because("late"))
	require.Equal(t, map[string]int64{"plain ": 2, "told reason=full": 0, "told reason=late": 1}, collected(t, reader))
}

func TestWrongNamesAreErrors(t *testing.T) {
	meter := sdkmetric.NewMeterProvider().Meter("m")
	wrong := ownmetric.Sum("no name", "", "", func(s state) uint64 { return s.seen })
	_, err := append(ownmetric.Set[state]{wrong}, set...).Observe(meter, func() state { return state{} })
	require.ErrorContains(t, err, "no name")
	_, err = ownmetric.Counter(meter, "1", "", "")
	require.ErrorContains(t, err, "1")
}
