package sdktest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/sdk/sdktest"
)

var errStock = errors.New("out of stock")

// order is an application's code.
func order(ctx context.Context, tp trace.TracerProvider, available bool) {
	tracer := tp.Tracer("shop")
	ctx, span := tracer.Start(ctx, "order", trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	_, reserve := tracer.Start(ctx, "reserve", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("item", "lamp")))
	defer reserve.End()
	if !available {
		reserve.RecordError(errStock)
		reserve.SetStatus(codes.Error, "rejected")
	}
}

func TestSpansAreThereAtOnce(t *testing.T) {
	r := sdktest.New(t)
	_, span := r.TracerProvider().Tracer("").Start(t.Context(), "order")
	require.Empty(t, r.Spans())
	require.Equal(t, []string{"order"}, r.Open().Names())
	span.End()
	require.Equal(t, []string{"order"}, r.Spans().Names())
	require.Empty(t, r.Open())
}

func TestChildrenAreThereBeforeTheirRoots(t *testing.T) {
	r := sdktest.New(t)
	ctx, _ := r.TracerProvider().Tracer("").Start(t.Context(), "root")
	_, child := r.TracerProvider().Tracer("").Start(ctx, "child")
	child.End()
	require.Equal(t, []string{"child"}, r.Spans().Names())
	require.Equal(t, "root internal (not ended)\n  child internal\n", r.String())
}

func TestFindSpans(t *testing.T) {
	r := sdktest.New(t)
	order(t.Context(), r.TracerProvider(), true)
	order(t.Context(), r.TracerProvider(), false)
	spans := r.Spans()
	require.Len(t, spans.Named("order"), 2)
	require.Equal(t, []string{"reserve"}, spans.Failed().Names())
	require.Equal(t, spans.Failed(), spans.WithError(fmt.Errorf("order: %w", errStock)))
	require.Empty(t, spans.WithError(errors.New("other")))
	require.Len(t, spans.With(attribute.String("item", "lamp")), 2)
	require.Len(t, spans.Below(spans.Named("order")[0]), 1)
	r.Reset()
	order(t.Context(), r.TracerProvider(), true)
	require.Equal(t, trace.SpanKindServer, r.One("order").SpanKind())
}

func TestEnvironmentDoesNotSample(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	r := sdktest.New(t)
	order(t.Context(), r.TracerProvider(), true)
	require.Len(t, r.Spans(), 2)
}

func TestOptionsSample(t *testing.T) {
	r := sdktest.New(t, sdk.WithPolicy(sampler.Policy{Rate: sampler.Off, Keep: sampler.Errors}))
	order(t.Context(), r.TracerProvider(), true)
	require.Empty(t, r.Spans())
	order(t.Context(), r.TracerProvider(), false)
	require.Equal(t, []string{"reserve", "order"}, r.Spans().Names())
}

// failing is a test that fails, so that what it prints can be looked at.
type failing struct {
	testing.TB
	failed  bool
	printed string
	cleanup []func()
}

func (f *failing) Helper()          {}
func (f *failing) Cleanup(c func()) { f.cleanup = append(f.cleanup, c) }
func (f *failing) Failed() bool     { return f.failed }
func (f *failing) Logf(format string, arguments ...any) {
	f.printed += fmt.Sprintf(format, arguments...)
}

func (f *failing) Fatalf(format string, arguments ...any) {
	f.failed = true
	f.Logf(format+"\n", arguments...)
	runtime.Goexit()
}

// run is the test's own goroutine.
func (f *failing) run(body func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, c := range f.cleanup {
				c()
			}
		}()
		body()
	}()
	<-done
}

func TestFailuresPrintTheSpans(t *testing.T) {
	f := &failing{TB: t}
	f.run(func() {
		r := sdktest.New(f, sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))))
		order(t.Context(), r.TracerProvider(), false)
		r.One("reserve")
		r.One("pay")
	})
	require.Equal(t, `0 spans are named "pay", want one
spans:
order server
  reserve client item=lamp Error rejected exception: out of stock
edges:
(outside) -> shop order ok client=0 server=1
shop order -> unknown_peer (virtual) reserve error client=1 server=0
`, f.printed)
}

func TestPassingPrintsNothing(t *testing.T) {
	f := &failing{TB: t}
	f.run(func() { order(t.Context(), sdktest.New(f).TracerProvider(), true) })
	require.Empty(t, f.printed)
}
