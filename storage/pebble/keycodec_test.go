package pebble

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func drawKey(t *rapid.T) (k callgraph.ChainKey) {
	text := rapid.OneOf(rapid.StringOfN(rapid.SampledFrom([]rune{0, 1, 2, 'a', 255}), 0, 4, -1), rapid.String())
	return callgraph.ChainKey{Environment: text.Draw(t, "environment"), Kind: text.Draw(t, "kind"), Value: text.Draw(t, "value")}
}

// TestKeyRowsKeepTheOrder of keys, and tell them apart from what follows.
func TestKeyRowsKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawKey(t), drawKey(t)
		rowA, rowB := appendByKind(nil, a), appendByKind(nil, b)
		require.Equal(t, a.Compare(b), bytes.Compare(rowA, rowB))
		require.Equal(t, a == b, bytes.HasPrefix(append(slices.Clip(rowA), "more"...), rowB))
		got, rest, err := cutByKind(append(rowA, "more"...))
		require.NoError(t, err)
		require.Equal(t, a, got)
		require.Equal(t, "more", string(rest))
		got, rest, err = cutByValue(appendByValue(nil, a))
		require.NoError(t, err)
		require.Equal(t, a, got)
		require.Empty(t, rest)
	})
}

func TestCarriedKeysAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOf(rapid.Custom(func(t *rapid.T) carried {
			return carried{drawKey(t), rapid.Int64().Draw(t, "start"), rapid.Int64().Draw(t, "hour")}
		})).Draw(t, "keys")
		got, err := readCarried(appendCarried(nil, all))
		require.NoError(t, err)
		require.True(t, slices.Equal(all, got))
	})
}

func FuzzKeyRows(f *testing.F) {
	k := callgraph.ChainKey{Environment: "prod", Kind: "order", Value: "4711\x00"}
	f.Add(appendByKind(nil, k))
	f.Add(appendByValue(nil, k))
	f.Add(appendCarried(nil, []carried{{k, 1, 2}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, rest, err := cutByKind(b); err == nil {
			require.Equal(t, b, append(appendByKind(nil, k), rest...))
		}
		if k, rest, err := cutByValue(b); err == nil {
			require.Equal(t, b, append(appendByValue(nil, k), rest...))
		}
		if all, err := readCarried(b); err == nil {
			again, err := readCarried(appendCarried(nil, all))
			require.NoError(t, err)
			require.Equal(t, all, again)
		}
	})
}
