package admissionextension

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/extension/admission"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/extension/admissionextension"
	prefix    = "jcallgraph.admission.requests."
	unit      = "{request}"
)

// sums are the counters, which count since the start.
var sums = []struct {
	name, description string
	value             func(admission.Stats) uint64
}{
	{prefix + "admitted", "Requests that were let in.", func(s admission.Stats) uint64 { return s.Admitted }},
	{prefix + "waited", "Requests that had to wait for their turn.", func(s admission.Stats) uint64 { return s.Waited }},
	{prefix + "refused", "Requests refused since too many were open; they may be sent again.", func(s admission.Stats) uint64 { return s.Refused }},
	{prefix + "abandoned", "Requests whose sender did not wait for their turn.", func(s admission.Stats) uint64 { return s.Abandoned }},
}

// observe reads the gate whenever metrics are collected.
func observe(provider metric.MeterProvider, gate *admission.Gate) (metric.Registration, error) {
	meter := provider.Meter(meterName)
	open, err := meter.Int64ObservableGauge(prefix+"open", metric.WithUnit(unit), metric.WithDescription("Requests that are open, those that wait among them."))
	all := []metric.Observable{open}
	counters := make([]metric.Int64ObservableCounter, len(sums))
	for i, s := range sums {
		var e error
		counters[i], e = meter.Int64ObservableCounter(s.name, metric.WithUnit(unit), metric.WithDescription(s.description))
		err = errors.Join(err, e)
		all = append(all, counters[i])
	}
	if err != nil {
		return nil, err
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		stats := gate.Stats()
		o.ObserveInt64(open, stats.Open)
		for i, s := range sums {
			o.ObserveInt64(counters[i], int64(s.value(stats)))
		}
		return nil
	}, all...)
}
