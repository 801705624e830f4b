package sdk

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// TracerProvider makes tracers whose spans are decided, counted and exported
// as its options say. It is safe for concurrent use.
type TracerProvider struct {
	embedded.TracerProvider

	options       options
	resource      *resource.Resource
	policy        sampler.Policy
	storm         *sampler.Storm // nil: no bound
	limits        limits
	clock         clock
	ids           idSource
	bodies        bodies
	states        thresholdStates
	stats         stats
	recent        recent
	observer      metric.Registration
	edges         *edges            // nil: calls are not counted
	borrows       bool              // no exporter keeps records
	roots         sampler.Threshold // of traces that begin here,
	plainRoots    bool              // where that does not depend on them
	marks         sampler.Marks     // that keep spans,
	plainMarks    bool              // where nothing else does
	records       bool              // spans that are not sampled may matter
	recordsPanics bool

	processors atomic.Pointer[[]sdktrace.SpanProcessor]
	pumps      []*pump
	stopped    atomic.Bool
	stop       chan struct{}
	workers    sync.WaitGroup

	mu      sync.Mutex
	tracers map[instrumentation.Scope]*tracer
}

var _ trace.TracerProvider = (*TracerProvider)(nil)

// NewTracerProvider is a provider with the options; what they leave open the
// environment's OTEL_ variables decide as for OTel's SDK.
func NewTracerProvider(opts ...Option) *TracerProvider {
	o := fromEnvironment()
	o.apply(opts)
	return newProvider(o)
}

func newProvider(o options) *TracerProvider {
	o.share()
	if o.resource == nil {
		o.resource = resource.Default()
	}
	if o.limits.AttributeValueDepthLimit == 0 {
		o.limits.AttributeValueDepthLimit = sdktrace.DefaultAttributeValueDepthLimit // as OTel's SDK takes it
	}
	p := &TracerProvider{
		options: o, resource: o.resource, policy: o.marked(), limits: limits{o.limits}, recordsPanics: !o.silentPanic,
		stop: make(chan struct{}), tracers: map[instrumentation.Scope]*tracer{},
	}
	p.prepare()
	p.run()
	p.observe()
	return p
}

func (p *TracerProvider) prepare() {
	p.clock.start()
	p.ids.kind, p.ids.generator = p.options.ids, p.options.generator
	p.ids.key = rand.Uint64() >> 1 // so that no process counts to the number whose ID is zero
	p.bodies.bound(p.options.maxBodies)
	if p.options.stormBudget > 0 {
		p.storm = sampler.NewStorm(p.options.stormBudget)
	}
	p.edges = newEdges(p)
	p.roots, p.plainRoots = p.policy.OfRoots()
	p.marks, p.plainMarks = p.policy.Keep.(sampler.Marks)
	p.borrows = !slices.ContainsFunc(p.options.exporters, func(e exporterOption) bool { return !e.Borrows && e.native == nil })
	p.records = p.edges != nil || keepsMore(p.policy)
	list := append([]sdktrace.SpanProcessor(nil), p.options.processors...)
	p.processors.Store(&list)
}

// run starts the workers; Shutdown waits for them.
func (p *TracerProvider) run() {
	for _, e := range p.options.exporters {
		pump := newPump(p, e)
		p.pumps = append(p.pumps, pump)
		if !e.immediate {
			p.workers.Go(pump.run)
		}
	}
	p.workers.Go(p.keepTime)
}

// keepTime tells what adapts that time goes on.
func (p *TracerProvider) keepTime() {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	for {
		select {
		case now := <-seconds.C:
			p.clock.follow()
			p.policy.Tick(now.Unix())
			if p.options.sightings != nil {
				p.options.sightings.Tick(now.Unix())
			}
			if p.storm != nil {
				p.storm.Tick(now.Unix())
			}
		case <-p.stop:
			return
		}
	}
}

const defaultTracerName = "github.com/jcallgraph/jcallgraph/sdk"

