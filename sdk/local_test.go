package sdk

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// recorder is a provider whose decided spans can be seen at once.
type recorder struct {
	*TracerProvider
	trace.Tracer
	exporter *tracetest.InMemoryExporter
}

func record(t *testing.T, rate sampler.Rate, opts ...Option) recorder {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	opts = append([]Option{WithSyncer(exporter), WithPolicy(sampler.Policy{Rate: rate, Keep: sampler.Errors})}, opts...)
	p := NewTracerProvider(opts...)
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.WithoutCancel(t.Context()))) })
	return recorder{p, p.Tracer("test"), exporter}
}

// left lists the exported spans as name and tracestate.
func (r recorder) left() (names []string) {
	for _, s := range r.exporter.GetSpans() {
		names = append(names, s.Name+" "+s.SpanContext.TraceState().String())
	}
	return names
}

func (r recorder) named(t *testing.T, name string) tracetest.SpanStub {
	t.Helper()
	for _, s := range r.exporter.GetSpans() {
		if s.Name == name {
			return s
		}
	}
	require.Fail(t, "no span "+name)
	return tracetest.SpanStub{}
}

func valueOf(s tracetest.SpanStub, key string) (v attribute.Value) {
	for _, a := range s.Attributes {
		if string(a.Key) == key {
			return a.Value
		}
	}
	return v
}

func fail(s trace.Span) {
	s.SetStatus(codes.Error, "failed")
	s.End()
}

func TestAFailedChainIsKeptWhole(t *testing.T) {
	r := record(t, sampler.Off)
	ctx, root := r.Start(t.Context(), "root")
	_, before := r.Start(ctx, "before")
	before.End()
	_, bad := r.Start(ctx, "bad")
	fail(bad)
	require.Equal(t, []string{"bad ot=th:0"}, r.left(), "what failed leaves at once")
	_, after := r.Start(ctx, "after")
	after.End()
	root.End()
	require.Equal(t, []string{"bad ot=th:0", "before ot=th:0", "after ot=th:0", "root ot=th:0"}, r.left())
	require.EqualValues(t, 4, valueOf(r.named(t, "root"), callgraph.AttributeLocalSpans).AsInt64())
	require.Zero(t, valueOf(r.named(t, "root"), callgraph.AttributeLocalDropped).AsInt64())
	require.Empty(t, valueOf(r.named(t, "root"), callgraph.AttributeHeadThreshold).AsString(), "it is kept for what failed")
	for _, s := range r.exporter.GetSpans() {
		require.True(t, s.SpanContext.IsSampled(), s.Name)
	}
	require.False(t, root.SpanContext().IsSampled(), "the live span context never changes")
	require.Empty(t, root.SpanContext().TraceState().String())
}

func TestASuccessfulChainIsDiscarded(t *testing.T) {
	r := record(t, sampler.Off)
	ctx, root := r.Start(t.Context(), "root", trace.WithAttributes(attribute.Int("a", 1)))
	_, child := r.Start(ctx, "child")
	child.SetAttributes(attribute.Int("a", 1))
	child.End()
	require.EqualValues(t, 2, r.bodies.inUse())
	root.End()
	require.Empty(t, r.left())
	require.Zero(t, r.bodies.inUse())
	require.EqualValues(t, 2, r.stats.discarded.sum())
}

func TestScopes(t *testing.T) {
	for scope, want := range map[Scope][]string{
		ScopeTrace: {"bad", "sibling", "middle", "root"},
		ScopePath:  {"bad", "middle", "root"},
		ScopeSpan:  {"bad"},
	} {
		r := record(t, sampler.Off, WithScope(scope))
		ctx, root := r.Start(t.Context(), "root")
		_, sibling := r.Start(ctx, "sibling")
		below, middle := r.Start(ctx, "middle")
		_, bad := r.Start(below, "bad")
		fail(bad)
		sibling.End()
		middle.End()
		root.End()
		var got []string
		for _, s := range r.exporter.GetSpans() {
			got = append(got, s.Name)
		}
		require.Equal(t, want, got, scope)
		if scope == ScopePath {
			require.EqualValues(t, 1, valueOf(r.named(t, "root"), callgraph.AttributeLocalDropped).AsInt64(), "the sibling is missing")
		}
	}
}

// high is a parent whose randomness is the highest there is: every ratio keeps it.
func high(ctx context.Context) context.Context {
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 8: 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, SpanID: trace.SpanID{1},
	}))
}

func TestSampledChainsCarryTheThreshold(t *testing.T) {
	r := record(t, sampler.OneIn(16))
	ctx, root := r.Start(high(t.Context()), "root")
	require.True(t, root.SpanContext().IsSampled())
	require.Equal(t, "ot=th:f", root.SpanContext().TraceState().String())
	_, child := r.Start(ctx, "child")
	child.End()
	require.Empty(t, r.left(), "the chain may still fail")
	root.End()
	require.Equal(t, []string{"child ot=th:f", "root ot=th:f"}, r.left())
	require.Equal(t, "f", valueOf(r.named(t, "root"), callgraph.AttributeHeadThreshold).AsString(), "the root says so in any case")
	require.Empty(t, valueOf(r.named(t, "child"), callgraph.AttributeHeadThreshold).AsString())

	r.exporter.Reset()
	ctx, root = r.Start(high(t.Context()), "root")
	_, child = r.Start(ctx, "child")
	child.End()
	fail(root)
	require.Equal(t, []string{"child ot=th:0", "root ot=th:0"}, r.left())
	require.Equal(t, "f", valueOf(r.named(t, "root"), callgraph.AttributeHeadThreshold).AsString())
}

