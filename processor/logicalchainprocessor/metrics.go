package logicalchainprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Names of the metrics.
const (
	meterName      = "github.com/jcallgraph/jcallgraph/processor/logicalchainprocessor"
	metricFound    = "jcallgraph.keys.found"
	metricRefused  = "jcallgraph.keys.refused"
	metricReplaced = "jcallgraph.keys.replaced"
	metricWritten  = "jcallgraph.keys.sightings.written"
	metricKnown    = "jcallgraph.keys.sightings.known"
	metricEvicted  = "jcallgraph.keys.sightings.evicted"
	metricFailed   = "jcallgraph.keys.writes.failed"
)

type counters struct{ found, refused, replaced, written, known, evicted, failures metric.Int64Counter }

func newCounters(provider metric.MeterProvider) (*counters, error) {
	var reasons []string
	for _, r := range logicalchain.Reasons() {
		reasons = append(reasons, r.String())
	}
	meter := provider.Meter(meterName)
	found, err := ownmetric.Counter(meter, metricFound, "{key}", "Business keys on spans.")
	refused, err2 := ownmetric.Counter(meter, metricRefused, "{key}", "Values where keys should be that were not taken.", reasons...)
	replaced, err3 := ownmetric.Counter(meter, metricReplaced, "{value}", "Values of spans in which an HMAC took the place of a key.")
	written, err4 := ownmetric.Counter(meter, metricWritten, "{sighting}", "Keys of traces that were made durable.")
	known, err5 := ownmetric.Counter(meter, metricKnown, "{sighting}", "Keys of traces that were left out, as they had been written of late.")
	evicted, err6 := ownmetric.Counter(meter, metricEvicted, "{sighting}", "Keys of traces that were forgotten early and may be written again.")
	failures, err7 := ownmetric.Counter(meter, metricFailed, "{write}", "Writes that the backend did not take and the sender may repeat.", storage.Causes()...)
	return &counters{found, refused, replaced, written, known, evicted, failures}, errors.Join(err, err2, err3, err4, err5, err6, err7)
}

func (c *counters) took(ctx context.Context, t logicalchain.Taken) {
	c.found.Add(ctx, t.Found)
	c.replaced.Add(ctx, t.Replaced)
	c.known.Add(ctx, t.Known)
	c.evicted.Add(ctx, t.Evicted)
	for _, reason := range logicalchain.Reasons() {
		if n := t.Refused[reason]; n > 0 {
			c.refused.Add(ctx, n, ownmetric.Because(reason.String()))
		}
	}
}

func (c *counters) failed(ctx context.Context, err error) {
	c.failures.Add(ctx, 1, ownmetric.Because(storage.Cause(err)))
}
