package compact

import (
	"crypto/tls"
	"maps"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/rewrite"
)

// Option configures an Exporter.
type Option interface{ apply(*options) }

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

type options struct {
	endpoint string
	tls      *tls.Config
	headers  map[string]string
	maxAge   time.Duration
	ids      ShortIDs
	dial     []grpc.DialOption
	report   func(error)
	meters   metric.MeterProvider // nil: OTel's global one
}

func optionsOf(opts []Option) options {
	o := options{endpoint: DefaultEndpoint, report: otel.Handle}
	for _, opt := range opts {
		if opt != nil {
			opt.apply(&o)
		}
	}
	return o
}

// WithEndpoint says where the collector's compact receiver is: a URL, whose https
// stands for TLS, or host:port, which is by TLS unless the host is this one. Without
// a port it is 4319. The default is DefaultEndpoint.
func WithEndpoint(url string) Option { return optionFunc(func(o *options) { o.endpoint = url }) }

// WithTLSConfig connects by TLS with this configuration, whatever scheme the
// endpoint has. nil leaves it to the endpoint.
func WithTLSConfig(c *tls.Config) Option { return optionFunc(func(o *options) { o.tls = c }) }

// WithHeaders sends these with each stream, such as credentials.
func WithHeaders(h map[string]string) Option {
	return optionFunc(func(o *options) { o.headers = maps.Clone(h) })
}

// WithMaxAge says after which time a stream ends and another begins, so that
// load balancers spread them anew; 30 min. Below 0: never.
func WithMaxAge(d time.Duration) Option { return optionFunc(func(o *options) { o.maxAge = d }) }

// ShortIDs says what becomes of trace IDs that were not born short.
type ShortIDs uint8

const (
	// Born leaves IDs as they are: the default. Those that were born short take
	// less room.
	Born ShortIDs = iota
	// Rewrite gives other traces IDs that are born short; of theirs the short ID is
	// left (package wire/rewrite). Chains whose spans come another way, too, fall
	// apart then: other processes' among them.
	Rewrite
)

// String is the value of settings.
func (i ShortIDs) String() string {
	if i == Rewrite {
		return "rewrite"
	}
	return "born"
}

// WithShortIDs says what becomes of trace IDs that were not born short.
func WithShortIDs(i ShortIDs) Option { return optionFunc(func(o *options) { o.ids = i }) }

// WithDialOptions adds to how gRPC connects.
func WithDialOptions(d ...grpc.DialOption) Option {
	return optionFunc(func(o *options) { o.dial = append(o.dial, d...) })
}

// WithReport tells report instead of OTel's error handler, once a minute at
// most, why spans wait.
func WithReport(report func(error)) Option {
	return optionFunc(func(o *options) {
		if report != nil {
			o.report = report
		}
	})
}

// WithMeterProvider tells the exporter's own metrics there (docs/metrics.md); the
// default is OTel's global meter provider.
func WithMeterProvider(m metric.MeterProvider) Option {
	return optionFunc(func(o *options) { o.meters = m })
}

// rewriter shows what is sent with other IDs; nil where they stay.
func (o *options) rewriter() func(wire.Source) wire.Source {
	if o.ids != Rewrite {
		return nil
	}
	return rewrite.NewTable(0).Source
}
