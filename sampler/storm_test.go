package sampler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// tally is what became of one signature's errors in a second.
type tally struct {
	kept, firsts int
	weights      float64
}

// errors has n errors of a signature at a second.
func (y *tally) errors(s *Storm, operation string, n int, at int64, ids *rand.Rand) {
	for range n {
		keep, t, first := s.Admit(operation, "timeout", Randomness(ids.Uint64()>>8), at)
		switch {
		case first:
			y.firsts++
		case keep:
			y.kept, y.weights = y.kept+1, y.weights+t.Weight()
		}
	}
}

func sample() *rand.Rand {
	return rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a test's sample
}

func TestCalmKeepsEveryError(t *testing.T) {
	s, ids := NewStorm(100), sample()
	for at := range int64(20) {
		var y tally
		for i := range 20 {
			y.errors(s, fmt.Sprint(i), 5, at, ids)
		}
		require.Equal(t, tally{kept: 100, weights: 100}, y, "second %d", at)
	}
	require.Contains(t, s.String(), "calm")
}

// Failures jump from one in a thousand to all: the errors that leave stay
// within a few budgets at once and within about one from the next second.
func TestStormIsThinnedOut(t *testing.T) {
	s, ids := NewStorm(100), sample()
	for at := range int64(10) {
		var storm, rare tally
		n := 10
		if at >= 3 {
			n = 10_000
		}
		storm.errors(s, "pay", n, at, ids)
		rare.errors(s, "search", 3, at, ids)
		switch {
		case at < 3:
			require.Equal(t, tally{kept: 10, weights: 10}, storm)
		case at == 3:
			require.LessOrEqual(t, storm.kept, 400)
			require.InEpsilon(t, n, storm.weights, 0.5)
		default:
			require.InDelta(t, 97, storm.kept, 40)
			require.InEpsilon(t, n, storm.weights, 0.4)
			require.Equal(t, 3, rare.kept, "who has few loses none")
			require.Contains(t, s.String(), "storm")
		}
	}
}

// Every signature of a second is there, if by its first error alone.
func TestEverySignatureIsRepresented(t *testing.T) {
	s, ids := NewStorm(10), sample()
	for at := range int64(5) {
		for i := range 500 {
			var y tally
			y.errors(s, fmt.Sprint(i), 20, at, ids)
			require.Positive(t, y.kept+y.firsts, "signature %d at %d", i, at)
			require.LessOrEqual(t, y.firsts, 1)
		}
	}
}

// The first of a second leaves whatever its randomness, but without a weight.
func TestFirstOfASecondHasNoWeight(t *testing.T) {
	s := NewStorm(1)
	for range 10_000 {
		s.Admit("op", "", 0, 1)
	}
	keep, th, first := s.Admit("op", "", 0, 2)
	require.True(t, keep)
	require.True(t, first)
	require.NotZero(t, th)
	keep, _, first = s.Admit("op", "", 0, 2)
	require.False(t, keep)
	require.False(t, first)
	keep, th, first = s.Admit("op", "", Randomness(Never-1), 3)
	require.True(t, keep)
	require.False(t, first, "it met its threshold")
	require.NotZero(t, th)
}

func TestStormForgetsSignatures(t *testing.T) {
	s, ids := NewStorm(10), sample()
	var y tally
	for i := range tableLimit + 100 {
		y.errors(s, fmt.Sprint(i), 1, 1, ids)
	}
	require.Len(t, s.table.all(), tableLimit)
	require.Equal(t, uint64(100), s.table.refused.Load())
	for at := range int64(idleSeconds + 1) {
		s.Tick(2 + at)
	}
	require.Empty(t, s.table.all())
	y = tally{}
	y.errors(s, "new", 10, 100, ids)
	require.Equal(t, tally{kept: 10, weights: 10}, y, "calm again")
}

// A second's threshold does not depend on the randomness of its errors.
func TestThresholdsDoNotDependOnRandomness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := NewStorm(5), NewStorm(5)
		for range rapid.IntRange(1, 300).Draw(t, "errors") {
			operation := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "operation")
			at := rapid.Int64Range(0, 5).Draw(t, "second")
			_, ta, _ := a.Admit(operation, "", randomnesses().Draw(t, "r"), at)
			_, tb, _ := b.Admit(operation, "", 0, at)
			require.Equal(t, ta, tb)
		}
	})
}

func TestLevel(t *testing.T) {
	for _, c := range []struct {
		counts []float64
		budget float64
		want   float64
	}{
		{nil, 10, math.Inf(1)},
		{[]float64{3, 4}, 10, math.Inf(1)},
		{[]float64{3, 7}, 10, math.Inf(1)},
		{[]float64{1000, 3}, 10, 7},
		{[]float64{1000, 1000, 0}, 10, 5},
		{[]float64{1, 2, 30, 40}, 10, 3.5},
	} {
		require.Equal(t, c.want, levelOf(c.counts, c.budget))
	}
}

func TestStormUnderConcurrency(t *testing.T) {
	s := NewStorm(50)
	var admitted, asked atomic.Int64
	var all sync.WaitGroup
	for g := range uint64(8) {
		all.Go(func() {
			ids := rand.New(rand.NewPCG(g, 9)) //nolint:gosec // a test's sample
			for i := range 4000 {
				keep, _, _ := s.Admit(fmt.Sprint(i%20), "", Randomness(ids.Uint64()>>8), int64(i/1000))
				if asked.Add(1); keep {
					admitted.Add(1)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, asked.Load(), admitted.Load()+int64(s.gone.Load()), "every error is kept or counted as thinned out")
	require.Less(t, admitted.Load(), asked.Load()/10)
}
