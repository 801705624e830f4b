package queryextension

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/extension/query"
)

// Names of the extension's own metrics and of their attributes.
const (
	meterName             = "github.com/jcallgraph/jcallgraph/extension/queryextension"
	metricRequests        = "jcallgraph.query.requests"
	metricDuration        = "jcallgraph.query.duration"
	metricPanics          = "jcallgraph.query.panics"
	metricRefreshFailures = "jcallgraph.query.refreshes.failed"
	metricCells           = "jcallgraph.query.view.cells"
	metricEdges           = "jcallgraph.query.view.edges"
	metricEvicted         = "jcallgraph.query.view.evicted"
	metricSites           = "jcallgraph.query.dependencies.sites"
	metricSitesRefused    = "jcallgraph.query.dependencies.refused"
	keyEndpoint           = "endpoint"
	keyStatus             = "status"
)

// durationBounds are those of OpenTelemetry's conventions for HTTP, and two
// below: the default ones are for milliseconds.
var durationBounds = []float64{.001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}

type metrics struct {
	meter           metric.Meter
	requests        metric.Int64Counter
	duration        metric.Float64Histogram
	panics          metric.Int64Counter
	refreshFailures metric.Int64Counter
	view            metric.Registration
}

func newMetrics(provider metric.MeterProvider) (m *metrics, err error) {
	m = &metrics{meter: provider.Meter(meterName)}
	counter := func(name, unit, description string) (c metric.Int64Counter) {
		if err == nil {
			c, err = m.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		}
		return c
	}
	m.requests = counter(metricRequests, "{request}", "Requests to the query API.")
	m.panics = counter(metricPanics, "{panic}", "Requests whose handler panicked: faults of the program.")
	m.refreshFailures = counter(metricRefreshFailures, "{refresh}", "Times that the graph could not follow the store.")
	if err != nil {
		return nil, err
	}
	m.panics.Add(context.Background(), 0) // there from the start: an alert sees the first one
	m.refreshFailures.Add(context.Background(), 0)
	m.duration, err = m.meter.Float64Histogram(metricDuration, metric.WithUnit("s"), metric.WithDescription("How long requests took."),
		metric.WithExplicitBucketBoundaries(durationBounds...))
	return m, err
}

// observe reports what the view and the verdicts hold whenever somebody collects.
func (m *metrics) observe(v *graphview.View, verdicts func() query.StrengthStats) error {
	cells, err := m.meter.Int64ObservableGauge(metricCells, metric.WithUnit("{cell}"), metric.WithDescription("Edge counts held in memory."))
	if err != nil {
		return err
	}
	edges, err := m.meter.Int64ObservableGauge(metricEdges, metric.WithUnit("{edge}"), metric.WithDescription("Edges held in memory."))
	if err != nil {
		return err
	}
	evicted, err := m.meter.Int64ObservableCounter(metricEvicted, metric.WithUnit("{cell}"),
		metric.WithDescription("Edge counts that made room for newer ones; they are read from the store when asked for."))
	if err != nil {
		return err
	}
	sites, err := m.meter.Int64ObservableGauge(metricSites, metric.WithUnit("{site}"), metric.WithDescription("Call sites with a verdict held in memory."))
	if err != nil {
		return err
	}
	refused, err := m.meter.Int64ObservableGauge(metricSitesRefused, metric.WithUnit("{record}"),
		metric.WithDescription("Records of evidence of call sites for which there was no room, when evidence was read last."))
	if err != nil {
		return err
	}
	m.view, err = m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := v.Stats()
		o.ObserveInt64(cells, int64(s.Cells))
		o.ObserveInt64(edges, int64(s.Edges))
		o.ObserveInt64(evicted, int64(s.Evicted))
		d := verdicts()
		o.ObserveInt64(sites, int64(d.Sites))
		o.ObserveInt64(refused, int64(d.Refused))
		return nil
	}, cells, edges, evicted, sites, refused)
	return err
}

func (m *metrics) request(o query.Observation) {
	ctx := context.Background() // counted even for a client that has gone
	of := metric.WithAttributes(attribute.String(keyEndpoint, o.Endpoint), attribute.String(keyStatus, strconv.Itoa(o.Status)))
	m.requests.Add(ctx, 1, of)
	m.duration.Record(ctx, o.Duration.Seconds(), of)
	if o.Panicked {
		m.panics.Add(ctx, 1)
	}
}

func (m *metrics) refreshFailed(ctx context.Context) { m.refreshFailures.Add(ctx, 1) }

func (m *metrics) close() error {
	if m.view == nil {
		return nil
	}
	return m.view.Unregister()
}
