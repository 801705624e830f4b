package freshid

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestZeroGenerationKeepsIDs(t *testing.T) {
	require.Equal(t, [16]byte{7}, Generation(0).TraceID([16]byte{7}))
	require.Equal(t, [8]byte{7}, Generation(0).SpanID([8]byte{7}))
}

func TestEmptyStaysEmptyAndOthersDoNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := Generation(rapid.Uint64Min(1).Draw(t, "generation"))
		require.Zero(t, g.TraceID([16]byte{}))
		require.Zero(t, g.SpanID([8]byte{}))
		require.NotZero(t, g.TraceID([16]byte{rapid.ByteMin(1).Draw(t, "trace")}))
		require.NotZero(t, permute(rapid.Uint64Min(1).Draw(t, "span"), uint64(g)))
		require.NotZero(t, permute(-uint64(g), uint64(g)), "the ID that is mixed to 0")
	})
}

func TestGenerationsDifferAndAreFunctions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64Min(1).Draw(t, "a"), rapid.Uint64Min(1).Draw(t, "b")
		x, y := rapid.Uint64Min(1).Draw(t, "x"), rapid.Uint64Min(1).Draw(t, "y")
		require.Equal(t, x == y, permute(x, a) == permute(y, a), "a bijection")
		require.Equal(t, a == b, Generation(a).TraceID([16]byte{1}) == Generation(b).TraceID([16]byte{1}))
	})
}
