package application

import (
	"context"
	"errors"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// Options are how the services trace.
type Options struct {
	Policy      sampler.Policy
	StormBudget int // 0: the SDK's own; below 0: none
	// Collector is the address of its OTLP/gRPC receiver.
	Collector string
	// Record, where it is set, gets the spans in the collector's place, which then
	// gets the counts of calls only.
	Record sdktrace.SpanExporter
	Queue  int // of each service; 0: the SDK's own
}

// Application is the services.
type Application struct {
	services   map[string]*service
	propagator propagation.TextMapPropagator
	wire       *wire
	made       counts
}

type service struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// New starts the services. Close ends them.
func New(ctx context.Context, o Options) (*Application, error) {
	a := &Application{services: map[string]*service{}, propagator: sdk.Propagator()}
	var err error
	if a.wire, err = newWire(ctx, o); err != nil {
		return nil, err
	}
	for _, name := range services {
		p := sdk.NewTracerProvider(a.options(o, name)...)
		a.services[name] = &service{p, p.Tracer("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp")}
	}
	return a, nil
}

func (a *Application) options(o Options, name string) []sdk.Option {
	described := resource.NewSchemaless(
		attribute.String("service.name", name), attribute.String("service.namespace", "bench"),
		attribute.String("service.instance.id", name+"-1"), attribute.String("deployment.environment.name", "bench"),
	)
	opts := []sdk.Option{sdk.WithResource(described), sdk.WithPolicy(o.Policy)}
	if o.StormBudget != 0 {
		opts = append(opts, sdk.WithStormBudget(o.StormBudget))
	}
	return append(opts, a.wire.options(o)...)
}

// Flush exports what was decided, and counted.
func (a *Application) Flush(ctx context.Context) error {
	var errs []error
	for _, s := range a.services {
		errs = append(errs, s.provider.ForceFlush(ctx))
	}
	return errors.Join(errs...)
}

// Became says what became of the spans of all services.
func (a *Application) Became() (sum sdk.SpanStatus) {
	for _, s := range a.services {
		one := s.provider.Status().Spans
		sum.KeptFailed += one.KeptFailed
		sum.KeptByRate += one.KeptByRate
		sum.Discarded += one.Discarded
		sum.Thinned += one.Thinned
		sum.Dropped.QueueFailed += one.Dropped.QueueFailed
		sum.Dropped.QueueOthers += one.Dropped.QueueOthers
		sum.Dropped.Export += one.Dropped.Export
	}
	return sum
}

// Close flushes and ends the services.
func (a *Application) Close(ctx context.Context) error {
	var errs []error
	for _, s := range a.services {
		errs = append(errs, s.provider.Shutdown(ctx))
	}
	return errors.Join(append(errs, a.wire.close(ctx))...)
}

// Failure makes a request fail: its innermost call fails, and all that wait for
// it do. Type is its error.type. The zero value is none.
type Failure struct{ Type string }

// Serve takes in one request; kind chooses which. It may be called by many
// goroutines.
func (a *Application) Serve(kind int, header http.Header, f Failure) {
	c := &requests[kind%len(requests)]
	a.serve(c, header, f)
	a.made.request(f.Type != "")
}

// serve is the callee's half.
func (a *Application) serve(c *call, header http.Header, f Failure) {
	ctx := a.propagator.Extract(context.Background(), propagation.HeaderCarrier(header))
	s := a.services[c.service]
	ctx, span := s.tracer.Start(ctx, c.operation, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(c.atStart()...))
	defer span.End()
	for i := range c.calls {
		next := f
		if i < len(c.calls)-1 {
			next = Failure{} // the last one is what fails
		}
		a.call(ctx, s, c, &c.calls[i], next)
	}
	finish(span, c, f)
}

// call is the caller's half.
func (a *Application) call(ctx context.Context, s *service, caller, callee *call, f Failure) {
	ctx, span := s.tracer.Start(ctx, callee.operation, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(callee.atStart()...))
	defer span.End()
	if !callee.virtual {
		header := make(http.Header, 3)
		a.propagator.Inject(ctx, propagation.HeaderCarrier(header))
		a.serve(callee, header, f)
	}
	finish(span, callee, f)
	a.made.call(Pair{caller.service, callee.service}, f.Type != "")
}

func finish(span trace.Span, c *call, f Failure) {
	span.SetAttributes(c.atEnd(f.Type != "")...)
	if f.Type != "" {
		span.SetAttributes(attribute.String("error.type", f.Type))
		span.SetStatus(codes.Error, f.Type)
	}
}
