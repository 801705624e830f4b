package stocksampler

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// errorsAndNoMore samples nothing that does not fail.
var errorsAndNoMore = sampler.Policy{Rate: sampler.ParentBased{Root: sampler.Off}, Keep: sampler.Any(sampler.Errors, sampler.SoftErrors, sampler.Debug)}

// app is an application with the stock SDK.
type app struct {
	trace.Tracer
	stock    *Stock
	provider *sdktrace.TracerProvider
	exported *tracetest.InMemoryExporter
}

func newApp(t testing.TB, policy sampler.Policy, options ...Option) *app {
	a := &app{stock: New(policy, options...), exported: tracetest.NewInMemoryExporter()}
	a.provider = sdktrace.NewTracerProvider(
		sdktrace.WithSampler(a.stock),
		sdktrace.WithIDGenerator(&ids{rand: rand.New(rand.NewPCG(5, 6))}), //nolint:gosec // the same IDs in every run
		sdktrace.WithSpanProcessor(a.stock.Wrap(sdktrace.NewSimpleSpanProcessor(a.exported))),
	)
	a.Tracer = a.provider.Tracer("test")
	t.Cleanup(func() { require.NoError(t, a.provider.Shutdown(context.Background())) })
	return a
}

// left are the names of the spans that left, each with its th, in their order.
func (a *app) left() (names []string) {
	for _, s := range a.exported.GetSpans() {
		state, _ := stateOf(s.SpanContext)
		th := "-"
		if state.HasThreshold {
			th = state.Threshold.String()
		}
		names = append(names, s.Name+":"+th)
	}
	return names
}

func fail(s trace.Span) { s.SetStatus(codes.Error, "failed") }

// call is a local trace of three spans, the middle one of which may fail.
func (a *app) call(ctx context.Context, end func(trace.Span)) {
	ctx, root := a.Start(ctx, "root", trace.WithSpanKind(trace.SpanKindServer))
	middle, span := a.Start(ctx, "middle")
	_, leaf := a.Start(middle, "leaf", trace.WithSpanKind(trace.SpanKindClient))
	leaf.End()
	end(span)
	span.End()
	root.End()
}

func TestFailedLocalTracesLeaveWhole(t *testing.T) {
	for name, end := range map[string]func(trace.Span){
		"status":          fail,
		"error.type":      func(s trace.Span) { s.SetAttributes(attribute.String("error.type", "timeout")) },
		"HTTP 500":        func(s trace.Span) { s.SetAttributes(attribute.Int("http.response.status_code", 503)) },
		"HTTP 500 of old": func(s trace.Span) { s.SetAttributes(attribute.Int("http.status_code", 500)) },
		"soft error":      func(s trace.Span) { s.SetAttributes(attribute.Bool(callgraph.AttributeSoftError, true)) },
		"debug":           func(s trace.Span) { s.SetAttributes(attribute.Bool(DebugKey, true)) },
		"escaped exception": func(s trace.Span) {
			s.AddEvent("exception", trace.WithAttributes(attribute.Bool("exception.escaped", true)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, errorsAndNoMore)
			a.call(t.Context(), end)
			require.Equal(t, []string{"leaf:0", "middle:0", "root:0"}, a.left())
			for _, s := range a.exported.GetSpans() {
				require.True(t, s.SpanContext.IsSampled())
			}
			require.Equal(t, Counts{Kept: 3}, a.stock.Counts())
		})
	}
}

func TestSuccessesAreDiscarded(t *testing.T) {
	a := newApp(t, errorsAndNoMore)
	a.call(t.Context(), func(s trace.Span) {
		require.True(t, s.IsRecording())
		s.SetStatus(codes.Ok, "")
		s.SetAttributes(attribute.Int("http.response.status_code", 404))
		s.RecordError(errors.New("handled"))
	})
	require.Empty(t, a.left())
	require.Equal(t, Counts{Discarded: 3}, a.stock.Counts())
}

