package queryextension

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/extension/query"
	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
)

// Names of the extension's own metrics and of their attributes.
const (
	meterName             = "github.com/jcallgraph/jcallgraph/extension/queryextension"
	metricRequests        = "jcallgraph.query.requests"
	metricDuration        = "jcallgraph.query.duration"
	metricPanics          = "jcallgraph.query.panics"
	metricRefreshFailures = "jcallgraph.query.refreshes.failed"
	metricCells           = "jcallgraph.query.view.cells"
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
	if m.panics, err = ownmetric.Counter(m.meter, metricPanics, "{panic}", "Requests whose handler panicked: faults of the program."); err != nil {
		return nil, err
	}
	if m.refreshFailures, err = ownmetric.Counter(m.meter, metricRefreshFailures, "{refresh}", "Times that the graph could not follow the store."); err != nil {
		return nil, err
	}
	if m.requests, err = m.meter.Int64Counter(metricRequests, metric.WithUnit("{request}"), metric.WithDescription("Requests to the query API.")); err != nil {
		return nil, err
	}
	m.duration, err = m.meter.Float64Histogram(metricDuration, metric.WithUnit("s"), metric.WithDescription("How long requests took."),
		metric.WithExplicitBucketBoundaries(durationBounds...))
	return m, err
}

// held is what is in memory.
type held struct {
	view     graphview.Stats
	verdicts query.StrengthStats
}

var ofMemory = ownmetric.Set[held]{
	ownmetric.Gauge(metricCells, "{cell}", "Edge counts held in memory.", func(h held) uint64 { return uint64(h.view.Cells) }),
	ownmetric.Gauge("jcallgraph.query.view.edges", "{edge}", "Edges held in memory.", func(h held) uint64 { return uint64(h.view.Edges) }),
	ownmetric.Gauge("jcallgraph.query.dependencies.sites", "{site}", "Call sites with a verdict held in memory.", func(h held) uint64 { return uint64(h.verdicts.Sites) }),
	ownmetric.Gauge("jcallgraph.query.dependencies.refused", "{record}", "Records of evidence of call sites for which there was no room, when evidence was read last.", func(h held) uint64 { return h.verdicts.Refused }),
	ownmetric.Sum("jcallgraph.query.view.evicted", "{cell}", "Edge counts that made room for newer ones; they are read from the store when asked for.", func(h held) uint64 { return h.view.Evicted }),
}

// observe reports what the view and the verdicts hold whenever somebody collects.
func (m *metrics) observe(v *graphview.View, verdicts func() query.StrengthStats) (err error) {
	m.view, err = ofMemory.Observe(m.meter, func() held { return held{v.Stats(), verdicts()} })
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
