package compactexporter

import (
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/wire/client"
	rewriting "github.com/jcallgraph/jcallgraph/wire/rewrite"
)

const (
	meterName   = "github.com/jcallgraph/jcallgraph/exporter/compactexporter"
	keyExporter = "exporter" // tells the exporters of one collector apart
)

// state is what there is to tell at one moment, beside the clients' counts.
type state struct {
	traces  rewriting.Stats
	ignored uint64
}

// metrics are the sender's own.
var metrics = ownmetric.Set[state]{
	ownmetric.Sum(client.MetricPrefix+"points.ignored", "{point}", "Points of metrics that are no edge metrics and were dropped.", func(s state) uint64 { return s.ignored }),
	ownmetric.Sum(client.MetricPrefix+"traces.rewritten", "{trace}", "Foreign trace IDs that were replaced.", func(s state) uint64 { return s.traces.Rewritten }),
	ownmetric.Sum(client.MetricPrefix+"traces.forgotten", "{trace}", "Replaced trace IDs that made room for others.", func(s state) uint64 { return s.traces.Forgotten }),
	ownmetric.Sum(client.MetricPrefix+"traces.collisions", "{trace}", "Trace IDs whose first replacement stood for another.", func(s state) uint64 { return s.traces.Collisions }),
}

func (s *sender) state() state {
	now := state{ignored: s.ignored.Load()}
	if s.traces != nil {
		now.traces = s.traces.Stats()
	}
	return now
}

func (s *sender) stats() []client.Stats {
	all := make([]client.Stats, len(s.clients))
	for i, c := range s.clients {
		all[i] = c.Stats()
	}
	return all
}

// registrations end together.
type registrations []metric.Registration

func (r registrations) end() (err error) {
	for _, one := range r {
		err = errors.Join(err, one.Unregister())
	}
	return err
}

// observe reads the sender whenever metrics are collected.
func observe(provider metric.MeterProvider, s *sender) (registrations, error) {
	meter := provider.Meter(meterName)
	name := attribute.String(keyExporter, s.name)
	ofClients, err := client.Observe(meter, s.stats, name)
	if err != nil {
		return nil, err
	}
	own, err := metrics.Observe(meter, s.state, name)
	if err != nil {
		return nil, errors.Join(err, ofClients.Unregister())
	}
	return registrations{ofClients, own}, nil
}