// The stock SDK records a panic as an event of its last moment and sets no
// status.
func TestPanicsAreKept(t *testing.T) {
	a := newApp(t, errorsAndNoMore)
	require.Panics(t, func() {
		ctx, root := a.Start(t.Context(), "root")
		defer root.End()
		_, span := a.Start(ctx, "panics")
		defer span.End()
		panic("lost")
	})
	require.Equal(t, []string{"panics:0", "root:0"}, a.left())
}

func TestSampledFailuresAreRewritten(t *testing.T) {
	const in = "ot=rv:ffffffffffffff,other=1"
	a := newApp(t, sampler.Policy{Rate: sampler.OneIn(1000), Keep: sampler.Errors})
	a.call(remote(t, true, in), func(trace.Span) {})
	require.Equal(t, []string{"leaf:ffbe77", "middle:ffbe77", "root:ffbe77"}, a.left())

	a.exported.Reset()
	a.call(remote(t, true, in), fail)
	require.Equal(t, []string{"leaf:0", "middle:0", "root:0"}, a.left())
	for _, s := range a.exported.GetSpans() {
		require.Contains(t, s.Attributes, attribute.String(callgraph.AttributeHeadThreshold, "ffbe77"))
		require.Equal(t, "ot=th:0;rv:ffffffffffffff,other=1", s.SpanContext.TraceState().String())
	}
	require.Equal(t, Counts{Kept: 3, Sampled: 3}, a.stock.Counts())
}

// remote is a context as a propagator extracts it.
func remote(t testing.TB, sampled bool, state string) context.Context {
	parent := "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00"
	if sampled {
		parent = strings.TrimSuffix(parent, "00") + "01"
	}
	ctx := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": parent, "tracestate": state})
	require.Equal(t, sampled, trace.SpanContextFromContext(ctx).IsSampled())
	return ctx
}

// What the next process is told is what the head decided, whatever is kept of
// it here later; sampled=0 never carries th.
func TestWhatIsPropagated(t *testing.T) {
	for _, c := range []struct {
		name    string
		ctx     context.Context
		sampled bool
		state   string
	}{
		{"root", t.Context(), false, ""},
		{"not sampled", remote(t, false, "other=1"), false, "other=1"},
		{"not sampled, th all the same", remote(t, false, "other=1,ot=th:0;x:1"), false, "ot=x:1,other=1"},
		{"not sampled, only th", remote(t, false, "ot=th:8"), false, ""},
		{"rv is inherited", remote(t, false, "ot=rv:00000000000001"), false, "ot=rv:00000000000001"},
		{"sampled with th", remote(t, true, "other=1,ot=th:1"), true, "other=1,ot=th:1"},
		{"sampled without", remote(t, true, "other=1"), true, "other=1"},
		{"th that the randomness contradicts", remote(t, true, "ot=th:f"), true, ""},
		{"th that rv contradicts", remote(t, true, "ot=th:8;rv:00000000000001"), true, "ot=rv:00000000000001"},
		{"a th that is none", remote(t, true, "ot=th:xyz;x:1,other=1"), true, "ot=x:1,other=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newApp(t, errorsAndNoMore)
			ctx, root := a.Start(c.ctx, "root")
			ctx, child := a.Start(ctx, "child")
			fail(child)
			for _, s := range []trace.Span{root, child} {
				require.Equal(t, c.sampled, s.SpanContext().IsSampled())
				require.Equal(t, c.state, s.SpanContext().TraceState().String())
			}
			child.End()
			out := propagation.MapCarrier{}
			propagation.TraceContext{}.Inject(ctx, out)
			require.Equal(t, c.sampled, strings.HasSuffix(out["traceparent"], "-01"))
			require.Equal(t, c.state, out["tracestate"])
			root.End()
			require.Equal(t, []string{"child:0", "root:0"}, a.left())
		})
	}
}