// Tracer is the tracer of an instrumentation scope: the same for the same one.
func (p *TracerProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	if p.stopped.Load() {
		return noop.NewTracerProvider().Tracer(name, opts...)
	}
	if name == "" {
		name = defaultTracerName
	}
	c := trace.NewTracerConfig(opts...)
	key := instrumentation.Scope{
		Name: name, Version: c.InstrumentationVersion(), SchemaURL: c.SchemaURL(), Attributes: c.InstrumentationAttributes(),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t, known := p.tracers[key]
	if !known {
		t = &tracer{scope: &scope{provider: p, instrumentation: key}}
		p.tracers[key] = t
	}
	return t
}

// RegisterSpanProcessor adds a processor.
func (p *TracerProvider) RegisterSpanProcessor(sp sdktrace.SpanProcessor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped.Load() || sp == nil {
		return
	}
	list := append(append([]sdktrace.SpanProcessor(nil), p.listeners()...), sp)
	p.processors.Store(&list)
}

// UnregisterSpanProcessor removes a processor and shuts it down.
func (p *TracerProvider) UnregisterSpanProcessor(sp sdktrace.SpanProcessor) {
	if !p.remove(sp) {
		return
	}
	if err := sp.Shutdown(context.Background()); err != nil {
		handle(err)
	}
}

func (p *TracerProvider) remove(sp sdktrace.SpanProcessor) (found bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped.Load() {
		return false
	}
	var left []sdktrace.SpanProcessor
	for _, l := range p.listeners() {
		if l == sp && !found {
			found = true
			continue
		}
		left = append(left, l)
	}
	p.processors.Store(&left)
	return found
}

func (p *TracerProvider) listeners() []sdktrace.SpanProcessor { return *p.processors.Load() }

// ForceFlush exports all spans that were decided, and the counts so far.
// Exporters that wait for their receiver have it wait as long as ctx allows: give
// it a deadline.
func (p *TracerProvider) ForceFlush(ctx context.Context) error {
	if p.stopped.Load() {
		return nil
	}
	return p.everywhere(
		func() error {
			return each(p.listeners(), func(l sdktrace.SpanProcessor) error { return l.ForceFlush(ctx) })
		},
		func(to *pump) error { return to.flush(ctx) },
		func() error { return p.edges.flush(ctx) },
	)
}

// Shutdown exports what is left and ends the workers. Later spans are counted
// as dropped. A second Shutdown does nothing.
func (p *TracerProvider) Shutdown(ctx context.Context) error {
	p.mu.Lock()
	listeners := p.listeners()
	p.processors.Store(&[]sdktrace.SpanProcessor{})
	again := p.stopped.Swap(true)
	p.mu.Unlock()
	if again {
		return nil
	}
	err := p.everywhere(
		func() error { return each(listeners, func(l sdktrace.SpanProcessor) error { return l.Shutdown(ctx) }) },
		func(to *pump) error { return to.close(ctx) },
		func() error { return p.edges.shutdown(ctx) },
	)
	close(p.stop)
	return errors.Join(err, p.wait(ctx), p.observer.Unregister())
}

// everywhere does what is to be done with the processors, each exporter and the
// counts, all at a time: none that is stuck takes the others' time.
func (p *TracerProvider) everywhere(processors func() error, exporter func(*pump) error, counts func() error) error {
	errs := make([]error, len(p.pumps)+2)
	var all sync.WaitGroup
	for i, to := range p.pumps {
		all.Go(func() { errs[i+1] = exporter(to) })
	}
	all.Go(func() { errs[len(errs)-1] = counts() })
	errs[0] = processors()
	all.Wait()
	return errors.Join(errs...)
}

// each does the same with all processors, one after the other.
func each(all []sdktrace.SpanProcessor, do func(sdktrace.SpanProcessor) error) error {
	var errs []error
	for _, l := range all {
		errs = append(errs, do(l))
	}
	return errors.Join(errs...)
}

// wait waits for the workers as long as ctx allows.
func (p *TracerProvider) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { p.workers.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
