package sdk

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// evenIDs are trace IDs whose randomness takes each of many values, evenly
// spread, once: a ratio keeps its share of them exactly.
type evenIDs struct{ next, of, spans uint64 }

func (g *evenIDs) NewIDs(ctx context.Context) (id trace.TraceID, _ trace.SpanID) {
	step := uint64(1<<56) / g.of
	binary.BigEndian.PutUint64(id[8:], g.next%g.of*step+step/2)
	binary.BigEndian.PutUint32(id[:], uint32(g.next+1))
	g.next++
	return id, g.NewSpanID(ctx, id)
}

func (g *evenIDs) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	g.spans++
	binary.BigEndian.PutUint64(id[:], g.spans)
	return id
}

// weight is how many spans an exported one stands for.
func weight(s sdktrace.ReadOnlySpan) float64 {
	state, err := sampler.ParseState(s.SpanContext().TraceState().Get(sampler.StateKey))
	if err != nil || !state.HasThreshold {
		return 0 // it left anyway, beyond the count
	}
	return state.Threshold.Weight()
}

// course is a kind of local trace, told by what its spans are called.
type course struct {
	name string
	run  func(context.Context, trace.Tracer)
}

func spanOf(ctx context.Context, t trace.Tracer, name string, fails bool, below func(context.Context)) {
	ctx, s := t.Start(ctx, name)
	if below != nil {
		below(ctx)
	}
	if fails {
		s.SetStatus(codes.Error, "failed")
	}
	s.End()
}

var courses = []course{
	{"success", func(ctx context.Context, t trace.Tracer) {
		spanOf(ctx, t, "success root", false, func(ctx context.Context) { spanOf(ctx, t, "success child", false, nil) })
	}},
	{"failed root", func(ctx context.Context, t trace.Tracer) {
		spanOf(ctx, t, "failed root", true, func(ctx context.Context) { spanOf(ctx, t, "its child", false, nil) })
	}},
	{"failed child", func(ctx context.Context, t trace.Tracer) {
		spanOf(ctx, t, "root of a failed child", false, func(ctx context.Context) {
			spanOf(ctx, t, "failed child", true, nil)
			spanOf(ctx, t, "sibling", false, nil)
		})
	}},
	{"failed late", func(ctx context.Context, t trace.Tracer) {
		ctx, root := t.Start(ctx, "root of a late one")
		_, late := t.Start(ctx, "late failure")
		_, second := t.Start(ctx, "late success")
		root.End()
		late.SetStatus(codes.Error, "late")
		late.End()
		second.End()
	}},
	{"long", func(ctx context.Context, t trace.Tracer) {
		spanOf(ctx, t, "root of many", false, func(ctx context.Context) {
			for range maxListed + 8 {
				spanOf(ctx, t, "one of many", false, nil)
			}
			spanOf(ctx, t, "failure after many", true, nil)
		})
	}},
}

// TestWeightsSumToTheTruth: whatever N and the scope, the exported spans of
// each name stand for as many as there were.
func TestWeightsSumToTheTruth(t *testing.T) {
	for _, n := range []int{1, 10, 100} {
		for _, scope := range []Scope{ScopeTrace, ScopePath, ScopeSpan} {
			for _, c := range courses {
				t.Run(fmt.Sprintf("1 in %d/scope %s/%s", n, scope, c.name), func(t *testing.T) {
					checkWeights(t, c, n, scope)
				})
			}
		}
	}
}

func checkWeights(t *testing.T, c course, n int, scope Scope) {
	const traces = 100
	truth, told := map[string]float64{}, map[string]float64{}
	count := NewTracerProvider(WithSyncer(tally(func(s sdktrace.ReadOnlySpan) { truth[s.Name()]++ })))
	sampled := NewTracerProvider(WithPolicy(oneIn(n)), WithScope(scope), WithStormBudget(0), WithIDGenerator(&evenIDs{of: traces}),
		WithSyncer(tally(func(s sdktrace.ReadOnlySpan) { told[s.Name()] += weight(s) })))
	c.run(t.Context(), count.Tracer(""))
	for range traces {
		c.run(t.Context(), sampled.Tracer(""))
	}
	require.NoError(t, count.Shutdown(t.Context()))
	require.NoError(t, sampled.Shutdown(t.Context()))
	for name, once := range truth {
		want := once * traces
		require.InDelta(t, want, told[name], want*1e-3, name) // ratios are rounded
	}
}

// tally is an exporter that shows each span to a function.
type tally func(sdktrace.ReadOnlySpan)

func (f tally) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, s := range spans {
		f(s)
	}
	return nil
}

func (tally) Shutdown(context.Context) error { return nil }