// A rate decides local traces, not the spans within.
func TestChildrenShareTheirRootsFate(t *testing.T) {
	a := newApp(t, sampler.Policy{Rate: sampler.PerOperation{Operations: map[string]sampler.Rate{"leaf": sampler.Off}}, Keep: sampler.Errors})
	a.call(t.Context(), func(trace.Span) {})
	require.Equal(t, []string{"leaf:0", "middle:0", "root:0"}, a.left())
}

func TestSampledByAParentWithoutThIsUnweighted(t *testing.T) {
	a := newApp(t, errorsAndNoMore)
	a.call(remote(t, true, ""), func(trace.Span) {})
	require.Equal(t, []string{"leaf:-", "middle:-", "root:-"}, a.left())
	require.Equal(t, Counts{Sampled: 3}, a.stock.Counts())
}

// A policy that keeps nothing has no use for spans that it does not sample.
func TestPolicyWithoutKeepDoesNotRecord(t *testing.T) {
	for _, keep := range []sampler.Keep{nil, sampler.None} {
		a := newApp(t, sampler.Policy{Rate: sampler.Off, Keep: keep})
		a.call(t.Context(), func(s trace.Span) { require.False(t, s.IsRecording()); fail(s) })
		require.Empty(t, a.left())
	}
}

// With all sampled, what leaves is what the stock SDK alone exports, th aside.
func TestAlwaysIsTheStockSDK(t *testing.T) {
	ours := newApp(t, sampler.Policy{Keep: sampler.Errors})
	alone := &app{exported: tracetest.NewInMemoryExporter()}
	alone.provider = sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())), sdktrace.WithSyncer(alone.exported),
		sdktrace.WithIDGenerator(&ids{rand: rand.New(rand.NewPCG(5, 6))}), //nolint:gosec // the same IDs in every run
	)
	alone.Tracer = alone.provider.Tracer("test")
	var got [2]tracetest.SpanStubs
	for i, a := range []*app{ours, alone} {
		a.call(t.Context(), func(s trace.Span) { s.AddEvent("done"); s.SetAttributes(attribute.Int("n", 1)) })
		a.call(t.Context(), fail)
		got[i] = a.exported.GetSpans()
		for n := range got[i] {
			s := &got[i][n]
			s.StartTime, s.EndTime = time.Time{}, time.Time{}
			s.SpanContext = s.SpanContext.WithTraceState(trace.TraceState{})
			s.Parent = s.Parent.WithTraceState(trace.TraceState{})
			for e := range s.Events {
				s.Events[e].Time = time.Time{}
			}
		}
	}
	require.Equal(t, got[1], got[0])
}

// Over many traces, the weights of each class of spans sum to how many there
// were.
func TestWeightsSumToTheTruth(t *testing.T) {
	const n = 4000
	a := newApp(t, sampler.Policy{Rate: sampler.ParentBased{Root: sampler.OneIn(10)}, Keep: sampler.Errors})
	for i := range n {
		name := fmt.Sprintf("healthy %d", i%2)
		if i%20 == 0 {
			name = "failing"
		}
		ctx, root := a.Start(t.Context(), name)
		_, child := a.Start(ctx, "child of "+name)
		if i%20 == 0 {
			fail(child)
		}
		child.End()
		root.End()
	}
	sums := map[string]float64{}
	for _, s := range a.exported.GetSpans() {
		state, err := stateOf(s.SpanContext)
		require.NoError(t, err)
		require.True(t, state.HasThreshold)
		sums[s.Name] += state.Threshold.Weight()
	}
	require.Equal(t, float64(n/20), sums["failing"])
	require.Equal(t, float64(n/20), sums["child of failing"])
	for _, class := range []string{"healthy 1", "child of healthy 1"} {
		require.InEpsilon(t, n/2, sums[class], 0.25, class)
	}
}

func TestDescription(t *testing.T) {
	require.Equal(t, "JCallGraph{as the parent, else none; always errors, soft errors, debug}", New(errorsAndNoMore).Description())
}
