package callgraphconnector

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/connector/callgraphconnector/edgecount"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/connector/callgraphconnector"
	prefix    = "jcallgraph.callgraph."
	keyReason = "reason"

	metricFailedFlushes = prefix + "flushes.failed"
	metricRefusedCalls  = prefix + "calls.refused"
)

// gauges are the connector's own metrics that say how much there is now.
var gauges = []instrument{
	{
		prefix + "spans.pending", "{span}", "Spans, and awaited parents, that the joiner holds.",
		func(s *edgecount.Stats) uint64 { return uint64(s.Joiner.Held) },
	},
	{
		prefix + "cells.open", "{cell}", "Cells that are not final.",
		func(s *edgecount.Stats) uint64 { return uint64(s.Table.Cells) },
	},
	{
		prefix + "buckets.open", "{bucket}", "Buckets that are not final.",
		func(s *edgecount.Stats) uint64 { return uint64(s.Table.Openings) },
	},
	{
		prefix + "edges.folded", "{edge}", "Edges between services that share the remainder's series in the service graph.",
		func(s *edgecount.Stats) uint64 { return uint64(s.Folded) },
	},
}

// sums are those that say how much there was since the start.
var sums = []instrument{
	{
		prefix + "spans.taken", "{span}", "Spans taken in, each once, those read back after a restart among them.",
		func(s *edgecount.Stats) uint64 { return s.Joiner.Spans },
	},
	{
		prefix + "spans.duplicate", "{span}", "Spans that had come before within the pairing window.",
		func(s *edgecount.Stats) uint64 { return s.Joiner.Duplicates },
	},
	{
		prefix + "spans.unidentified", "{span}", "Spans without a trace or span ID.",
		func(s *edgecount.Stats) uint64 { return s.Joiner.Unidentified },
	},
	{
		prefix + "spans.early", "{span}", "Spans whose wait for their other half was cut short by max_spans.",
		func(s *edgecount.Stats) uint64 { return s.Joiner.ExpiredEarly },
	},
	{
		prefix + "weights.refused", "{span}", "Adjusted counts that were too great and count 1.",
		func(s *edgecount.Stats) uint64 { return s.Joiner.RefusedWeights },
	},
	{
		prefix + "links.refused", "{link}", "Links of consumers beyond their bounds.",
		func(s *edgecount.Stats) uint64 { return s.Joiner.RefusedLinks },
	},
	{
		prefix + "names.overflowed", "{span}", "Spans counted under the operation (other): too many names.",
		func(s *edgecount.Stats) uint64 { return s.Joiner.OverflowedNames },
	},
	{
		prefix + "calls.counted", "{call}", "Calls counted.",
		func(s *edgecount.Stats) uint64 { return s.Table.Calls },
	},
	{
		prefix + "calls.retracted", "{call}", "Calls taken back, because more of them was learned.",
		func(s *edgecount.Stats) uint64 { return s.Table.Retracted },
	},
	{
		prefix + "calls.weight_unknown", "{call}", "Calls that count 1 since their spans do not say how they were sampled.",
		func(s *edgecount.Stats) uint64 { return s.Table.WeightUnknown },
	},
	{
		prefix + "cells.folded", "{cell}", "Cells folded into those of the operation (other): max_cells was met.",
		func(s *edgecount.Stats) uint64 { return s.Table.Folded },
	},
	{
		prefix + "buckets.sealed", "{bucket}", "Buckets that became final.",
		func(s *edgecount.Stats) uint64 { return s.Table.Sealed },
	},
	{
		prefix + "cells.stray", "{cell}", "Changed counts of SDKs that came too late, or were too far ahead, for the service graph.",
		func(s *edgecount.Stats) uint64 { return s.Strays },
	},
	{
		prefix + "spans.recounted", "{span}", "Spans read back after a restart.",
		func(s *edgecount.Stats) uint64 { return uint64(s.Recount.Spans) },
	},
}

// refusals are the reasons of metricRefusedCalls.
var refusals = map[string]func(*edgecount.Stats) uint64{
	"full":   func(s *edgecount.Stats) uint64 { return s.Table.RefusedFull },
	"weight": func(s *edgecount.Stats) uint64 { return s.Table.RefusedWeight },
	"stray":  func(s *edgecount.Stats) uint64 { return s.Table.RefusedStray },
}

type instrument struct {
	name, unit, text string
	read             func(*edgecount.Stats) uint64
}

// telemetry is the connector's own metrics.
type telemetry struct {
	registration metric.Registration
	failures     metric.Int64Counter
}

// reading is an instrument with how to read it.
type reading struct {
	instrument metric.Int64Observable
	read       func(*edgecount.Stats) uint64
	options    []metric.ObserveOption
}

func observe(provider metric.MeterProvider, c *edgecount.Counter) (*telemetry, error) {
	meter := provider.Meter(meterName)
	failures, err := meter.Int64Counter(metricFailedFlushes, metric.WithUnit("{flush}"),
		metric.WithDescription("Flushes that failed and were, or are to be, sent again."))
	readings, err2 := makeReadings(meter)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	failures.Add(context.Background(), 0) // there from the start: an alert sees the first one
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := c.Stats()
		for _, r := range readings {
			o.ObserveInt64(r.instrument, int64(r.read(&s)), r.options...)
		}
		return nil
	}, instruments(readings)...)
	return &telemetry{registration, failures}, err
}

func instruments(readings []reading) (all []metric.Observable) {
	for _, r := range readings {
		all = append(all, r.instrument)
	}
	return all
}

func makeReadings(meter metric.Meter) (all []reading, errs error) {
	for _, i := range gauges {
		g, err := meter.Int64ObservableGauge(i.name, metric.WithUnit(i.unit), metric.WithDescription(i.text))
		errs = errors.Join(errs, err)
		all = append(all, reading{instrument: g, read: i.read})
	}
	for _, i := range sums {
		c, err := meter.Int64ObservableCounter(i.name, metric.WithUnit(i.unit), metric.WithDescription(i.text))
		errs = errors.Join(errs, err)
		all = append(all, reading{instrument: c, read: i.read})
	}
	refused, err := meter.Int64ObservableCounter(metricRefusedCalls, metric.WithUnit("{call}"),
		metric.WithDescription("Calls, or their retractions, that no cell could take."))
	errs = errors.Join(errs, err)
	for reason, read := range refusals {
		by := metric.WithAttributes(attribute.String(keyReason, reason))
		all = append(all, reading{refused, read, []metric.ObserveOption{by}})
	}
	return all, errs
}

func (t *telemetry) failed(ctx context.Context) { t.failures.Add(ctx, 1) }

func (t *telemetry) close() error { return t.registration.Unregister() }
