package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// counting is a process whose SDK counts every call and keeps no span.
type counting struct {
	*sdk.TracerProvider
	trace.Tracer
	stop func(context.Context) error
}

func (r *run) service(t *testing.T, name string) counting {
	t.Helper()
	return countingBy(r.metricExporter(t), name)
}

func countingBy(exporter sdkmetric.Exporter, name string) counting {
	p := sdk.NewTracerProvider(sdk.WithEdgeExporter(exporter), sdk.WithPolicy(sampler.Policy{Rate: sampler.Off}),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", name), attribute.String("service.instance.id", "fixed"))))
	return counting{p, p.Tracer("e2e"), p.Shutdown}
}

func (r *run) metricExporter(t *testing.T) sdkmetric.Exporter {
	t.Helper()
	e, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithTimeout(collectortest.Patience), otlpmetricgrpc.WithEndpoint(r.Address(portGRPC)))
	require.NoError(t, err)
	return e
}

// serve is a request to the service under a name, and what it does then.
func (s counting) serve(ctx context.Context, name string, err string, do func(context.Context)) {
	ctx, span := s.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", "GET")))
	defer span.End()
	if err != "" {
		span.SetStatus(codes.Error, err)
	}
	do(ctx)
}

// call is one by HTTP to a host, whose other end answers unless it is nil.
func (s counting) call(ctx context.Context, host string, answer func(context.Context)) {
	ctx, span := s.Start(ctx, "GET", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("server.address", host), attribute.String("http.request.method", "GET")))
	defer span.End()
	if answer == nil {
		span.SetAttributes(attribute.String("error.type", "timeout"))
		span.SetStatus(codes.Error, "timeout")
		return
	}
	carrier := propagation.MapCarrier{}
	sdk.Propagator().Inject(ctx, carrier)
	answer(sdk.Propagator().Extract(context.Background(), carrier))
}

// edgesOf are the calls of a service's operations and those that failed, by both
// ends of the edge.
func (r *run) edgesOf(ctx context.Context, service string, operations ...string) (map[string][2]uint64, error) {
	var answer struct {
		Nodes []struct{ Service, Operation, Kind string }
		Edges []struct {
			Caller, Callee int
			Calls, Errors  uint64
		}
	}
	edges := map[string][2]uint64{}
	for _, operation := range operations {
		err := r.GetJSON(ctx, "/api/jcg/v1/neighbourhood?up=1&down=1&service="+service+"&operation="+operation, &answer)
		if err != nil {
			return nil, err
		}
		name := func(i int) string {
			n := answer.Nodes[i]
			return fmt.Sprintf("%s %s %s", n.Kind, n.Service, n.Operation)
		}
		for _, e := range answer.Edges {
			edges[name(e.Caller)+" -> "+name(e.Callee)] = [2]uint64{e.Calls, e.Errors}
		}
	}
	return edges, nil
}

// TestCallsCountedBySDKsAreInTheGraph has two services that export no span, a
// collector that is killed between their counts, and an application that sends
// metrics of its own to the same endpoint: the graph has every call once, by the
// names of both ends.
func TestCallsCountedBySDKsAreInTheGraph(t *testing.T) {
	const rounds = 30
	r := start(t, t.TempDir())
	shop, stock := r.service(t, "shop"), r.service(t, "stock")
	nothing := func(context.Context) {}
	for round := range rounds {
		shop.serve(t.Context(), "buy", "", func(ctx context.Context) {
			shop.call(ctx, "stock", func(ctx context.Context) { stock.serve(ctx, "reserve", "", nothing) })
			shop.call(ctx, "stock", func(ctx context.Context) { stock.serve(ctx, "look up", "sold out", nothing) })
			shop.call(ctx, "stock", nil)
			shop.call(ctx, "bank", nil)
		})
		shop.serve(t.Context(), "browse", "", func(ctx context.Context) {
			shop.call(ctx, "stock", func(ctx context.Context) { stock.serve(ctx, "look up", "", nothing) })
		})
		switch round {
		case rounds / 3:
			require.NoError(t, shop.ForceFlush(t.Context()))
		case rounds / 2:
			r.Stop(syscall.SIGKILL)
			r = r.restart()
		}
	}
	require.NoError(t, shop.Shutdown(t.Context()))
	require.NoError(t, stock.Shutdown(t.Context()))
	r.requireIgnored(t)
	want := map[string][2]uint64{
		"outside   -> observed shop buy":                 {rounds, 0},
		"outside   -> observed shop browse":              {rounds, 0},
		"observed shop buy -> observed stock reserve":    {rounds, 0},
		"observed shop buy -> observed stock look up":    {rounds, rounds},
		"observed shop buy -> virtual stock GET":         {rounds, rounds},
		"observed shop buy -> virtual bank GET":          {rounds, rounds},
		"observed shop browse -> observed stock look up": {rounds, 0},
	}
	r.Eventually("the graph has every call once", func(ctx context.Context) error {
		got, err := r.edgesOf(ctx, "shop", "buy", "browse")
		if err == nil && !maps.Equal(want, got) {
			err = fmt.Errorf("want %v, got %v", want, slices.Sorted(maps.Keys(got)))
			for name, n := range got {
				if want[name] != n {
					err = fmt.Errorf("%w; %s: want %v, got %v", err, name, want[name], n)
				}
			}
		}
		return err
	})
}

// requireIgnored sends what an application's own metrics are to the same
// endpoint: it is acknowledged, and counted as dropped.
func (r *run) requireIgnored(t *testing.T) {
	reader := sdkmetric.NewPeriodicReader(r.metricExporter(t), sdkmetric.WithInterval(time.Hour)) // once: at its end
	p := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	counter, err := p.Meter("e2e").Int64Counter("http.server.requests")
	require.NoError(t, err)
	counter.Add(t.Context(), 1)
	require.NoError(t, p.Shutdown(t.Context()))
	n, err := r.Metric(t.Context(), "jcallgraph_storage_points_ignored")
	require.NoError(t, err)
	require.InDelta(t, 1, n, 0)
}
