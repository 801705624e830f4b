package sdk

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// low is a caller that did not sample, and whose randomness no rate keeps.
func low(ctx context.Context) context.Context {
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 15: 1}, SpanID: trace.SpanID{1},
	}))
}

// keptOrder is an order number whose traces one of two keeps.
func keptOrder(t *testing.T, p *TracerProvider) string {
	t.Helper()
	for order := 'a'; order <= 'z'; order++ {
		if sampler.ThresholdFor(0.5).Keeps(p.keyRandomness(string(order))) {
			return string(order)
		}
	}
	require.Fail(t, "no order is kept")
	return ""
}

var oneOfTwo = sampler.ParentBased{Root: sampler.OneIn(2)}

// TestATraceJoinsItsOrder: one that learns its business key later, or below a
// caller that did not know it, leaves without weight, and is no failure.
func TestATraceJoinsItsOrder(t *testing.T) {
	for _, scope := range []Scope{ScopeTrace, ScopePath, ScopeSpan} {
		r := record(t, oneOfTwo, WithScope(scope), WithChainKeys("", "order"))
		ctx, root := r.Start(low(t.Context()), "root")
		_, child := r.Start(withKey(ctx, t, "order", keptOrder(t, r.TracerProvider)), "learns")
		child.End()
		root.End()
		require.Equal(t, []string{"learns ", "root "}, r.left(), scope)
		for _, s := range r.exporter.GetSpans() {
			require.True(t, valueOf(s, callgraph.AttributeLate).AsBool(), s.Name)
		}
		require.Zero(t, r.Status().Spans.KeptFailed)
		require.EqualValues(t, 2, r.Status().Spans.KeptByRate)
	}
}

// TestFailuresOfAJoinedTraceHaveTheirWeight: they would have left anyway.
func TestFailuresOfAJoinedTraceHaveTheirWeight(t *testing.T) {
	for scope, want := range map[Scope][]string{
		ScopeTrace: {"learns ot=th:0", "root ot=th:0"}, ScopePath: {"learns ot=th:0", "root ot=th:0"}, ScopeSpan: {"learns ot=th:0", "root "},
	} {
		r := record(t, oneOfTwo, WithScope(scope), WithChainKeys("", "order"))
		ctx, root := r.Start(low(t.Context()), "root")
		_, child := r.Start(withKey(ctx, t, "order", keptOrder(t, r.TracerProvider)), "learns")
		fail(child)
		root.End()
		require.Equal(t, want, r.left(), scope)
	}
}

// TestATraceAsksItsRateOnceMoreAtMost: rates that adapt count their questions.
func TestATraceAsksItsRateOnceMoreAtMost(t *testing.T) {
	asked := &counter{}
	r := record(t, asked, WithChainKeys("", "order"))
	ctx, root := r.Start(withKey(low(t.Context()), t, "order", "1"), "root")
	for range 10 {
		_, child := r.Start(ctx, "child")
		child.End()
	}
	root.End()
	require.Equal(t, 2, asked.n)
}

// counter is a rate that keeps nothing.
type counter struct{ n int }

func (c *counter) Head(sampler.Start) sampler.Head {
	c.n++
	return sampler.Head{}
}

func (*counter) String() string { return "counter" }

// TestARootIsRenamedWhileASpanBelowLearnsTheKey is for the race detector.
func TestARootIsRenamedWhileASpanBelowLearnsTheKey(t *testing.T) {
	r := record(t, oneOfTwo, WithChainKeys("", "order"))
	for range 100 {
		ctx, root := r.Start(low(t.Context()), "root")
		var both sync.WaitGroup
		both.Go(func() { root.SetName("GET /orders") })
		both.Go(func() { _, s := r.Start(withKey(ctx, t, "order", "1"), "learns"); s.End() })
		both.Wait()
		root.End()
	}
}
