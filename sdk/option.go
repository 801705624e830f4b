package sdk

import (
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
)

// Option configures a TracerProvider.
type Option interface{ apply(*options) }

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// options are what a provider is made of.
type options struct {
	resource    *resource.Resource
	policy      sampler.Policy
	stormBudget int
	scope       Scope
	limits      sdktrace.SpanLimits
	ids         IDs
	generator   sdktrace.IDGenerator
	processors  []sdktrace.SpanProcessor
	exporters   []exporterOption
	maxBodies   int
	silentPanic bool
	public      bool
	chainKeys   []string
	chainSecret string
	meters      metric.MeterProvider
	edges       edgeOptions
	sightings   *sampler.Sightings
	debugKey    string

	ownPolicy  bool         // the application gave it
	batching   Batching     // of exporters that say none
	log        slog.Handler // for Setup; nil: slog's default stays
	logOptions []LogOption
}

func (o *options) apply(opts []Option) {
	for _, opt := range opts {
		if opt != nil {
			opt.apply(o)
		}
	}
}

// Scope is what of a local trace is kept when one of its spans is kept
// whatever the rate.
type Scope uint8

const (
	// ScopeTrace keeps the whole local trace: the default.
	ScopeTrace Scope = iota
	// ScopePath keeps the spans from the local root to the one that is kept.
	ScopePath
	// ScopeSpan keeps that span alone.
	ScopeSpan
)

// String is the value of the setting scope.
func (s Scope) String() string {
	switch s {
	case ScopePath:
		return "path"
	case ScopeSpan:
		return "span"
	}
	return "trace"
}

// Defaults of the bounds.
const (
	// DefaultBodies is how many spans at a time hold more than name, status and
	// times; about 0.8 kB each.
	DefaultBodies = setting.DefaultBodies
	// DefaultStormBudget is how many failed local traces are kept in a second.
	DefaultStormBudget = setting.DefaultStormBudget
)

// WithResource describes the process. Resource attributes of the environment
// are added where it does not have them.
func WithResource(r *resource.Resource) Option {
	return optionFunc(func(o *options) {
		merged, err := resource.Merge(resource.Environment(), r)
		if err != nil {
			otel.Handle(err)
		}
		o.resource = merged
	})
}

// WithPolicy decides which spans leave. Without it the environment does
// (OTEL_TRACES_SAMPLER), and failed spans are kept on top.
func WithPolicy(p sampler.Policy) Option {
	return optionFunc(func(o *options) { o.policy, o.ownPolicy = p, true })
}

// WithStormBudget bounds the failed local traces that are kept in a second;
// beyond it each kind of failure is thinned out, and weighted for it. A budget
// below 1 is no bound.
func WithStormBudget(perSecond int) Option {
	return optionFunc(func(o *options) { o.stormBudget = perSecond })
}

// WithScope says what is kept with a span that failed.
func WithScope(s Scope) Option { return optionFunc(func(o *options) { o.scope = s }) }

// WithSpanLimits bounds what a span holds, as sdktrace.WithRawSpanLimits does: a
// limit of zero allows none, one below is no limit. sdktrace.NewSpanLimits has the
// defaults, which are the environment's.
func WithSpanLimits(l sdktrace.SpanLimits) Option {
	return optionFunc(func(o *options) { o.limits = l })
}

// WithIDs chooses how trace and span IDs are made.
func WithIDs(i IDs) Option { return optionFunc(func(o *options) { o.ids = i }) }

// WithIDGenerator has trace and span IDs made by g.
func WithIDGenerator(g sdktrace.IDGenerator) Option {
	return optionFunc(func(o *options) { o.generator = g })
}

// WithSpanProcessor adds a processor of OTel's SDK. It sees every span, with
// the sampled flag of the local trace's successes, or set where the span is
// kept whatever the rate. Give exporters to WithExporter instead: that keeps
// whole failed local traces, which a processor cannot.
func WithSpanProcessor(p sdktrace.SpanProcessor) Option {
	return optionFunc(func(o *options) {
		if p != nil {
			o.processors = append(o.processors, p)
		}
	})
}

// WithMaxBodies bounds how many spans at a time hold more than name, status
// and times.
func WithMaxBodies(n int) Option { return optionFunc(func(o *options) { o.maxBodies = n }) }

// WithoutPanicRecording has End not record a panic that it is deferred in.
func WithoutPanicRecording() Option { return optionFunc(func(o *options) { o.silentPanic = true }) }

// WithPublicEndpoint has the process believe no remote parent: its traces link
// to them, and begin here. Where only some listeners are public, see Untrusted.
func WithPublicEndpoint() Option { return optionFunc(func(o *options) { o.public = true }) }

// WithChainKeys names baggage entries, such as order.number, that are copied to
// the attributes of each span. Traces that carry the same value are kept
// together: the value, hashed with the secret, is their randomness. Processes
// that are to agree have the same secret.
func WithChainKeys(secret string, keys ...string) Option {
	return optionFunc(func(o *options) { o.chainSecret, o.chainKeys = secret, keys })
}

// WithMeterProvider tells the SDK's own metrics there; the default is the
// global one.
func WithMeterProvider(m metric.MeterProvider) Option {
	return optionFunc(func(o *options) { o.meters = m })
}

// WithLog has Setup make slog's default of the handler, by NewLogHandler.
func WithLog(h slog.Handler, opts ...LogOption) Option {
	return optionFunc(func(o *options) { o.log, o.logOptions = h, opts })
}
