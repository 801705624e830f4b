package dependencyprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/wholechain"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/processor/dependencyprocessor"
	prefix    = "jcallgraph.dependency."
	keyReason = "reason"
)

// stats is all that the processor's own metrics are made of.
type stats struct {
	observer   dependency.Stats
	chains     wholechain.Stats
	kept, owed int64
	flushed    uint64
	failed     uint64
}

func (p *dependencyProcessor) stats() (s stats) {
	s.observer = p.observer.Stats()
	if p.chains != nil {
		s.chains = p.chains.Stats()
	}
	s.kept, s.owed = p.keeper.kept.Load(), p.keeper.owed.Load()
	s.flushed, s.failed = p.keeper.flushed.Load(), p.keeper.failed.Load()
	return s
}

type instrument struct {
	name, unit, text string
	read             func(*stats) uint64
}

// gauges say how much there is now.
var gauges = []instrument{
	{prefix + "spans.held", "{span}", "Spans that wait for the rest of their local trace.", func(s *stats) uint64 { return uint64(s.observer.Spans) }},
	{prefix + "sites.known", "{site}", "Call sites that are known.", func(s *stats) uint64 { return uint64(s.observer.Sites) }},
	{prefix + "records.pending", "{record}", "Records of evidence that are not written yet.", func(s *stats) uint64 { return uint64(s.observer.Pending) + uint64(s.owed) }},
	{prefix + "records.kept", "{record}", "Written records at hand.", func(s *stats) uint64 { return uint64(s.kept) }},
	{prefix + "chains.waiting", "{chain}", "Chains that wait to be read.", func(s *stats) uint64 { return uint64(s.chains.Waiting) }},
}

// sums say how much there was since the start.
var sums = []instrument{
	{prefix + "traces.judged", "{trace}", "Local traces that were whole.", func(s *stats) uint64 { return s.observer.Judged }},
	{prefix + "spans.duplicate", "{span}", "Spans that had come before.", func(s *stats) uint64 { return s.observer.Duplicates }},
	{prefix + "spans.evicted", "{span}", "Spans that went for want of room: max_spans was met.", func(s *stats) uint64 { return s.observer.Evicted }},
	{prefix + "sites.refused", "{observation}", "Observations of call sites for which there was no room.", func(s *stats) uint64 { return s.observer.SitesRefused }},
	{prefix + "sites.evicted", "{site}", "Call sites that went for others.", func(s *stats) uint64 { return s.observer.SitesEvicted }},
	{prefix + "flushes", "{flush}", "Times that new evidence was written, or was to be.", func(s *stats) uint64 { return s.flushed }},
	{prefix + "flushes.failed", "{flush}", "Flushes that failed; what they carried is written again.", func(s *stats) uint64 { return s.failed }},
	{prefix + "chains.read", "{chain}", "Chains that were whole and told something.", func(s *stats) uint64 { return s.chains.Read }},
	{prefix + "chains.overflowed", "{chain}", "Chains that went unread: too many waited.", func(s *stats) uint64 { return s.chains.Overflow }},
}

// telemetry is the processor's own metrics.
type telemetry struct{ registration metric.Registration }

// reading is an instrument with how to read it.
type reading struct {
	instrument metric.Int64Observable
	read       func(*stats) uint64
	options    []metric.ObserveOption
}

func observe(provider metric.MeterProvider, stats func() stats) (*telemetry, error) {
	meter := provider.Meter(meterName)
	readings, err := makeReadings(meter)
	if err != nil {
		return nil, err
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := stats()
		for _, r := range readings {
			o.ObserveInt64(r.instrument, int64(r.read(&s)), r.options...)
		}
		return nil
	}, instruments(readings)...)
	return &telemetry{registration}, err
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
	passed, err := meter.Int64ObservableCounter(prefix+"traces.passed", metric.WithUnit("{trace}"),
		metric.WithDescription("Local traces, or calls of them, that gave no evidence."))
	errs = errors.Join(errs, err)
	for r := range strength.Reasons {
		all = append(all, byReason(passed, strength.Reason(r).String(), func(s *stats) uint64 { return s.observer.Passed[r] }))
	}
	refused, err := meter.Int64ObservableCounter(prefix+"chains.refused", metric.WithUnit("{chain}"),
		metric.WithDescription("Chains that were not whole, or no fair sample, and told nothing."))
	errs = errors.Join(errs, err)
	for r := wholechain.Gone; int(r) < wholechain.Refusals; r++ {
		all = append(all, byReason(refused, r.String(), func(s *stats) uint64 { return s.chains.Refused[r] }))
	}
	return all, errs
}

func byReason(i metric.Int64Observable, reason string, read func(*stats) uint64) reading {
	return reading{i, read, []metric.ObserveOption{metric.WithAttributes(attribute.String(keyReason, reason))}}
}

func (t *telemetry) close() error { return t.registration.Unregister() }
