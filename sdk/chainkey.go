package sdk

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// carried is what the options have the propagator do.
func (o *options) carried() tracecontext.Options {
	own := slices.Clone(o.chainKeys)
	if o.debugKey != "" {
		own = append(own, o.debugKey)
	}
	return tracecontext.Options{OwnKeys: own, Public: o.public}
}

// takeRandomness has a trace that begins with a business key sampled by it, so
// that all traces of the key are kept or none.
func (r *localRoot) takeRandomness(ctx context.Context) {
	for _, key := range r.provider.options.chainKeys {
		if value, ok := tracecontext.BaggageValue(ctx, key); ok {
			if r.origin == nil {
				r.origin = &origin{}
			}
			r.origin.ot = sampler.State{HasRandomness: true, Randomness: r.provider.keyRandomness(value)}
			return
		}
	}
}

func (p *TracerProvider) keyRandomness(value string) sampler.Randomness {
	return sampler.Randomness(callgraph.KeyRandomness(p.options.chainSecret, value))
}

func (p *TracerProvider) carriesKeys() bool { return len(p.options.chainKeys) > 0 }

// takeKeys copies business keys from the baggage to the span that starts.
func (s *span) takeKeys() {
	for _, key := range s.provider.options.chainKeys {
		value, ok := tracecontext.BaggageValue(s.ctx, key)
		if !ok {
			continue
		}
		if b := s.holdBody(); b != nil {
			b.setAttributes(&s.provider.limits, []attribute.KeyValue{attribute.String(key, value)})
		}
	}
}

// joinChain keeps a local trace that learned its business key too late to be
// sampled by it, if the key's other traces are kept. Its spans have no weight.
func (s *span) joinChain() {
	r := s.root
	if r.traits.sampled() || r.origin != nil && r.origin.ot.HasRandomness {
		return
	}
	for _, key := range s.provider.options.chainKeys {
		if value, ok := tracecontext.BaggageValue(s.ctx, key); ok {
			r.joinOthers(value)
			return
		}
	}
}

// joinOthers decides the local trace once more, as one that began with the key.
func (r *localRoot) joinOthers(value string) {
	if !r.mark(stateAsked) {
		return
	}
	start := r.samplingStart(r.Name(), nil)
	start.Randomness, start.Parent = r.provider.keyRandomness(value), sampler.Parent{}
	if r.provider.policy.Head(start).Sampled {
		r.mark(stateJoined)
	}
}
