package sdk_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// refusing is an exporter that takes nothing once it is told so.
type refusing struct{ refuses bool }

func (r *refusing) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	if r.refuses {
		return errors.New("refused")
	}
	return nil
}
func (r *refusing) Shutdown(context.Context) error { return nil }

// collect is what a reader finds: name and attributes to value.
func collect(t *testing.T, reader sdkmetric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	found := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					found[m.Name+labels(p.Attributes)] = p.Value
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					found[m.Name+labels(p.Attributes)] = int64(p.Count)
				}
			}
		}
	}
	return found
}

// labels leaves the component out.
func labels(set attribute.Set) string {
	var b strings.Builder
	for _, a := range set.ToSlice() {
		if !strings.HasPrefix(string(a.Key), "otel.component") {
			b.WriteString(" " + string(a.Key) + "=" + a.Value.String())
		}
	}
	return b.String()
}

func TestOwnMetrics(t *testing.T) {
	alone(t)
	reader := sdkmetric.NewManualReader()
	e := &refusing{}
	p := sdk.NewTracerProvider(sdk.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))),
		sdk.WithExporter(e, sdk.Batching{Queue: 16}), sdk.WithMaxBodies(16), sdk.WithPolicy(sampler.Policy{Rate: sampler.Off, Keep: sampler.Errors}))
	run := func(code codes.Code) {
		_, span := p.Tracer("test").Start(t.Context(), "span")
		span.SetStatus(code, "")
		span.End()
	}
	run(codes.Error)
	run(codes.Unset)
	require.NoError(t, p.ForceFlush(t.Context()))
	e.refuses = true
	run(codes.Error)
	require.NoError(t, p.ForceFlush(t.Context()))
	got := collect(t, reader)
	for name, want := range map[string]int64{
		"jcallgraph.sdk.span.kept jcallgraph.sdk.reason=failed":                               2,
		"jcallgraph.sdk.span.kept jcallgraph.sdk.reason=rate":                                 0,
		"jcallgraph.sdk.span.discarded":                                                       1,
		"jcallgraph.sdk.storm.thinned":                                                        0,
		"jcallgraph.sdk.body.in_use":                                                          0,
		"jcallgraph.sdk.body.limit":                                                           16,
		"jcallgraph.sdk.body.refused":                                                         0,
		"otel.sdk.processor.span.processed":                                                   2,
		"otel.sdk.processor.span.processed error.type=queue_full jcallgraph.sdk.queue=failed": 0,
		"otel.sdk.processor.span.queue.size jcallgraph.sdk.queue=failed":                      0,
		"otel.sdk.processor.span.queue.capacity jcallgraph.sdk.queue=others":                  16,
		"otel.sdk.exporter.span.exported":                                                     1,
		"otel.sdk.exporter.span.exported error.type=_OTHER":                                   1,
		"otel.sdk.exporter.operation.duration":                                                1,
		"otel.sdk.exporter.operation.duration error.type=_OTHER":                              1,
	} {
		require.Contains(t, got, name)
		require.Equal(t, want, got[name], name)
	}
	require.NoError(t, p.Shutdown(t.Context()))
	require.NotContains(t, collect(t, reader), "jcallgraph.sdk.span.discarded", "nothing is told of a provider that is gone")
}

// TestDocumented holds docs/sdk.md to the code: each variable and each metric
// has a row of a table, and each row is one.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/sdk.md")
	require.NoError(t, err)
	var rows []string
	for line := range strings.Lines(string(doc)) {
		if name, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ = strings.Cut(name, "`")
			rows = append(rows, name)
		}
	}
	want := append(slices.Clone(setting.Variables),
		"OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_INSECURE",
		sdk.MetricQueueSize, sdk.MetricQueueCapacity, sdk.MetricProcessed, sdk.MetricExported, sdk.MetricExportDuration,
		sdk.MetricKept, sdk.MetricDiscarded, sdk.MetricThinned, sdk.MetricBodies, sdk.MetricBodyLimit, sdk.MetricBodiesRefused,
		sdk.MetricEdgeCells, sdk.MetricEdgesFolded, sdk.MetricEdgesRefused, sdk.MetricEdgesUncertain)
	require.ElementsMatch(t, want, rows)
}
