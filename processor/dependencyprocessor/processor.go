package dependencyprocessor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
	"github.com/jcallgraph/jcallgraph/processor/dependency/wholechain"
	"github.com/jcallgraph/jcallgraph/storage"
)

// dependencyProcessor shows spans to an observer and passes them on.
type dependencyProcessor struct {
	settings component.TelemetrySettings
	id       component.ID
	config   *Config
	next     consumer.Traces
	running  *running

	observer *dependency.Observer // from Start on
	chains   *wholechain.Reader   // from Start on; nil where none are read
	keeper   *keeper              // from Start to Shutdown
	observed metric.Registration  // likewise
}

func newProcessor(set processor.Settings, c *Config, next consumer.Traces) *dependencyProcessor {
	return &dependencyProcessor{settings: set.TelemetrySettings, id: set.ID, config: c, next: next}
}

// Capabilities implements consumer.Traces.
func (*dependencyProcessor) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeTraces implements consumer.Traces. It fails only where what follows
// does. What is sent again for that is known within Config.Wait.
func (p *dependencyProcessor) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	p.observer.Add(td, time.Now())
	return p.next.ConsumeTraces(ctx, td)
}

// Start implements component.Component.
func (p *dependencyProcessor) Start(_ context.Context, host component.Host) error {
	backend, err := storage.Find(host.GetExtensions(), p.config.Storage, p.config.Backend)
	if err != nil {
		return err
	}
	if !p.config.WholeChains.Off {
		p.chains = wholechain.New(backend, p.chainOptions())
	}
	p.observer = dependency.New(p.options())
	p.keeper = newKeeper(p, backend)
	if err := p.running.enter(p.id); err != nil {
		return err
	}
	observed, err := metrics.Observe(p.settings.MeterProvider.Meter(meterName), p.stats)
	if err != nil {
		p.running.leave(p.id)
		return fmt.Errorf("create the processor's own metrics: %w", err)
	}
	p.observed = observed
	p.keeper.start()
	return nil
}

// Shutdown implements component.Component: it writes what was seen since the
// last flush. Local traces that are not whole by then give no evidence.
func (p *dependencyProcessor) Shutdown(ctx context.Context) error {
	if p.observed == nil {
		return nil
	}
	err := errors.Join(p.keeper.stop(ctx), p.observed.Unregister())
	p.observed = nil
	p.running.leave(p.id)
	return err
}

func (p *dependencyProcessor) options() dependency.Options {
	return dependency.Options{
		Wait: p.config.Wait, MaxSpans: p.config.MaxSpans, MaxSites: p.config.MaxSites,
		AssumeComplete: p.config.AssumeComplete, InjectedKeys: p.config.InjectedAttributes,
		Judged: p.judged,
	}
}

func (p *dependencyProcessor) judged(j localtrace.Judged) {
	if p.chains != nil {
		p.chains.Note(j, time.Now())
	}
}

func (p *dependencyProcessor) chainOptions() wholechain.Options {
	return wholechain.Options{
		Quiet: p.config.WholeChains.Quiet, Rate: p.config.WholeChains.Rate, MaxSites: p.config.MaxSites,
		AssumeComplete: p.config.AssumeComplete, InjectedKeys: p.config.InjectedAttributes,
	}
}
