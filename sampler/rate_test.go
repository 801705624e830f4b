package sampler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParentBased(t *testing.T) {
	quarter := Threshold(3 << 54)
	in, out := Randomness(quarter), Randomness(quarter-1)
	for _, c := range []struct {
		name   string
		parent Parent
		r      Randomness
		want   Head
	}{
		{"no parent, met", Parent{}, Randomness(Never / 2), Head{true, Never / 2, true}},
		{"no parent, missed", Parent{}, Randomness(Never/2 - 1), Head{}},
		{"no parent, but flags", Parent{Sampled: true}, 0, Head{}},
		{"sampled: its threshold", Parent{Valid: true, Remote: true, Sampled: true, HasThreshold: true, Threshold: quarter}, in, Head{true, quarter, true}},
		{"sampled by a threshold below ours", Parent{Valid: true, Sampled: true, HasThreshold: true}, 0, Head{true, 0, true}},
		{"sampled without: kept, unweighted", Parent{Valid: true, Remote: true, Sampled: true}, 0, Head{Sampled: true}},
		{"sampled against its threshold: unweighted", Parent{Valid: true, Remote: true, Sampled: true, HasThreshold: true, Threshold: quarter}, out, Head{Sampled: true}},
		{"not sampled: recorded only", Parent{Valid: true, Remote: true}, Randomness(Never - 1), Head{}},
		{"not sampled, th all the same", Parent{Valid: true, Remote: true, HasThreshold: true}, Randomness(Never - 1), Head{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, ParentBased{Root: OneIn(2)}.Head(Start{Parent: c.parent, Randomness: c.r}))
		})
	}
}

// OpenTelemetry's ratio decides by the trace alone, whatever the parent did.
func TestRatioIgnoresTheParent(t *testing.T) {
	s := Start{Randomness: 1 << 55, Parent: Parent{Valid: true, Remote: true}}
	require.True(t, OneIn(2).Head(s).Sampled)
	s.Randomness--
	s.Parent.Sampled = true
	require.False(t, OneIn(2).Head(s).Sampled)
}

func TestPerOperation(t *testing.T) {
	p := PerOperation{Operations: map[string]Rate{"GET /health": Off, "POST /pay": nil}, Others: OneIn(2)}
	require.False(t, p.Head(Start{Operation: "GET /health", Randomness: 1 << 55}).Sampled)
	require.True(t, p.Head(Start{Operation: "POST /pay"}).Sampled)
	require.False(t, p.Head(Start{Operation: "GET /"}).Sampled)
	require.True(t, PerOperation{}.Head(Start{}).Sampled)
}

func TestStrings(t *testing.T) {
	limit := NewLimit(100)
	for want, v := range map[string]interface{ String() string }{
		"all":                               Ratio{},
		"none":                              Ratio{Never},
		"1 of 10":                           Ratio{ThresholdFor(0.1)},
		"1 of 1000":                         OneIn(1000),
		"as the parent, else all":           ParentBased{},
		"100 a second (now all)":            limit,
		"nothing":                           None,
		"errors, debug":                     Errors | Debug,
		"slow (GET / from 2s, any from 1s)": Slow{Limit: 1e9, Operations: map[string]time.Duration{"GET /": 2e9}},
		"slow (above the 0.999 quantile of its operation)": NewSlowest(0.999),
		"as the parent, else (b: none, c: all, others: 1 of 2); always errors, soft errors, slow (any from 1ms)": Policy{
			Rate: ParentBased{Root: PerOperation{Operations: map[string]Rate{"c": nil, "b": Off}, Others: OneIn(2)}},
			Keep: Any(Errors, Slow{Limit: 1e6}, nil, Any(SoftErrors)),
		},
	} {
		require.Equal(t, want, v.String())
	}
}
