package sampler

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseState(t *testing.T) {
	rv := Randomness(0x9b8233f7e3a151)
	for value, want := range map[string]State{
		"":                              {},
		"th:0":                          {HasThreshold: true},
		"th:c":                          {HasThreshold: true, Threshold: 3 << 54},
		"rv:9b8233f7e3a151":             {HasRandomness: true, Randomness: rv},
		"th:c;rv:9b8233f7e3a151":        {HasThreshold: true, Threshold: 3 << 54, HasRandomness: true, Randomness: rv},
		"rv:9b8233f7e3a151;th:c":        {HasThreshold: true, Threshold: 3 << 54, HasRandomness: true, Randomness: rv},
		"p:8;r:62":                      {rest: "p:8;r:62"},
		"p:8;th:c;r:62":                 {HasThreshold: true, Threshold: 3 << 54, rest: "p:8;r:62"},
		"x1:a.B_c-9;empty:;th:00":       {HasThreshold: true, rest: "x1:a.B_c-9;empty:"},
		"x:" + strings.Repeat("v", 254): {rest: "x:" + strings.Repeat("v", 254)},
	} {
		got, err := ParseState(value)
		require.NoError(t, err, value)
		require.Equal(t, want, got, value)
	}
}

// One field that is wrong does not take the others with it.
func TestParseStateLeavesOutWhatIsWrong(t *testing.T) {
	for value, want := range map[string]string{
		"th:g;rv:9b8233f7e3a151;x:1":    "rv:9b8233f7e3a151;x:1",
		"th:;x:1":                       "x:1",
		"rv:123;th:8":                   "th:8",
		"th:8;th:c":                     "th:8",
		"th:8;":                         "th:8",
		";th:8":                         "th:8",
		"TH:8":                          "",
		"x=1;th:8":                      "th:8",
		"1x:1;th:8":                     "th:8",
		"x y:1;th:8":                    "th:8",
		"x:ü;th:8":                      "th:8",
		"x:" + strings.Repeat("v", 255): "",
	} {
		got, err := ParseState(value)
		require.Error(t, err, value)
		require.Equal(t, want, got.String(), value)
	}
}

// The entry must stay within its 256 bytes: th and rv go first.
func TestStateDropsWhatNoLongerFits(t *testing.T) {
	s, err := ParseState("x:" + strings.Repeat("v", 254))
	require.NoError(t, err)
	s.HasThreshold = true
	require.Equal(t, "th:0", s.String())
	s, err = ParseState("x:" + strings.Repeat("v", 249))
	require.NoError(t, err)
	s.HasThreshold = true
	require.Len(t, s.String(), stateLimit)
}

func TestStateNeverCarriesNever(t *testing.T) {
	require.Empty(t, State{HasThreshold: true, Threshold: Never}.String())
}

func TestRandomnessOfTraceWithItsOwn(t *testing.T) {
	id := [16]byte{15: 7}
	require.Equal(t, Randomness(7), State{}.RandomnessOf(id))
	require.Equal(t, Randomness(9), State{HasRandomness: true, Randomness: 9}.RandomnessOf(id))
}

func TestStateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := State{
			HasThreshold: rapid.Bool().Draw(t, "has threshold"), HasRandomness: rapid.Bool().Draw(t, "has randomness"),
			rest: strings.Join(rapid.SliceOfN(rapid.StringMatching(`[a-s][a-z0-9]{0,5}:[A-Za-z0-9._-]{0,9}`), 0, 5).Draw(t, "rest"), ";"),
		}
		want.rest = strings.ReplaceAll(want.rest, "rv:", "rw:")
		if want.HasThreshold {
			want.Threshold = thresholds().Filter(func(t Threshold) bool { return t < Never }).Draw(t, "threshold")
		}
		if want.HasRandomness {
			want.Randomness = randomnesses().Draw(t, "randomness")
		}
		got, err := ParseState(want.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestAppendStateAllocatesNothing(t *testing.T) {
	s := State{HasThreshold: true, Threshold: OneIn(1000).Threshold, HasRandomness: true, Randomness: 5}
	b := make([]byte, 0, stateLimit)
	require.Zero(t, testing.AllocsPerRun(100, func() { b = s.Append(b[:0]) }))
	require.Equal(t, "th:ffbe77;rv:00000000000005", string(b))
	require.Zero(t, testing.AllocsPerRun(100, func() { s, _ = ParseState("th:ffbe77;rv:00000000000005;x:1") }))
}

func FuzzParseState(f *testing.F) {
	for _, s := range []string{"", "th:0", "rv:9b8233f7e3a151;th:c;x:1", "th:g;th:8;;x", "th:8;p:1;rv:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s, _ := ParseState(value)
		out := s.String()
		require.LessOrEqual(t, len(out), stateLimit)
		again, err := ParseState(out)
		require.NoError(t, err)
		require.Equal(t, out, again.String())
		require.Equal(t, s.HasThreshold, again.HasThreshold)
		require.Equal(t, s.Threshold, again.Threshold)
		require.Equal(t, s.Randomness, again.Randomness)
	})
}
