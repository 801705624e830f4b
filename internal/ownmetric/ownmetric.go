// Package ownmetric makes the metrics that a component tells of itself, out of
// a table: what each is called, and how it is read off the component's counts.
package ownmetric

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// KeyReason is the attribute that tells the numbers of one metric apart.
const KeyReason = "reason"

// Set is metrics that are read off a state S whenever somebody collects.
type Set[S any] []Metric[S]

// Metric is a Gauge, a Sum or a Tally.
type Metric[S any] struct {
	Name, Unit, About string
	gauge             bool
	tell              func(now S, observe func(uint64, ...metric.ObserveOption))
}

// Gauge is how much there is now.
func Gauge[S any](name, unit, about string, read func(S) uint64) Metric[S] {
	m := Sum(name, unit, about, read)
	m.gauge = true
	return m
}

// Sum is how much there was since the start.
func Sum[S any](name, unit, about string, read func(S) uint64) Metric[S] {
	return Metric[S]{Name: name, Unit: unit, About: about, tell: func(now S, observe func(uint64, ...metric.ObserveOption)) {
		observe(read(now))
	}}
}

// Tally is a sum by reason. What is read has all reasons, those at 0 too: an
// alert sees the first one.
func Tally[S any](name, unit, about string, read func(S) map[string]uint64) Metric[S] {
	return Metric[S]{Name: name, Unit: unit, About: about, tell: func(now S, observe func(uint64, ...metric.ObserveOption)) {
		for reason, n := range read(now) {
			observe(n, Because(reason))
		}
	}}
}

// Observe reads the state, once for all of the metrics, until the registration
// ends. Each number has the attributes.
func (s Set[S]) Observe(meter metric.Meter, state func() S, attributes ...attribute.KeyValue) (metric.Registration, error) {
	made, all, errs := make([]metric.Int64Observable, len(s)), make([]metric.Observable, len(s)), make([]error, len(s))
	for i, m := range s {
		made[i], errs[i] = m.make(meter)
		all[i] = made[i]
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	with := metric.WithAttributes(attributes...)
	return meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		now := state()
		for i, m := range s {
			m.tell(now, func(n uint64, more ...metric.ObserveOption) {
				to.ObserveInt64(made[i], int64(n), append(more, with)...)
			})
		}
		return nil
	}, all...)
}

func (m Metric[S]) make(meter metric.Meter) (metric.Int64Observable, error) {
	if m.gauge {
		return meter.Int64ObservableGauge(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.About))
	}
	return meter.Int64ObservableCounter(m.Name, metric.WithUnit(m.Unit), metric.WithDescription(m.About))
}

// Counter makes one that its owner adds to. It begins at 0 for each reason that
// it has, if any: an alert sees the first one.
func Counter(meter metric.Meter, name, unit, about string, reasons ...string) (metric.Int64Counter, error) {
	c, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(about))
	if err != nil {
		return nil, err
	}
	for _, reason := range reasons {
		c.Add(context.Background(), 0, Because(reason))
	}
	if len(reasons) == 0 {
		c.Add(context.Background(), 0)
	}
	return c, nil
}

// Because is the attribute of a reason.
func Because(reason string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String(KeyReason, reason))
}
