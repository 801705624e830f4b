package sdk

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// parents are span contexts that a process may get, consistent and not.
var parents = rapid.Custom(func(t *rapid.T) trace.SpanContext {
	c := trace.SpanContextConfig{SpanID: trace.SpanID{1}, Remote: rapid.Bool().Draw(t, "remote")}
	copy(c.TraceID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "trace ID"))
	c.TraceID[0] = 1
	c.TraceFlags = trace.TraceFlags(0).WithSampled(rapid.Bool().Draw(t, "sampled"))
	texts := []string{"", "ot=th:0", "ot=th:8", "ot=th:fd70a4;rv:fe00000000000", "ot=th:c;rv:80000000000000;p:8", "ot=garbage", "v=1,ot=th:ff", "v=1"}
	state, err := trace.ParseTraceState(rapid.SampledFrom(texts).Draw(t, "state"))
	if err == nil {
		c.TraceState = state
	}
	return trace.NewSpanContext(c)
})

var policies = map[string]sampler.Policy{
	"default": {},
	"parent":  {Rate: sampler.ParentBased{}, Keep: sampler.Errors},
	"1 in 3":  oneIn(3),
	"off":     {Rate: sampler.Off, Keep: sampler.Errors},
	"by root": {Rate: sampler.OneIn(3), Keep: sampler.Errors},
}

// TestUnsampledSpansCarryNoThreshold: neither to a callee nor to an exporter;
// and what leaves with one agrees with its trace's randomness.
func TestUnsampledSpansCarryNoThreshold(t *testing.T) {
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				var exported []sdktrace.ReadOnlySpan
				scope := Scope(rapid.IntRange(0, 2).Draw(t, "scope"))
				p := NewTracerProvider(WithPolicy(policy), WithScope(scope), WithSyncer(tally(func(s sdktrace.ReadOnlySpan) { exported = append(exported, s) })))
				defer func() { require.NoError(t, p.Shutdown(context.Background())) }()
				ctx := trace.ContextWithSpanContext(context.Background(), parents.Draw(t, "parent"))
				checkLive(ctx, t, p, rapid.Bool().Draw(t, "new root"), rapid.Bool().Draw(t, "fails"))
				for _, s := range exported {
					require.True(t, s.SpanContext().IsSampled(), "exported, not sampled")
					require.NoError(t, threshold(s.SpanContext()), s.Name())
				}
			})
		})
	}
}

func checkLive(ctx context.Context, t *rapid.T, p *TracerProvider, newRoot, fails bool) {
	var options []trace.SpanStartOption
	if newRoot {
		options = append(options, trace.WithNewRoot())
	}
	ctx, root := p.Tracer("").Start(ctx, "root", options...)
	_, child := p.Tracer("").Start(ctx, "child")
	if fails {
		child.SetStatus(codes.Error, "failed")
	}
	child.End()
	root.End()
	_, late := p.Tracer("").Start(ctx, "late")
	late.End()
	for _, s := range []trace.Span{root, child, late} {
		require.NoError(t, threshold(s.SpanContext()))
	}
}

// threshold says what is wrong with a span context's threshold.
func threshold(sc trace.SpanContext) error {
	state, _ := sampler.ParseState(sc.TraceState().Get(sampler.StateKey)) // what cannot be read is no threshold
	switch {
	case !state.HasThreshold:
		return nil
	case !sc.IsSampled():
		return fmt.Errorf("not sampled, yet th:%s", state.Threshold)
	case !state.Threshold.Keeps(state.RandomnessOf(sc.TraceID())):
		return fmt.Errorf("th:%s rejects its own trace", state.Threshold)
	}
	return nil
}
