// Package compactexporter sends chains and counts of calls to another collector
// in the compact format, and decides what an acknowledgement means: they are
// durable there. What the other end can't take now waits or comes again, what it
// never will is refused as permanent.
package compactexporter

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// NewFactory is the factory of the exporter compact.
func NewFactory() exporter.Factory {
	s := &senders{of: map[*Config]*sender{}}
	return exporter.NewFactory(component.MustNewType("compact"), defaultConfig,
		exporter.WithTraces(s.traces, component.StabilityLevelAlpha),
		exporter.WithMetrics(s.metrics, component.StabilityLevelAlpha))
}

// senders are those in use: the two signals of one exporter share theirs, and
// with it the streams.
type senders struct {
	mu sync.Mutex
	of map[*Config]*sender
}

func (s *senders) join(set exporter.Settings, cfg *Config) *sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	shared := s.of[cfg]
	if shared == nil {
		shared = newSender(set, cfg)
		s.of[cfg] = shared
	}
	shared.users++
	return shared
}

// leave ends the sender with its last user.
func (s *senders) leave(ctx context.Context, shared *sender) error {
	s.mu.Lock()
	shared.users--
	last := shared.users == 0
	if last {
		delete(s.of, shared.config)
	}
	s.mu.Unlock()
	if !last {
		return nil
	}
	return shared.shutdown(ctx)
}

func (s *senders) traces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	shared := s.join(set, cfg.(*Config))
	e, err := exporterhelper.NewTraces(ctx, set, cfg, shared.pushTraces, shared.helperOptions()...)
	return tracesExporter{e, s.ending(shared, e)}, err
}

func (s *senders) metrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	shared := s.join(set, cfg.(*Config))
	e, err := exporterhelper.NewMetrics(ctx, set, cfg, shared.pushMetrics, shared.helperOptions()...)
	return metricsExporter{e, s.ending(shared, e)}, err
}

func (s *sender) helperOptions() []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithStart(s.start),
		exporterhelper.WithTimeout(s.config.Timeout),
		exporterhelper.WithRetry(s.config.Retry),
		exporterhelper.WithQueue(s.config.Queue),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
	}
}

// The helper's exporters, which end as ending says.
type (
	tracesExporter struct {
		exporter.Traces
		*ending
	}
	metricsExporter struct {
		exporter.Metrics
		*ending
	}
)

// Shutdown implements component.Component.
func (e tracesExporter) Shutdown(ctx context.Context) error { return e.end(ctx) }

// Shutdown implements component.Component.
func (e metricsExporter) Shutdown(ctx context.Context) error { return e.end(ctx) }

// ending is how one signal's exporter ends.
type ending struct {
	once   sync.Once
	helper component.Component
	sender *sender
	leave  func(context.Context, *sender) error
}

func (s *senders) ending(shared *sender, helper component.Component) *ending {
	return &ending{helper: helper, sender: shared, leave: s.leave}
}

// end lets the queue, if there is one, send what it holds, but not for ever:
// without a receiver it never would.
func (e *ending) end(ctx context.Context) (err error) {
	e.once.Do(func() {
		stop := e.sender.loseHope()
		defer stop()
		err = errors.Join(e.helper.Shutdown(ctx), e.leave(ctx, e.sender))
	})
	return err
}
