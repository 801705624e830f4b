package sdk

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/sampler"
)

func oneIn(n int) sampler.Policy {
	return sampler.Policy{Rate: sampler.ParentBased{Root: sampler.OneIn(n)}, Keep: sampler.Errors}
}

// accountedFor: every ended span was exported once, or is counted.
func accountedFor(t *testing.T, w *workload, p *TracerProvider, s *shelf) {
	t.Helper()
	require.Zero(t, s.doubled, "spans exported twice")
	lost := int(p.stats.fullFailed.Load() + p.stats.fullOthers.Load() + p.stats.shutdown.Load())
	require.Equal(t, w.ended, len(s.spans)+lost+int(p.stats.discarded.sum()), "ended = exported + dropped + discarded")
	require.Zero(t, p.bodies.inUse(), "bodies that nobody gave back")
}

func missing(w *workload, s *shelf) (n int) {
	for _, id := range w.failed {
		if !s.has(id) {
			n++
		}
	}
	return n
}

func TestEveryFailedSpanLeavesOnce(t *testing.T) {
	for _, n := range []int{1, 10, 1000, 4000} {
		for _, scope := range []Scope{ScopeTrace, ScopePath, ScopeSpan} {
			t.Run(fmt.Sprintf("1 in %d, scope %s", n, scope), func(t *testing.T) {
				s := &shelf{}
				w, p := work(t, WithPolicy(oneIn(n)), WithScope(scope), WithStormBudget(0), WithExporter(s, Batching{Queue: 1 << 15}))
				accountedFor(t, w, p, s)
				require.NotEmpty(t, w.failed)
				require.Zero(t, missing(w, s), "failed spans that did not leave, of %d", len(w.failed))
			})
		}
	}
}

func TestFailedSpansWithoutRoomAreCounted(t *testing.T) {
	for _, n := range []int{1, 1000} {
		t.Run(fmt.Sprintf("1 in %d", n), func(t *testing.T) {
			s := &shelf{}
			w, p := work(t, WithPolicy(oneIn(n)), WithStormBudget(0), WithExporter(s, Batching{Queue: 64, Batch: 8}))
			accountedFor(t, w, p, s)
			require.LessOrEqual(t, missing(w, s), int(p.stats.fullFailed.Load()))
		})
	}
}

func TestFailedSpansOfAStormAreCounted(t *testing.T) {
	s := &shelf{}
	w, p := work(t, WithPolicy(oneIn(1000)), WithStormBudget(10), WithExporter(s, Batching{Queue: 1 << 15}))
	accountedFor(t, w, p, s)
	require.NotZero(t, p.stats.stormed.Load())
	require.NotZero(t, missing(w, s), "the storm thinned nothing out")
	require.LessOrEqual(t, missing(w, s), int(p.stats.discarded.sum()))
	names := map[string]bool{}
	for _, span := range s.spans {
		names[span.Name()] = true
	}
	for _, name := range []string{"request", "call", "panics", "late"} {
		require.True(t, names[name], "no failure of %s left", name)
	}
}

func TestFailedSpansLeaveWithoutBodies(t *testing.T) {
	s := &shelf{}
	w, p := work(t, WithPolicy(oneIn(1000)), WithMaxBodies(16), WithStormBudget(0), WithExporter(s, Batching{Queue: 1 << 15}))
	accountedFor(t, w, p, s)
	require.NotZero(t, p.bodies.refused.Load())
	require.Zero(t, missing(w, s))
}

func TestSynchronousExportersGetEachFailedSpanOnce(t *testing.T) {
	s, second := &shelf{}, &shelf{}
	w, p := work(t, WithPolicy(oneIn(10)), WithStormBudget(0), WithSyncer(s), WithExporter(second, Batching{Queue: 1 << 15}))
	accountedFor(t, w, p, s)
	require.Zero(t, missing(w, s)+missing(w, second))
	require.Len(t, second.spans, len(s.spans))
}
