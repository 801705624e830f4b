package sdk

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
)

// TestLateFailuresMeetTheirRootsEnd: a span that fails just when its root, or
// a span above it, ends and leaves.
func TestLateFailuresMeetTheirRootsEnd(t *testing.T) {
	for _, scope := range []Scope{ScopeTrace, ScopePath, ScopeSpan} {
		t.Run(scope.String(), func(t *testing.T) {
			s := &shelf{}
			p := NewTracerProvider(WithPolicy(oneIn(2)), WithScope(scope), WithStormBudget(0), WithExporter(s, Batching{Queue: 1 << 15}))
			w := &workload{}
			for range 2000 {
				ctx, root := p.Tracer("").Start(t.Context(), "root")
				ctx, middle := p.Tracer("").Start(ctx, "middle")
				_, late := p.Tracer("").Start(ctx, "late")
				late.SetStatus(codes.Error, "late")
				var wait sync.WaitGroup
				wait.Go(func() { root.End(); w.note(root, false) })
				wait.Go(func() { middle.End(); w.note(middle, false) })
				wait.Go(func() { late.End(); w.note(late, true) })
				wait.Wait()
			}
			require.NoError(t, p.ForceFlush(t.Context()))
			require.NoError(t, p.Shutdown(t.Context()))
			accountedFor(t, w, p, s)
			require.Zero(t, missing(w, s))
		})
	}
}
