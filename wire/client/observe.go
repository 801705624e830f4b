package client

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/wire"
)

// MetricPrefix begins the names of Observe's metrics (docs/metrics.md).
const MetricPrefix = "jcallgraph.compact.exporter."

// metrics are those of several clients together.
var metrics = ownmetric.Set[*total]{
	ownmetric.Gauge(MetricPrefix+"streams.connected", "{stream}", "Streams that are open.", func(t *total) uint64 { return t.connected }),
	ownmetric.Gauge(MetricPrefix+"unacknowledged", "{span}", "Spans that are under way.", func(t *total) uint64 { return t.Unacknowledged }),
	ownmetric.Gauge(MetricPrefix+"state", "By", "What the streams' dictionaries hold.", func(t *total) uint64 { return uint64(max(t.State, 0)) }),
	ownmetric.Sum(MetricPrefix+"streams.opened", "{stream}", "Streams that were begun.", func(t *total) uint64 { return t.Streams }),
	ownmetric.Sum(MetricPrefix+"resets", "{epoch}", "Times that a stream's dictionaries began anew.", func(t *total) uint64 { return t.Resets }),
	ownmetric.Sum(MetricPrefix+"frames", "{frame}", "Frames sent, those sent anew among them.", func(t *total) uint64 { return t.Frames }),
	ownmetric.Sum(MetricPrefix+"bytes", "By", "Bytes of frames sent.", func(t *total) uint64 { return t.Bytes }),
	ownmetric.Sum(MetricPrefix+"spans", "{span}", "Spans that are durable at the other end.", func(t *total) uint64 { return t.Spans }),
	ownmetric.Sum(MetricPrefix+"intervals", "{interval}", "Intervals that are durable at the other end.", func(t *total) uint64 { return t.Intervals }),
	ownmetric.Sum(MetricPrefix+"spans.resent", "{span}", "Spans that were sent anew.", func(t *total) uint64 { return t.Resent }),
	ownmetric.Sum(MetricPrefix+"intervals.lost", "{interval}", "Intervals that will never arrive.", func(t *total) uint64 { return t.RejectedIntervals }),
	ownmetric.Sum(MetricPrefix+"frames.later", "{frame}", "Frames that the receiver put off.", func(t *total) uint64 { return t.Later }),
	ownmetric.Tally(MetricPrefix+"spans.lost", "{span}", "Spans that will never arrive.", func(t *total) map[string]uint64 {
		return map[string]uint64{"too_large": t.TooLarge, "rejected": t.Rejected}
	}),
	ownmetric.Tally(MetricPrefix+"frames.refused", "{frame}", "Frames that the receiver could not read.", func(t *total) map[string]uint64 { return wire.ByName(t.Refused) }),
}

// total is what several clients did.
type total struct {
	Stats
	connected uint64
}

func totalOf(all []Stats) *total {
	t := &total{Stats: Stats{Refused: map[wire.Code]uint64{}}}
	for i := range all {
		t.add(&all[i])
	}
	return t
}

func (t *total) add(o *Stats) {
	if o.Connected {
		t.connected++
	}
	for _, n := range []struct {
		to   *uint64
		more uint64
	}{
		{&t.Streams, o.Streams},
		{&t.Resets, o.Resets},
		{&t.Frames, o.Frames},
		{&t.Bytes, o.Bytes},
		{&t.Spans, o.Spans},
		{&t.Intervals, o.Intervals},
		{&t.Resent, o.Resent},
		{&t.TooLarge, o.TooLarge},
		{&t.Rejected, o.Rejected},
		{&t.RejectedIntervals, o.RejectedIntervals},
		{&t.Later, o.Later},
		{&t.Unacknowledged, o.Unacknowledged},
	} {
		*n.to += n.more
	}
	t.State += o.State
	for code, n := range o.Refused {
		t.Refused[code] += n
	}
}

// Observe tells what clients did as metrics with the attributes: it asks for
// their counts whenever metrics are collected, until the registration ends.
func Observe(meter metric.Meter, stats func() []Stats, attributes ...attribute.KeyValue) (metric.Registration, error) {
	return metrics.Observe(meter, func() *total { return totalOf(stats()) }, attributes...)
}
