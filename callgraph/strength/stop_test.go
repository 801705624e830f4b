package strength_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

func TestHowMuchFailuresStop(t *testing.T) {
	ok := strength.Tally{Seen: 1000, Went: 1000, Survived: 950, WentAndFailed: 50, Beside: 40}
	for name, c := range map[string]struct {
		ok, failed strength.Tally
		fallback   bool
		want       float64
	}{
		"no failures":                           {ok: ok},
		"strong":                                {ok: ok, failed: strength.Tally{Seen: 50}, want: 0.99},
		"strong, without successes":             {failed: strength.Tally{Seen: 50}, want: 1},
		"weak":                                  {ok: ok, failed: strength.Tally{Seen: 50, Went: 50, Survived: 48, WentAndFailed: 2, Beside: 2}},
		"weak, but fails at the end":            {ok: ok, failed: strength.Tally{Seen: 50, Went: 50, WentAndFailed: 50}, want: 0.99},
		"weak, mostly beside a strong one":      {ok: ok, failed: strength.Tally{Seen: 50, Went: 50, Survived: 10, WentAndFailed: 40, Beside: 40}},
		"weak, at once with a strong one":       {ok: ok, failed: strength.Tally{Seen: 50, Went: 10, Survived: 10, Beside: 40}},
		"weak, never but before a strong one":   {ok: ok, failed: strength.Tally{Seen: 50, Went: 50, WentAndFailed: 50, Beside: 50}},
		"never but with another, nothing after": {ok: ok, failed: strength.Tally{Seen: 50, Beside: 50}, want: 0.95},
		"a fallback that fails, too, in a fifth": {
			ok: ok, failed: strength.Tally{Seen: 50, Went: 50, Survived: 40, WentAndFailed: 10, Beside: 10}, fallback: true, want: 0.15,
		},
		"no better off": {ok: strength.Tally{Seen: 10}, failed: strength.Tally{Seen: 10}},
	} {
		require.InDelta(t, c.want, strength.StopShare(c.ok, c.failed, c.fallback), 0.001, name)
	}
}

func TestStopSharesAreShares(t *testing.T) {
	tally := rapid.Custom(func(t *rapid.T) strength.Tally {
		n := rapid.OneOf(rapid.Uint64Range(0, 20), rapid.Uint64())
		return strength.Tally{
			Seen: n.Draw(t, "seen"), Went: n.Draw(t, "went"), Survived: n.Draw(t, "survived"), WentAndFailed: n.Draw(t, "both"),
			Beside: n.Draw(t, "beside"), BesideSurvived: n.Draw(t, "beside survived"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		s := strength.StopShare(tally.Draw(t, "ok"), tally.Draw(t, "failed"), rapid.Bool().Draw(t, "fallback"))
		require.True(t, s >= 0 && s <= 1, s)
	})
}
