// Package compact exports spans, and counts of calls, in the compact format
// (wire/SPEC.md): OTel's SDK for Go or package sdk feed it, a collector with the
// compact receiver takes what it sends. An export ends when the collector has
// made the spans durable. While none can be reached spans wait: giving up and
// sending again could store them twice.
package compact

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/seldom"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/client"
)

// Exporter is safe for concurrent use; all that it sends shares one stream.
type Exporter struct {
	endpoint endpoint
	client   *client.Client
	rewrite  func(wire.Source) wire.Source // nil: IDs stay
	sources  sync.Pool
	metrics  metric.Registration
}

var _ sdktrace.SpanExporter = (*Exporter)(nil)

// New makes an exporter, which connects when there is something to send.
func New(opts ...Option) (*Exporter, error) {
	o := optionsOf(opts)
	at, err := parseEndpoint(o.endpoint)
	if err != nil {
		return nil, fmt.Errorf("compact exporter: %w", err)
	}
	if err := checkHeaders(o.headers); err != nil {
		return nil, fmt.Errorf("compact exporter: %w", err)
	}
	at.secure = at.secure || o.tls != nil
	e := &Exporter{endpoint: at, sources: sync.Pool{New: func() any { return &Source{} }}, rewrite: o.rewriter()}
	dial := o.dialer(at)
	conn, err := dial(context.Background()) // it does not connect yet: this checks the options
	if err != nil {
		return nil, fmt.Errorf("compact exporter: connect to %s: %w", at, err)
	}
	_ = conn.Close()
	e.client = client.New(client.Options{Dial: dial, MaxAge: o.maxAge, Report: seldom.Errors(reportEvery, e.waiting(o.report))})
	if e.metrics, err = e.observe(o.meters); err != nil {
		return nil, fmt.Errorf("compact exporter: its own metrics: %w", err)
	}
	return e, nil
}

const meterName = "github.com/jcallgraph/jcallgraph/exporter/compact"

// observe tells what the client does, by endpoint.
func (e *Exporter) observe(meters metric.MeterProvider) (metric.Registration, error) {
	if meters == nil {
		meters = otel.GetMeterProvider()
	}
	stats := func() []client.Stats { return []client.Stats{e.client.Stats()} }
	return client.Observe(meters.Meter(meterName), stats, attribute.String("exporter", "compact/"+e.endpoint.host))
}

func (o *options) dialer(at endpoint) func(context.Context) (*grpc.ClientConn, error) {
	dial := append([]grpc.DialOption{grpc.WithTransportCredentials(o.credentials(at))}, o.dial...)
	if len(o.headers) > 0 {
		dial = append(dial, grpc.WithChainStreamInterceptor(sendHeaders(metadata.New(o.headers))))
	}
	return func(context.Context) (*grpc.ClientConn, error) { return grpc.NewClient(at.host, dial...) }
}

func (o *options) credentials(at endpoint) credentials.TransportCredentials {
	switch {
	case o.tls != nil:
		return credentials.NewTLS(o.tls)
	case at.secure:
		return credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	return insecure.NewCredentials()
}

func sendHeaders(headers metadata.MD) grpc.StreamClientInterceptor {
	return func(ctx context.Context, d *grpc.StreamDesc, conn *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		sent, _ := metadata.FromOutgoingContext(ctx)
		return next(metadata.NewOutgoingContext(ctx, metadata.Join(sent, headers)), d, conn, method, opts...)
	}
}

// ExportSpans returns once the collector has the spans, or when ctx ends: then
// they may have arrived or not. A *LostError says that some never will. It keeps
// no span.
func (e *Exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	s, ok := e.sources.Get().(*Source)
	if !ok {
		s = &Source{}
	}
	s.Read(spans)
	defer e.sources.Put(s)
	defer s.Forget()
	if s.Len() == 0 {
		return nil
	}
	return e.told(e.client.Send(ctx, e.shown(s)))
}

func (e *Exporter) shown(s wire.Source) wire.Source {
	if e.rewrite == nil {
		return s
	}
	return e.rewrite(s)
}

// ExportInterval is ExportSpans for counts of calls. The same number again is the
// same interval, which counts once.
func (e *Exporter) ExportInterval(ctx context.Context, i callgraph.Interval) error {
	return e.told(e.client.SendInterval(ctx, i))
}

// Shutdown ends the stream once what is being sent has arrived, or when ctx
// ends. A second Shutdown does nothing.
func (e *Exporter) Shutdown(ctx context.Context) error {
	return errors.Join(e.told(e.client.Shutdown(ctx)), e.metrics.Unregister())
}

// Stats are the counts so far, lost spans among them.
func (e *Exporter) Stats() client.Stats { return e.client.Stats() }

// MarshalLog says in OTel's log lines what the exporter is.
func (e *Exporter) MarshalLog() any {
	return struct{ Type, Endpoint string }{"compact", e.endpoint.String()}
}

// told is the client's error with where it was sent.
func (e *Exporter) told(err error) error {
	if err == nil {
		return nil
	}
	var lost *client.LostError
	if errors.As(err, &lost) {
		return &LostError{Spans: len(lost.TooLarge) + len(lost.Rejected), Interval: lost.Interval, err: fmt.Errorf("compact to %s: %w", e.endpoint, err)}
	}
	return fmt.Errorf("compact to %s: %w", e.endpoint, err)
}

// LostError says that some of what was to be sent never arrives: the rest has.
type LostError struct {
	Spans    int
	Interval bool
	err      error
}

func (e *LostError) Error() string { return e.err.Error() }

func (e *LostError) Unwrap() error { return e.err }

// Lost is how many spans are lost.
func (e *LostError) Lost() int { return e.Spans }

// Refused says that sending it again is in vain.
func (*LostError) Refused() bool { return true }

// Refused reports whether the error is the receiver's last word.
func Refused(err error) bool {
	var lost *LostError
	return errors.As(err, &lost)
}

// waiting says what follows from the client's trouble.
func (e *Exporter) waiting(report func(error)) func(error) {
	return func(err error) { report(fmt.Errorf("cannot reach %s: spans wait: %w", e.endpoint, err)) }
}

const reportEvery = time.Minute
