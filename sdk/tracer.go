package sdk

import (
	"context"

	rt "runtime/trace"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// Start starts a span below the current one of ctx. The context that it
// returns is the span's handle.
func (t *tracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	config, attributes := t.provider.readOptions(options)
	if ctx == nil {
		ctx = context.Background()
	}
	s, recorded := t.newSpan(ctx, name, &config)
	if !recorded {
		return s.unrecorded()
	}
	s.begin(ctx, &config, attributes)
	return s.context(), s
}

// readOptions leaves attributes in the options, where no rate asks for them.
func (p *TracerProvider) readOptions(options []trace.SpanStartOption) (c trace.SpanConfig, attributes []trace.SpanStartOption) {
	switch {
	case len(options) == 0:
		return c, nil
	case p.plainRoots:
		return startConfig(options)
	}
	return trace.NewSpanStartConfig(options...), nil
}

// newSpan makes the span; recorded is false where it cannot matter.
func (t *tracer) newSpan(ctx context.Context, name string, config *trace.SpanConfig) (s *span, recorded bool) {
	if config.NewRoot() {
		return t.newRoot(ctx, name, config, nil)
	}
	parent, foreign := currentSpan(ctx)
	if parent == nil || parent.provider != t.provider {
		return t.newRoot(ctx, name, config, foreign)
	}
	parent.addChild()
	if isEntry(trace.ValidateSpanKind(config.SpanKind())) {
		return t.newRoot(ctx, name, config, parent)
	}
	return t.newChild(ctx, name, config, parent), true
}

func (t *tracer) newChild(ctx context.Context, name string, config *trace.SpanConfig, parent *span) *span {
	s := &span{ctx: ctx, scope: t.scope, root: parent.root, parent: parent.id, name: name}
	s.traits = parent.traits&^(traitKind|traitLinked) | traits(trace.ValidateSpanKind(config.SpanKind()))
	s.setStart(config)
	s.id = s.root.newSpanID(ctx)
	return s
}

// newRoot starts a local trace: at a trace's root, below a span of another
// process or SDK, and at each entry span, so that a loop that takes in messages
// for ever is no one chain.
func (t *tracer) newRoot(ctx context.Context, name string, config *trace.SpanConfig, parent trace.Span) (s *span, recorded bool) {
	r := &localRoot{span: span{ctx: ctx, scope: t.scope, name: name}}
	r.root = r
	r.traits = traits(trace.ValidateSpanKind(config.SpanKind()))
	if t.provider.edges.taken() {
		r.traits |= traitCounted
	}
	r.setStart(config)
	if parent != nil {
		r.join(parent)
	}
	if links := config.Links(); len(links) > 0 {
		r.takeLinks(links)
	}
	if r.traceID.IsValid() {
		r.id = r.newSpanID(ctx)
	} else {
		r.newIDs(ctx)
		r.takeRandomness(ctx)
	}
	r.takeDebug(ctx)
	return &r.span, r.decideHead(config)
}

func (s *span) setStart(config *trace.SpanConfig) {
	if t := config.Timestamp(); !t.IsZero() {
		s.started, s.flags = t.UnixNano(), flagWallStart
		return
	}
	s.started = s.provider.clock.now()
}

// decideHead decides the local trace's successes; false: nothing of it can
// leave or be counted.
func (r *localRoot) decideHead(config *trace.SpanConfig) bool {
	p := r.provider
	var head sampler.Head
	if r.origin == nil && p.plainRoots {
		head = sampler.HeadOf(p.roots, sampler.RandomnessOf(r.traceID))
	} else {
		head = p.policy.Head(r.samplingStart(r.name, config.Attributes()))
	}
	if head.Sampled {
		r.traits |= traitSampled
	}
	if head.Weighted {
		r.traits |= traitWeighted
		r.threshold = head.Threshold
	}
	if r.isRandom() {
		r.traits |= traitRandom
	}
	return head.Sampled || p.records
}

func (r *localRoot) samplingStart(name string, attributes []attribute.KeyValue) sampler.Start {
	return sampler.Start{
		TraceID: r.traceID, Randomness: r.randomness(), Parent: r.samplingParent(), Operation: name,
		Kind: r.traits.kind(), Attributes: attributes,
	}
}

// isRandom: W3C's random flag is the parent's, or says how we make IDs.
func (r *localRoot) isRandom() bool {
	if r.origin != nil && r.origin.parent != nil {
		return r.origin.parent.Flags().IsRandom()
	}
	return r.provider.ids.generator == nil && r.provider.ids.kind == W3C
}

// begin takes in what the span was started with, and tells the processors.
func (s *span) begin(ctx context.Context, config *trace.SpanConfig, more []trace.SpanStartOption) {
	s.take(config, more)
	for _, p := range s.provider.listeners() {
		p.OnStart(ctx, s)
	}
	if rt.IsEnabled() {
		s.beginTask()
	}
}

// take needs no lock: nobody else knows the span yet.
func (s *span) take(config *trace.SpanConfig, more []trace.SpanStartOption) {
	attributes, links := config.Attributes(), config.Links()
	if len(attributes) == 0 && len(links) == 0 && len(more) == 0 && !s.provider.carriesKeys() {
		return
	}
	for i := range links {
		s.addLink(links[i])
	}
	if len(attributes) > 0 {
		if b := s.holdBody(); b != nil {
			b.startAttributes(&s.provider.limits, attributes)
		}
	}
	for _, o := range more {
		if b := s.holdBody(); b != nil {
			b.takeOption(&s.provider.limits, o)
		}
	}
	if s.provider.carriesKeys() {
		s.takeKeys()
		s.joinChain()
	}
}

// beginTask shows the span in Go's execution traces.
func (s *span) beginTask() {
	ctx, task := rt.NewTask(s.ctx, s.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.holdBody(); b != nil {
		s.ctx, b.endTask = ctx, task.End
		return
	}
	task.End()
}

// unrecorded stands for a span that is neither recorded nor counted: it only
// hands the trace on.
func (s *span) unrecorded() (context.Context, trace.Span) {
	if s.body != nil {
		s.provider.bodies.giveBack(s.body)
	}
	silent := silentSpan{scope: s.scope, spanContext: s.SpanContext()}
	return trace.ContextWithSpan(s.ctx, silent), silent
}
