package compactreceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/receiver/compactreceiver"
	prefix    = "jcallgraph.compact.receiver."
)

// measure is one of the receiver's metrics.
type measure struct {
	name, unit, description string
	value                   func(server.Stats) int64
}

// gauges are what is now.
var gauges = []measure{
	{"streams", "{stream}", "Streams that are open.", func(s server.Stats) int64 { return int64(s.Streams) }},
	{"state", "By", "What the dictionaries of all streams hold.", func(s server.Stats) int64 { return s.State }},
}

// sums count since the start.
var sums = []measure{
	{"streams.opened", "{stream}", "Streams that were opened.", func(s server.Stats) int64 { return int64(s.Opened) }},
	{"streams.overloaded", "{stream}", "Streams that were ended since all together held too much.", func(s server.Stats) int64 { return int64(s.Overloaded) }},
	{"resets", "{reset}", "Epochs that streams began.", func(s server.Stats) int64 { return int64(s.Resets) }},
	{"frames", "{frame}", "Frames that arrived.", func(s server.Stats) int64 { return int64(s.Frames) }},
	{"bytes", "By", "Bytes of them.", func(s server.Stats) int64 { return int64(s.Bytes) }},
	{"spans", "{span}", "Spans that were stored.", func(s server.Stats) int64 { return int64(s.Spans) }},
	{"intervals", "{interval}", "Intervals of SDKs that were stored.", func(s server.Stats) int64 { return int64(s.Intervals) }},
	{"cells", "{cell}", "Edge counts in them.", func(s server.Stats) int64 { return int64(s.Cells) }},
	{"frames.later", "{frame}", "Frames that could not be stored then; their senders were told to send them later.", func(s server.Stats) int64 { return int64(s.Later) }},
	{"frames.rejected", "{frame}", "Frames that will never be stored.", func(s server.Stats) int64 { return int64(s.Rejected) }},
	{"frames.repeated", "{frame}", "Frames that were stored before: acknowledged, not stored again.", func(s server.Stats) int64 { return int64(s.Repeated) }},
}

// refused is the only sum by an attribute.
const refused = "frames.refused"

// observe reads the counts whenever metrics are collected.
func observe(set receiver.Settings, stats func() server.Stats) (metric.Registration, error) {
	o := instruments{id: attribute.String("receiver", set.ID.String()), stats: stats}
	if err := o.make(set.MeterProvider.Meter(meterName)); err != nil {
		return nil, err
	}
	return set.MeterProvider.Meter(meterName).RegisterCallback(o.observe, o.all()...)
}

type instruments struct {
	id      attribute.KeyValue
	stats   func() server.Stats
	gauges  []metric.Int64ObservableGauge
	sums    []metric.Int64ObservableCounter
	refused metric.Int64ObservableCounter
}

func (i *instruments) make(meter metric.Meter) error {
	var errs []error
	for _, g := range gauges {
		made, err := meter.Int64ObservableGauge(prefix+g.name, metric.WithUnit(g.unit), metric.WithDescription(g.description))
		i.gauges, errs = append(i.gauges, made), append(errs, err)
	}
	for _, s := range sums {
		made, err := meter.Int64ObservableCounter(prefix+s.name, metric.WithUnit(s.unit), metric.WithDescription(s.description))
		i.sums, errs = append(i.sums, made), append(errs, err)
	}
	made, err := meter.Int64ObservableCounter(prefix+refused, metric.WithUnit("{frame}"), metric.WithDescription("Frames that could not be read, which ended their streams."))
	i.refused = made
	return errors.Join(append(errs, err)...)
}

func (i *instruments) all() []metric.Observable {
	all := []metric.Observable{i.refused}
	for _, g := range i.gauges {
		all = append(all, g)
	}
	for _, s := range i.sums {
		all = append(all, s)
	}
	return all
}

func (i *instruments) observe(_ context.Context, o metric.Observer) error {
	now, id := i.stats(), metric.WithAttributes(i.id)
	for at, g := range gauges {
		o.ObserveInt64(i.gauges[at], g.value(now), id)
	}
	for at, s := range sums {
		o.ObserveInt64(i.sums[at], s.value(now), id)
	}
	for c := wire.CodeVersion; c <= wire.CodeLimit; c++ {
		o.ObserveInt64(i.refused, int64(now.Refused[c]), id, metric.WithAttributes(attribute.String("reason", c.String())))
	}
	return nil
}
