// Package logicalchainprocessor tells a store which traces carry which business
// keys, beside passing their spans on: package logicalchain as a component of
// the collector.
package logicalchainprocessor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
	"github.com/jcallgraph/jcallgraph/storage"
)

// NewFactory is the factory of the processor call_graph_logical_chain.
func NewFactory() processor.Factory {
	return processor.NewFactory(component.MustNewType("call_graph_logical_chain"),
		func() component.Config { return &Config{Storage: component.MustNewID("call_graph_storage")} },
		processor.WithTraces(newTraces, component.StabilityLevelAlpha))
}

func newTraces(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	c := cfg.(*Config)
	rules, err := logicalchain.New(logicalchain.Config{Keys: c.Keys})
	if err != nil {
		return nil, err
	}
	counter, err := newCounters(set.MeterProvider)
	if err != nil {
		return nil, fmt.Errorf("create the processor's own metrics: %w", err)
	}
	return &logicalChain{config: c, observer: logicalchain.NewObserver(rules, logicalchain.Annotate(c.Annotate)), counter: counter, next: next}, nil
}

type logicalChain struct {
	component.ShutdownFunc
	config   *Config
	observer *logicalchain.Observer
	counter  *counters
	next     consumer.Traces
	writer   storage.KeyWriter // from Start on; nil without a backend
}

// Capabilities implements consumer.Traces.
func (p *logicalChain) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: p.observer.Mutates()}
}

// Start implements component.Component.
func (p *logicalChain) Start(_ context.Context, host component.Host) error {
	if p.config.Backend == "" {
		return nil
	}
	backend, err := storage.Find(host.GetExtensions(), p.config.Storage, p.config.Backend)
	p.writer = backend
	return err
}

// ConsumeTraces implements consumer.Traces. It returns nil once what follows
// has taken the spans and the keys are durable. Its own errors are retryable.
func (p *logicalChain) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	taken := p.observer.Take(td, time.Now())
	p.counter.took(ctx, taken)
	if p.writer == nil || len(taken.Sightings) == 0 {
		return p.next.ConsumeTraces(ctx, td)
	}
	written := make(chan error, 1)
	go func() { written <- p.write(ctx, taken.Sightings) }()
	err := p.next.ConsumeTraces(ctx, td)
	if failed := <-written; failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

func (p *logicalChain) write(ctx context.Context, sightings []callgraph.Sighting) error {
	if err := p.writer.WriteSightings(ctx, sightings); err != nil {
		p.counter.failed(ctx, err)
		return fmt.Errorf("write which traces carry which business keys: %w", err)
	}
	p.observer.Written(sightings)
	p.counter.written.Add(ctx, int64(len(sightings)))
	return nil
}
