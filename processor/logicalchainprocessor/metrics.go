package logicalchainprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Names of the metrics and of their attribute.
const (
	meterName      = "github.com/jcallgraph/jcallgraph/processor/logicalchainprocessor"
	metricFound    = "jcallgraph.keys.found"
	metricRefused  = "jcallgraph.keys.refused"
	metricReplaced = "jcallgraph.keys.replaced"
	metricWritten  = "jcallgraph.keys.sightings.written"
	metricKnown    = "jcallgraph.keys.sightings.known"
	metricEvicted  = "jcallgraph.keys.sightings.evicted"
	metricFailed   = "jcallgraph.keys.writes.failed"
	keyReason      = "reason"
)

// Why a write failed.
const (
	causeFull    = "full"
	causeClosed  = "closed"
	causeTimeout = "timeout"
	causeError   = "error"
)

type counters struct{ found, refused, replaced, written, known, evicted, failures metric.Int64Counter }

func newCounters(provider metric.MeterProvider) (*counters, error) {
	c := &counters{}
	var errs []error
	meter := provider.Meter(meterName)
	for _, m := range []struct {
		counter           *metric.Int64Counter
		name, unit, about string
	}{
		{&c.found, metricFound, "{key}", "Business keys on spans."},
		{&c.refused, metricRefused, "{key}", "Values where keys should be that were not taken."},
		{&c.replaced, metricReplaced, "{value}", "Values of spans in which an HMAC took the place of a key."},
		{&c.written, metricWritten, "{sighting}", "Keys of traces that were made durable."},
		{&c.known, metricKnown, "{sighting}", "Keys of traces that were left out, as they had been written of late."},
		{&c.evicted, metricEvicted, "{sighting}", "Keys of traces that were forgotten early and may be written again."},
		{&c.failures, metricFailed, "{write}", "Writes that the backend did not take and the sender may repeat."},
	} {
		counter, err := meter.Int64Counter(m.name, metric.WithUnit(m.unit), metric.WithDescription(m.about))
		*m.counter = counter
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c.begin(context.Background())
	return c, nil
}

// begin makes everything appear at 0, so that an alert sees the first one.
func (c *counters) begin(ctx context.Context) {
	for _, counter := range []metric.Int64Counter{c.found, c.replaced, c.written, c.known, c.evicted} {
		counter.Add(ctx, 0)
	}
	for _, reason := range logicalchain.Reasons() {
		c.refused.Add(ctx, 0, because(reason.String()))
	}
	for _, cause := range []string{causeFull, causeClosed, causeTimeout, causeError} {
		c.failures.Add(ctx, 0, because(cause))
	}
}

func because(reason string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String(keyReason, reason))
}

func (c *counters) took(ctx context.Context, t logicalchain.Taken) {
	c.found.Add(ctx, t.Found)
	c.replaced.Add(ctx, t.Replaced)
	c.known.Add(ctx, t.Known)
	c.evicted.Add(ctx, t.Evicted)
	for _, reason := range logicalchain.Reasons() {
		if n := t.Refused[reason]; n > 0 {
			c.refused.Add(ctx, n, because(reason.String()))
		}
	}
}

func (c *counters) failed(ctx context.Context, err error) {
	cause := causeError
	switch {
	case errors.Is(err, storage.ErrFull):
		cause = causeFull
	case errors.Is(err, storage.ErrClosed):
		cause = causeClosed
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		cause = causeTimeout
	}
	c.failures.Add(ctx, 1, because(cause))
}
