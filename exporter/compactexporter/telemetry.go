package compactexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/client"
	rewriting "github.com/jcallgraph/jcallgraph/wire/rewrite"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/exporter/compactexporter"
	prefix    = "jcallgraph.compact.exporter."

	keyExporter = "exporter"
	keyReason   = "reason"
)

// state is what there is to tell at one moment.
type state struct {
	client.Stats
	connected int
	traces    rewriting.Stats
	ignored   uint64
}

// instrument tells one number.
type instrument struct {
	name, unit, description, reason string
	value                           func(*state) uint64
}

// gauges say what is now.
var gauges = []instrument{
	{"streams.connected", "{stream}", "Streams that are open.", "", func(s *state) uint64 { return uint64(s.connected) }},
	{"unacknowledged", "{span}", "Spans that are under way.", "", func(s *state) uint64 { return s.Unacknowledged }},
	{"state", "By", "What the streams' dictionaries hold.", "", func(s *state) uint64 { return uint64(max(s.State, 0)) }},
}

// sums count since the start.
var sums = append([]instrument{
	{"streams.opened", "{stream}", "Streams that were begun.", "", func(s *state) uint64 { return s.Streams }},
	{"resets", "{epoch}", "Times that a stream's dictionaries began anew.", "", func(s *state) uint64 { return s.Resets }},
	{"frames", "{frame}", "Frames sent, those sent anew among them.", "", func(s *state) uint64 { return s.Frames }},
	{"bytes", "By", "Bytes of frames sent.", "", func(s *state) uint64 { return s.Bytes }},
	{"spans", "{span}", "Spans that are durable at the other end.", "", func(s *state) uint64 { return s.Spans }},
	{"intervals", "{interval}", "Intervals that are durable at the other end.", "", func(s *state) uint64 { return s.Intervals }},
	{"spans.resent", "{span}", "Spans that were sent anew.", "", func(s *state) uint64 { return s.Resent }},
	{"spans.lost", "{span}", "Spans that will never arrive.", "too_large", func(s *state) uint64 { return s.TooLarge }},
	{"spans.lost", "{span}", "Spans that will never arrive.", "rejected", func(s *state) uint64 { return s.Rejected }},
	{"intervals.lost", "{interval}", "Intervals that will never arrive.", "", func(s *state) uint64 { return s.RejectedIntervals }},
	{"frames.later", "{frame}", "Frames that the receiver put off.", "", func(s *state) uint64 { return s.Later }},
	{"points.ignored", "{point}", "Points of metrics that are no edge metrics and were dropped.", "", func(s *state) uint64 { return s.ignored }},
	{"traces.rewritten", "{trace}", "Foreign trace IDs that were replaced.", "", func(s *state) uint64 { return s.traces.Rewritten }},
	{"traces.forgotten", "{trace}", "Replaced trace IDs that made room for others.", "", func(s *state) uint64 { return s.traces.Forgotten }},
	{"traces.collisions", "{trace}", "Trace IDs whose first replacement stood for another.", "", func(s *state) uint64 { return s.traces.Collisions }},
}, refusals()...)

// refusals are a counter with a value for each code, so that an alert sees the
// first one.
func refusals() (all []instrument) {
	for code := wire.CodeVersion; code <= wire.CodeLimit; code++ {
		count := func(s *state) uint64 { return s.Refused[code] }
		all = append(all, instrument{"frames.refused", "{frame}", "Frames that the receiver could not read.", code.String(), count})
	}
	return all
}

// state sums up the streams.
func (s *sender) state() *state {
	sum := &state{ignored: s.ignored.Load()}
	sum.Refused = map[wire.Code]uint64{}
	for _, c := range s.clients {
		sum.add(c.Stats())
	}
	if s.traces != nil {
		sum.traces = s.traces.Stats()
	}
	return sum
}

func (s *state) add(o client.Stats) {
	if o.Connected {
		s.connected++
	}
	for _, n := range []struct {
		to   *uint64
		more uint64
	}{
		{&s.Streams, o.Streams},
		{&s.Resets, o.Resets},
		{&s.Frames, o.Frames},
		{&s.Bytes, o.Bytes},
		{&s.Spans, o.Spans},
		{&s.Intervals, o.Intervals},
		{&s.Resent, o.Resent},
		{&s.TooLarge, o.TooLarge},
		{&s.Rejected, o.Rejected},
		{&s.RejectedIntervals, o.RejectedIntervals},
		{&s.Later, o.Later},
		{&s.Unacknowledged, o.Unacknowledged},
	} {
		*n.to += n.more
	}
	s.State += o.State
	for code, n := range o.Refused {
		s.Refused[code] += n
	}
}

// observe reads the sender whenever metrics are collected.
func observe(provider metric.MeterProvider, s *sender) (metric.Registration, error) {
	meter := provider.Meter(meterName)
	var all []metric.Observable
	var errs []error
	made := map[string]metric.Int64Observable{}
	add := func(i instrument, o metric.Int64Observable, err error) {
		made[i.name] = o
		all, errs = append(all, o), append(errs, err)
	}
	for _, i := range gauges {
		o, err := meter.Int64ObservableGauge(prefix+i.name, metric.WithUnit(i.unit), metric.WithDescription(i.description))
		add(i, o, err)
	}
	for _, i := range sums {
		if made[i.name] == nil {
			o, err := meter.Int64ObservableCounter(prefix+i.name, metric.WithUnit(i.unit), metric.WithDescription(i.description))
			add(i, o, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		now := s.state()
		for _, list := range [][]instrument{gauges, sums} {
			for _, i := range list {
				o.ObserveInt64(made[i.name], int64(i.value(now)), i.attributes(s.name))
			}
		}
		return nil
	}, all...)
}

// attributes tell the exporters of one collector apart.
func (i instrument) attributes(exporter string) metric.ObserveOption {
	if i.reason == "" {
		return metric.WithAttributes(attribute.String(keyExporter, exporter))
	}
	return metric.WithAttributes(attribute.String(keyExporter, exporter), attribute.String(keyReason, i.reason))
}
