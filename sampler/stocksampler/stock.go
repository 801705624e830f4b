package stocksampler

import (
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// Bounds of what is held. Whatever reaches one is decided early, by what is
// known then, and counted.
const (
	spansPerTrace = 64
	maxWait       = 10 * time.Second // that an ended span is held
	defaultSpans  = 16_384           // ended spans held
)

// Stock is a policy for OpenTelemetry's Go SDK: the provider's sampler, and by
// Wrap its span processor. It needs both. A Stock serves one provider.
type Stock struct {
	policy    sampler.Policy
	storm     *sampler.Storm
	sightings *sampler.Sightings
	spans     int // held at most
	unsampled sdktrace.SamplingDecision
	counts    counts
}

// Option changes a Stock.
type Option interface{ apply(*Stock) }

type option func(*Stock)

func (o option) apply(s *Stock) { o(s) }

// WithErrorBudget thins out the failures of a storm: above that many a second,
// each signature (span name and error.type) gets a threshold of its own.
func WithErrorBudget(perSecond int) Option {
	return option(func(s *Stock) { s.storm = sampler.NewStorm(perSecond) })
}

// WithFirstSight finds the first call of an edge in a while, for a policy that
// keeps sampler.FirstSight: of an entry of this process to a client, producer,
// server or consumer span.
func WithFirstSight(every time.Duration) Option {
	return option(func(s *Stock) { s.sightings = sampler.NewSightings(every) })
}

// WithMaxSpans bounds the ended spans that are held, 16,384 by default.
func WithMaxSpans(spans int) Option {
	return option(func(s *Stock) { s.spans = max(spans, 1) })
}

// New makes a Stock of a policy. A policy without Keep is a plain sampler:
// spans that it does not sample are not recorded.
func New(policy sampler.Policy, options ...Option) *Stock {
	s := &Stock{policy: policy, spans: defaultSpans, unsampled: sdktrace.RecordOnly}
	if policy.Keep == nil || policy.Keep == sampler.None {
		s.unsampled = sdktrace.Drop
	}
	for _, o := range options {
		o.apply(s)
	}
	return s
}
