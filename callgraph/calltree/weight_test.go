package calltree

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestWeight(t *testing.T) {
	for state, want := range map[string]weight{
		"":                                {count: 1, unknown: true},
		"congo=t61rcWkgMzE":               {count: 1, unknown: true},
		"ot=rv:01020304050607":            {count: 1, unknown: true},
		"ot=th:0":                         {count: 1},
		"ot=th:8":                         {count: 2},
		"ot=th:c":                         {count: 4},
		"ot=rv:01020304050607;th:c":       {count: 4},
		"congo=t61rcWkgMzE, ot=th:c;x:1":  {count: 4},
		"other=th:c,ot=th:8":              {count: 2},
		"ot=th:":                          {count: 1, unknown: true},
		"ot=th:g":                         {count: 1, unknown: true},
		"ot=th:-8":                        {count: 1, unknown: true},
		"ot=th:123456789012345":           {count: 1, unknown: true},
		"ot=th:ffffffffffffff":            {count: 1, unknown: true, refused: true},
		"ot=th:ffffd60e94ee39":            {count: 1, unknown: true, refused: true}, // one in 102,400
		"jcg=1:0123456789abcdef:00:00:00": {count: 1, unknown: true},
	} {
		s := ptrace.NewSpan()
		s.TraceState().FromRaw(state)
		require.Equal(t, want, weightOf(s, false), state)
		require.Equal(t, weight{}, weightOf(s, true), "late")
	}
	s := ptrace.NewSpan()
	s.TraceState().FromRaw("ot=th:ffbe76c8b43958")
	require.InDelta(t, 1000, weightOf(s, false).count, 0.001)
}
