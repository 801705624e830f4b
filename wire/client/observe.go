package client

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/wire"
)

// MetricPrefix begins the names of Observe's metrics (docs/metrics.md).
const MetricPrefix = "jcallgraph.compact.exporter."

// KeyReason is their attribute that says why something was refused or lost.
const KeyReason = "reason"

// instrument tells one number.
type instrument struct {
	name, unit, description, reason string
	value                           func(*total) uint64
}

// gauges say what is now.
var gauges = []instrument{
	{"streams.connected", "{stream}", "Streams that are open.", "", func(t *total) uint64 { return t.connected }},
	{"unacknowledged", "{span}", "Spans that are under way.", "", func(t *total) uint64 { return t.Unacknowledged }},
	{"state", "By", "What the streams' dictionaries hold.", "", func(t *total) uint64 { return uint64(max(t.State, 0)) }},
}

// sums count since the start.
var sums = append([]instrument{
	{"streams.opened", "{stream}", "Streams that were begun.", "", func(t *total) uint64 { return t.Streams }},
	{"resets", "{epoch}", "Times that a stream's dictionaries began anew.", "", func(t *total) uint64 { return t.Resets }},
	{"frames", "{frame}", "Frames sent, those sent anew among them.", "", func(t *total) uint64 { return t.Frames }},
	{"bytes", "By", "Bytes of frames sent.", "", func(t *total) uint64 { return t.Bytes }},
	{"spans", "{span}", "Spans that are durable at the other end.", "", func(t *total) uint64 { return t.Spans }},
	{"intervals", "{interval}", "Intervals that are durable at the other end.", "", func(t *total) uint64 { return t.Intervals }},
	{"spans.resent", "{span}", "Spans that were sent anew.", "", func(t *total) uint64 { return t.Resent }},
	{"spans.lost", "{span}", "Spans that will never arrive.", "too_large", func(t *total) uint64 { return t.TooLarge }},
	{"spans.lost", "{span}", "Spans that will never arrive.", "rejected", func(t *total) uint64 { return t.Rejected }},
	{"intervals.lost", "{interval}", "Intervals that will never arrive.", "", func(t *total) uint64 { return t.RejectedIntervals }},
	{"frames.later", "{frame}", "Frames that the receiver put off.", "", func(t *total) uint64 { return t.Later }},
}, refusals()...)

// refusals are a counter with a value for each code, so that an alert sees the
// first one.
func refusals() (all []instrument) {
	for code := wire.CodeVersion; code <= wire.CodeLimit; code++ {
		all = append(all, instrument{
			"frames.refused", "{frame}", "Frames that the receiver could not read.", code.String(),
			func(t *total) uint64 { return t.Refused[code] },
		})
	}
	return all
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
	o := observer{meter: meter, made: map[string]metric.Int64Observable{}}
	for _, i := range gauges {
		made, err := meter.Int64ObservableGauge(MetricPrefix+i.name, metric.WithUnit(i.unit), metric.WithDescription(i.description))
		o.add(i, made, err)
	}
	for _, i := range sums {
		if o.made[i.name] == nil {
			made, err := meter.Int64ObservableCounter(MetricPrefix+i.name, metric.WithUnit(i.unit), metric.WithDescription(i.description))
			o.add(i, made, err)
		}
	}
	if err := errors.Join(o.errs...); err != nil {
		return nil, err
	}
	return meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		o.tell(to, totalOf(stats()), attributes)
		return nil
	}, o.all...)
}

// observer has the instruments by name.
type observer struct {
	meter metric.Meter
	made  map[string]metric.Int64Observable
	all   []metric.Observable
	errs  []error
}

func (o *observer) add(i instrument, made metric.Int64Observable, err error) {
	o.made[i.name] = made
	o.all, o.errs = append(o.all, made), append(o.errs, err)
}

func (o *observer) tell(to metric.Observer, now *total, attributes []attribute.KeyValue) {
	for _, list := range [][]instrument{gauges, sums} {
		for _, i := range list {
			of := attributes
			if i.reason != "" {
				of = append([]attribute.KeyValue{attribute.String(KeyReason, i.reason)}, attributes...)
			}
			to.ObserveInt64(o.made[i.name], int64(i.value(now)), metric.WithAttributes(of...))
		}
	}
}
