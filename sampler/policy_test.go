package sampler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"pgregory.net/rapid"
)

func TestPolicyZeroValueKeepsEverything(t *testing.T) {
	var p Policy
	h := p.Head(Start{})
	require.Equal(t, Head{Sampled: true, Weighted: true}, h)
	require.Equal(t, Verdict{Export: true, Weighted: true}, p.Decide(h, 0, p.Keeps(Facts{})))
	require.Equal(t, "all", p.String())
}

func TestDecide(t *testing.T) {
	quarter := Threshold(3 << 54)
	in, out := Randomness(quarter), Randomness(quarter-1)
	weighted := Head{Sampled: true, Threshold: quarter, Weighted: true}
	for _, c := range []struct {
		name string
		head Head
		r    Randomness
		kept bool
		want Verdict
	}{
		{"a success that was sampled", weighted, in, false, Verdict{true, true, quarter}},
		{"a success that was not", Head{}, out, false, Verdict{}},
		{"an error that was not sampled", Head{}, out, true, Verdict{true, true, 0}},
		{"an error that was is rewritten to th:0", weighted, in, true, Verdict{true, true, 0}},
		{"sampled by a parent without th", Head{Sampled: true}, out, false, Verdict{Export: true}},
		{"an error below such a parent", Head{Sampled: true}, out, true, Verdict{true, true, 0}},
		{"a threshold that the randomness contradicts", weighted, out, false, Verdict{Export: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, Policy{}.Decide(c.head, c.r, c.kept))
		})
	}
}

// anyFacts are those of any span.
func anyFacts() *rapid.Generator[Facts] { return rapid.Make[Facts]() }

func anyHead(t *rapid.T, r Randomness) Head {
	parent := Parent{
		Valid: rapid.Bool().Draw(t, "parent"), Sampled: rapid.Bool().Draw(t, "sampled"),
		HasThreshold: rapid.Bool().Draw(t, "has threshold"), Threshold: thresholds().Draw(t, "parent's threshold"),
	}
	rate := ParentBased{Root: Ratio{thresholds().Draw(t, "threshold")}}
	return rate.Head(Start{Randomness: r, Parent: parent})
}

// Whether a span is kept for what it is must not depend on its trace's
// randomness, and what is kept so has weight 1 whatever the head said.
func TestKeptSpansHaveWeightOne(t *testing.T) {
	p := Policy{Keep: Any(Errors, SoftErrors, FirstSight, Debug, Slow{Limit: 1000})}
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts().Draw(t, "facts")
		kept := p.Keeps(f)
		for range 4 {
			r := randomnesses().Draw(t, "r")
			require.Equal(t, kept, p.Keeps(f))
			if v := p.Decide(anyHead(t, r), r, kept); kept {
				require.Equal(t, Verdict{Export: true, Weighted: true}, v)
			}
		}
	})
}

// Spans that leave with a threshold met it; those that the head did not sample
// leave for what they are only.
func TestVerdictsAreConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, kept, storm := randomnesses().Draw(t, "r"), rapid.Bool().Draw(t, "kept"), thresholds().Draw(t, "storm")
		h := anyHead(t, r)
		require.False(t, h.Weighted && !h.Sampled, "sampled=0 carries no th")
		for _, v := range []Verdict{(Policy{}).Decide(h, r, kept), (Policy{}).DecideThinned(h, r, storm)} {
			require.False(t, v.Weighted && (!v.Export || !v.Threshold.Keeps(r)))
			require.False(t, !v.Weighted && v.Threshold != 0)
			require.True(t, v.Export || !h.Sampled, "what the head sampled leaves")
		}
		require.True(t, h.Sampled || kept == (Policy{}).Decide(h, r, kept).Export)
	})
}

// evenly are n values of randomness at the same distance from each other, so
// that sums over them are those of all traces but for one.
func evenly(n int) func(func(Randomness) bool) {
	return func(yield func(Randomness) bool) {
		step := uint64(1<<56) / uint64(n)
		for i := range uint64(n) {
			if !yield(Randomness(i*step + step/2)) {
				return
			}
		}
	}
}

// The weights of what leaves sum to what there was, whatever is kept, sampled
// and thinned out in a storm.
func TestWeightsSumToTheTruth(t *testing.T) {
	const n = 1 << 13
	rapid.Check(t, func(t *rapid.T) {
		head := OneIn(rapid.IntRange(1, 500).Draw(t, "one in"))
		storm := rapid.OneOf(rapid.Just(Threshold(0)), rapid.Just(Never), thresholds()).Draw(t, "storm")
		var sum, heaviest float64
		for r := range evenly(n) {
			v := Policy{}.DecideThinned(head.Head(Start{Randomness: r}), r, storm)
			if v.Export {
				sum += v.Threshold.Weight()
				heaviest = v.Threshold.Weight()
			}
		}
		require.InDelta(t, n, sum, heaviest+1)
	})
}

// The same over trace IDs as they come, each class of spans on its own: five
// standard deviations, by a fixed seed.
func TestWeightsOfEachClassSumToTheTruth(t *testing.T) {
	const n = 50_000
	p := Policy{
		Rate: ParentBased{Root: PerOperation{Operations: map[string]Rate{"hot": OneIn(1000)}, Others: OneIn(10)}},
		Keep: Any(Errors, SoftErrors, Slow{Limit: 1000}),
	}
	parent := Parent{Valid: true, Remote: true, HasThreshold: true, Threshold: OneIn(50).Threshold}
	for _, class := range []Facts{
		{Operation: "hot"},
		{Operation: "cold"},
		{Operation: "called"},
		{Operation: "hot", Status: codes.Error},
		{Operation: "cold", SoftError: true},
		{Operation: "called", Duration: 1000},
	} {
		t.Run(fmt.Sprintf("%+v", class), func(t *testing.T) {
			ids := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's sample
			var sum, squares float64
			for range n {
				r := Randomness(ids.Uint64() >> 8)
				s := Start{Randomness: r, Operation: class.Operation}
				if class.Operation == "called" {
					s.Parent = parent
					s.Parent.Sampled = parent.Threshold.Keeps(r)
				}
				if v := p.Decide(p.Head(s), r, p.Keeps(class)); v.Export {
					require.True(t, v.Weighted)
					w := v.Threshold.Weight()
					sum, squares = sum+w, squares+w*(w-1)
				}
			}
			require.InDelta(t, n, sum, 5*math.Sqrt(squares)+1e-6)
		})
	}
}
