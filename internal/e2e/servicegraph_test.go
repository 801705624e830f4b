package e2e

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/internal/collectortest"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// soon has buckets counted soon after they ended, but not before a busy machine
// has sent both halves of their calls.
const soon = "connectors: {call_graph: {pairing_window: 5s, open_time: 20s, prometheus: {interval: 1s}}}"

func (r *run) spanExporter(t *testing.T) sdktrace.SpanExporter {
	t.Helper()
	e, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithInsecure(), otlptracegrpc.WithTimeout(collectortest.Patience), otlptracegrpc.WithEndpoint(r.Address(portGRPC)))
	require.NoError(t, err)
	return e
}

func named(service string) *resource.Resource {
	return resource.NewSchemaless(attribute.String("service.name", service), attribute.String("service.instance.id", "fixed"))
}

// whole is a process on our SDK that sends its spans, too.
func (r *run) whole(t *testing.T, name string) counting {
	t.Helper()
	p := sdk.NewTracerProvider(sdk.WithResource(named(name)),
		sdk.WithEdgeExporter(r.metricExporter(t)), sdk.WithExporter(r.spanExporter(t), sdk.Batching{Timeout: collectortest.Patience}))
	return counting{p, p.Tracer("e2e"), p.Shutdown}
}

// stock is a process on the stock SDK.
func (r *run) stock(t *testing.T, name string) counting {
	t.Helper()
	p := sdktrace.NewTracerProvider(sdktrace.WithResource(named(name)), sdktrace.WithBatcher(r.spanExporter(t), sdktrace.WithExportTimeout(collectortest.Patience)))
	return counting{nil, p.Tracer("e2e"), p.Shutdown}
}

// mapped are the calls between services and those that failed, as the graph has them.
func (r *run) mapped(ctx context.Context) (map[string][2]uint64, error) {
	var answer struct {
		Nodes []struct{ Service, Kind string }
		Edges []struct {
			Caller, Callee int
			Calls, Errors  uint64
		}
	}
	if err := r.GetJSON(ctx, "/api/jcg/v1/map", &answer); err != nil {
		return nil, err
	}
	edges := map[string][2]uint64{}
	for _, e := range answer.Edges {
		from, to := answer.Nodes[e.Caller], answer.Nodes[e.Callee]
		if from.Kind == "outside" {
			from.Service = edgemetric.ClientUser
		}
		kind := ""
		if from.Kind != "observed" || to.Kind != "observed" {
			kind = edgemetric.ConnectionVirtual
		}
		name := fmt.Sprintf("%s -> %s %s", from.Service, to.Service, kind)
		edges[name] = [2]uint64{edges[name][0] + e.Calls, edges[name][1] + e.Errors}
	}
	return edges, nil
}

// scraped are the same as Prometheus gets them.
func (r *run) scraped(ctx context.Context) (map[string][2]uint64, error) {
	body, err := r.Get(ctx, portScrape, "/metrics")
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	edges := map[string][2]uint64{}
	for i, metric := range []string{edgemetric.RequestTotal, edgemetric.RequestFailed} {
		for _, m := range families[metric].GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			name := fmt.Sprintf("%s -> %s %s", labels[edgemetric.LabelClient], labels[edgemetric.LabelServer], labels[edgemetric.LabelConnectionType])
			n := edges[name]
			n[i] += uint64(m.GetCounter().GetValue())
			edges[name] = n
		}
	}
	return edges, nil
}

// TestPrometheusSeesWhatSDKsCount has services on our SDK and on the stock one
// call each other: whoever counts, each call is once in the series, on the edge
// that the graph has it on.
func TestPrometheusSeesWhatSDKsCount(t *testing.T) {
	t.Parallel()
	const rounds = 20
	r := start(t, t.TempDir(), "--config", "builtin:all-in-one", "--config", file(t, soon))
	shop, lean, foreign := r.whole(t, "shop"), r.service(t, "lean"), r.stock(t, "foreign")
	nothing := func(context.Context) {}
	for range rounds {
		shop.serve(t.Context(), "buy", "", func(ctx context.Context) {
			shop.call(ctx, "lean-host", func(ctx context.Context) { lean.serve(ctx, "reserve", "", nothing) })
			shop.call(ctx, "foreign-host", func(ctx context.Context) { foreign.serve(ctx, "rate", "", nothing) })
			shop.call(ctx, "bank", nil)
		})
		foreign.serve(t.Context(), "report", "", func(ctx context.Context) {
			foreign.call(ctx, "shop-host", func(ctx context.Context) {
				shop.serve(ctx, "list", "down", func(ctx context.Context) {
					shop.call(ctx, "lean-host", func(ctx context.Context) { lean.serve(ctx, "look up", "sold out", nothing) })
				})
			})
		})
	}
	var stopping sync.WaitGroup // at once: halves of calls must not wait for each other
	for _, s := range []counting{shop, lean, foreign} {
		stopping.Go(func() { assert.NoError(t, s.stop(t.Context())) })
	}
	stopping.Wait()
	want := map[string][2]uint64{
		"user -> shop virtual_node":    {rounds, 0},
		"user -> foreign virtual_node": {rounds, 0},
		"shop -> lean ":                {2 * rounds, rounds},
		"shop -> foreign ":             {rounds, 0},
		"shop -> bank virtual_node":    {rounds, rounds},
		"foreign -> shop ":             {rounds, 0},
	}
	equals := func(is func(context.Context) (map[string][2]uint64, error)) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := is(ctx)
			if err == nil && !maps.Equal(want, got) {
				err = fmt.Errorf("want %v, got %v", want, got)
			}
			return err
		}
	}
	r.Eventually("the graph has every call once", equals(r.mapped))
	r.Eventually("Prometheus has every call once", equals(r.scraped))

	// A restart begins with new series, and counts nothing again that was final.
	r.awaitFinal(t)
	r.Stop(syscall.SIGKILL)
	r = r.restart()
	again := r.service(t, "lean")
	again.serve(t.Context(), "reserve", "", nothing)
	require.NoError(t, again.stop(t.Context()))
	want = map[string][2]uint64{"user -> lean virtual_node": {1, 0}}
	r.Eventually("only new calls after a restart", equals(r.scraped))
}
