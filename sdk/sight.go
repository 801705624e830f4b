package sdk

import (
	"context"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// WithFirstSight keeps the first call of each edge in that time, so that a
// graph that is built from kept chains alone is whole at any rate.
func WithFirstSight(every time.Duration) Option {
	return optionFunc(func(o *options) { o.sightings = sampler.NewSightings(every) })
}

// WithDebugKey keeps the traces whose baggage has the key with the value 1 or
// true: somebody asked for them.
func WithDebugKey(key string) Option { return optionFunc(func(o *options) { o.debugKey = key }) }

// marked is the policy with what these options ask for.
func (o *options) marked() sampler.Policy {
	p := o.policy
	if o.sightings != nil {
		p.Keep = sampler.Any(p.Keep, sampler.FirstSight)
	}
	if o.debugKey != "" {
		p.Keep = sampler.Any(p.Keep, sampler.Debug)
	}
	return p
}

// firstSight reports whether the span's call is the first of its edge in a
// while. The caller holds mu.
func (s *span) firstSight(f *spanfact.Facts) bool {
	seen := s.provider.options.sightings
	if seen == nil {
		return false
	}
	second := s.end() / int64(time.Second)
	switch {
	case isExit(s.traits.kind()):
		return seen.First(f.PeerName(), s.name, second)
	case s == &s.root.span:
		return seen.First(s.root.callerName(), s.name, second)
	}
	return false
}

// callerName tells the callers of a local root apart.
func (r *localRoot) callerName() string {
	if r.origin == nil || !r.origin.hasEntry {
		return ""
	}
	return r.origin.entry.Caller.String()
}

// takeDebug notes that somebody asked for the trace.
func (r *localRoot) takeDebug(ctx context.Context) {
	key := r.provider.options.debugKey
	if key == "" {
		return
	}
	if v, _ := tracecontext.BaggageValue(ctx, key); v != "1" && v != "true" {
		return
	}
	if r.origin == nil {
		r.origin = &origin{}
	}
	r.origin.debug = true
}

// needsLook reports whether a span that says nothing of itself is to be looked
// at all the same.
func (s *span) needsLook() bool {
	return s.body != nil || s.statusCode != 0 || isExit(s.traits.kind()) || s.provider.options.sightings != nil
}