func TestLateSpansReadTheVerdict(t *testing.T) {
	r := record(t, sampler.Off)
	ctx, root := r.Start(t.Context(), "root")
	_, late := r.Start(ctx, "late")
	_, bad := r.Start(ctx, "late bad")
	_, later := r.Start(ctx, "later")
	root.End()
	late.End()
	require.Empty(t, r.left())
	fail(bad)
	later.End()
	require.Equal(t, []string{"late bad ot=th:0", "later ot=th:0"}, r.left())
}

func TestAllLeavesAtOnceWhereEverythingIsKept(t *testing.T) {
	r := record(t, sampler.Always)
	ctx, root := r.Start(t.Context(), "root")
	_, child := r.Start(ctx, "child")
	child.End()
	require.Equal(t, []string{"child ot=th:0"}, r.left())
	root.End()
	require.Len(t, r.left(), 2)
}

func TestAnEntrySpanBeginsALocalTrace(t *testing.T) {
	r := record(t, sampler.Off)
	ctx, poll := r.Start(t.Context(), "poll for ever")
	for i, failed := range []bool{false, true} {
		below, message := r.Start(ctx, fmt.Sprintf("message %d", i), trace.WithSpanKind(trace.SpanKindConsumer))
		_, step := r.Start(below, fmt.Sprintf("step %d", i))
		if failed {
			step.SetStatus(codes.Error, "")
		}
		step.End()
		message.End()
	}
	require.Equal(t, []string{"step 1 ot=th:0", "message 1 ot=th:0"}, r.left())
	require.Equal(t, poll.SpanContext().SpanID(), r.named(t, "message 1").Parent.SpanID())
	require.Equal(t, poll.SpanContext().TraceID(), r.named(t, "message 1").SpanContext.TraceID())
	poll.End()
	require.Len(t, r.left(), 2)
}

func TestLongListsAreDecidedEarly(t *testing.T) {
	r := record(t, sampler.Off)
	ctx, root := r.Start(t.Context(), "root")
	for range maxListed + 1 {
		_, child := r.Start(ctx, "child")
		child.End()
	}
	fail(root)
	require.Equal(t, []string{"child ot=th:0", "root ot=th:0"}, r.left())
	require.EqualValues(t, maxListed, valueOf(r.named(t, "root"), callgraph.AttributeLocalDropped).AsInt64())
	require.EqualValues(t, maxListed+2, valueOf(r.named(t, "root"), callgraph.AttributeLocalSpans).AsInt64())
}

func TestStormsAreThinnedOutAndWeighted(t *testing.T) {
	r := record(t, sampler.Off, WithStormBudget(10))
	const failures = 20_000
	for i := range failures {
		_, s := r.Start(t.Context(), fmt.Sprintf("operation %d", i%2))
		fail(s)
	}
	sum, late := 0.0, 0
	for _, s := range r.exporter.GetSpans() {
		if valueOf(s, callgraph.AttributeLate).AsBool() {
			require.Empty(t, s.SpanContext.TraceState().String(), "without weight")
			late++
			continue
		}
		state, err := sampler.ParseState(s.SpanContext.TraceState().Get(sampler.StateKey))
		require.NoError(t, err)
		require.True(t, state.HasThreshold)
		require.True(t, state.Threshold.Keeps(sampler.RandomnessOf(s.SpanContext.TraceID())))
		sum += state.Threshold.Weight()
	}
	left := len(r.exporter.GetSpans())
	require.Less(t, left, failures/10)
	require.Equal(t, failures-left, int(r.stats.stormed.Load()))
	require.Equal(t, failures-left, int(r.stats.discarded.sum()))
	t.Logf("%d left, %d of them without weight, for %.0f of %d failures", left, late, sum, failures)
}

func TestSpansBeyondTheBoundOfBodiesAreBareNotLost(t *testing.T) {
	r := record(t, sampler.Off, WithMaxBodies(1))
	var spans []trace.Span
	for range 100 {
		_, s := r.Start(t.Context(), "full", trace.WithAttributes(attribute.Int("a", 1)))
		spans = append(spans, s)
	}
	require.LessOrEqual(t, r.bodies.inUse(), int64(stripes))
	require.EqualValues(t, 100, r.bodies.inUse()+int64(r.bodies.refused.Load()))
	for _, s := range spans {
		fail(s)
	}
	require.Len(t, r.left(), 100)
	require.Zero(t, r.bodies.inUse())
}

func TestSpansAfterShutdownAreCounted(t *testing.T) {
	r := record(t, sampler.Always)
	_, s := r.Start(t.Context(), "late")
	require.NoError(t, r.Shutdown(t.Context()))
	s.End()
	require.EqualValues(t, 1, r.stats.shutdown.Load())
	require.Empty(t, r.left())
}

func TestTheFirstCallOfAnEdgeIsKept(t *testing.T) {
	r := record(t, sampler.Off, WithFirstSight(time.Minute))
	for range 3 {
		for _, name := range []string{"a", "b"} {
			_, s := r.Start(t.Context(), name, trace.WithSpanKind(trace.SpanKindServer))
			s.End()
		}
	}
	require.Equal(t, []string{"a ot=th:0", "b ot=th:0"}, r.left())
}

func TestTracesThatSomebodyAskedForAreKept(t *testing.T) {
	r := record(t, sampler.Off, WithDebugKey("jcg.debug"))
	for _, value := range []string{"0", "1"} {
		ctx, root := r.Start(withKey(t.Context(), t, "jcg.debug", value), "root "+value)
		_, child := r.Start(ctx, "child "+value)
		child.End()
		root.End()
	}
	require.Equal(t, []string{"child 1 ot=th:0", "root 1 ot=th:0"}, r.left())
}
