package storageextension

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

// Names of the extension's own metrics and of their attribute.
const (
	meterName  = "github.com/jcallgraph/jcallgraph/extension/storageextension"
	metricSize = "jcallgraph.storage.size"
	keyBackend = "backend"
)

func attributeOf(backend string) attribute.KeyValue { return attribute.String(keyBackend, backend) }

// sum is a metric that counts since the backend was opened.
type sum struct {
	name, unit, description string
	read                    func(pebble.Stats) float64
}

var sums = []sum{
	{"jcallgraph.storage.spans.written", "{span}", "Spans that were made durable.", func(s pebble.Stats) float64 { return float64(s.Spans) }},
	{"jcallgraph.storage.spans.dropped", "{span}", "Spans that retention removed.", func(s pebble.Stats) float64 { return float64(s.DroppedSpans) }},
	{"jcallgraph.storage.cells.dropped", "{cell}", "Edge counts that retention removed.", func(s pebble.Stats) float64 { return float64(s.DroppedCells) }},
	{"jcallgraph.storage.cells.stale", "{cell}", "Edge counts written when a later state was there.", func(s pebble.Stats) float64 { return float64(s.StaleCells) }},
	{"jcallgraph.storage.intervals.written", "{interval}", "Intervals of SDKs that were added up.", func(s pebble.Stats) float64 { return float64(s.Intervals) }},
	{"jcallgraph.storage.interval.cells", "{cell}", "Edge counts in the intervals of SDKs.", func(s pebble.Stats) float64 { return float64(s.IntervalCells) }},
	{"jcallgraph.storage.marks.dropped", "{instance}", "Instances of SDKs whose marks went since they were not heard of.", func(s pebble.Stats) float64 { return float64(s.DroppedMarks) }},
	{"jcallgraph.storage.sightings.written", "{sighting}", "Traces that were noted to carry a business key.", func(s pebble.Stats) float64 { return float64(s.Sightings) }},
	{"jcallgraph.storage.sightings.dropped", "{sighting}", "Sightings of business keys that retention removed.", func(s pebble.Stats) float64 { return float64(s.DroppedSightings) }},
	{"jcallgraph.storage.keys.refused", "{key}", "Business keys left out because a trace had too many, each time.", func(s pebble.Stats) float64 { return float64(s.KeysRefused) }},
	{"jcallgraph.storage.evidence.written", "{record}", "Records of evidence of call sites that were written.", func(s pebble.Stats) float64 { return float64(s.Evidence) }},
	{"jcallgraph.storage.evidence.dropped", "{record}", "Records of evidence that retention removed.", func(s pebble.Stats) float64 { return float64(s.DroppedEvidence) }},
	{"jcallgraph.storage.commits", "{commit}", "Durable writes of spans.", func(s pebble.Stats) float64 { return float64(s.Commits) }},
	{"jcallgraph.storage.commit.time", "s", "Time that the durable writes of spans took together.", func(s pebble.Stats) float64 { return s.CommitTime.Seconds() }},
	{"jcallgraph.storage.requests.forgotten", "{request}", "Requests that would not be known again if repeated, because there were too many.", func(s pebble.Stats) float64 { return float64(s.ForgottenRequests) }},
	{"jcallgraph.storage.names.refused", "{operation}", "Operations that the list of names had no room for.", func(s pebble.Stats) float64 { return float64(s.NamesRefused) }},
	{"jcallgraph.storage.segments.corrupt", "{segment}", "Stored segments that could not be read.", func(s pebble.Stats) float64 { return float64(s.CorruptSegments) }},
	{"jcallgraph.storage.background.errors", "{error}", "Tidying up that failed and is tried again.", func(s pebble.Stats) float64 { return float64(s.BackgroundErrors) }},
}

// instruments are what the backends are observed with.
type instruments struct {
	size metric.Float64ObservableGauge
	sums []metric.Float64ObservableCounter
}

// observe reads the backends whenever metrics are collected.
func observe(provider metric.MeterProvider, backends map[string]opened) (metric.Registration, error) {
	meter := provider.Meter(meterName)
	var in instruments
	size, err := meter.Float64ObservableGauge(metricSize, metric.WithUnit("By"), metric.WithDescription("What a backend holds on its medium."))
	in.size = size
	all := []metric.Observable{size}
	for _, s := range sums {
		counter, e := meter.Float64ObservableCounter(s.name, metric.WithUnit(s.unit), metric.WithDescription(s.description))
		err = errors.Join(err, e)
		in.sums = append(in.sums, counter)
		all = append(all, counter)
	}
	if err != nil {
		return nil, err
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for name, b := range backends {
			in.read(o, b.Backend, metric.WithAttributes(attributeOf(name)))
		}
		return nil
	}, all...)
}

// read observes what the kind of backend can tell.
func (in *instruments) read(o metric.Observer, backend any, name metric.MeasurementOption) {
	switch b := backend.(type) {
	case interface{ Stats() pebble.Stats }:
		stats := b.Stats()
		o.ObserveFloat64(in.size, float64(stats.DiskBytes), name)
		for i, s := range sums {
			o.ObserveFloat64(in.sums[i], s.read(stats), name)
		}
	case interface{ Bytes() int64 }:
		o.ObserveFloat64(in.size, float64(b.Bytes()), name)
	}
}
