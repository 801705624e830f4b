package callgraph

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestStaticIDGolden(t *testing.T) {
	for _, row := range vectors(t, "testdata/v1_static_id.txt") {
		o := Operation{Service: Service{Environment: row[0], Namespace: row[1], Name: row[2]}, Name: row[3]}
		require.Equal(t, row[4], StaticIDOf(o).String(), o)
	}
}

func TestStaticIDKeepsNamesApart(t *testing.T) {
	ab := Operation{Service: Service{Name: "ab"}, Name: "c"}
	bc := Operation{Service: Service{Name: "a"}, Name: "bc"}
	require.NotEqual(t, StaticIDOf(ab), StaticIDOf(bc))
	require.NotZero(t, StaticIDOf(Operation{}))
}

func TestStateEntryGolden(t *testing.T) {
	for _, row := range vectors(t, "testdata/v1_tracestate.txt") {
		e, err := ParseStateEntry(row[0])
		if want := row[1]; want != "ok" {
			require.ErrorContains(t, err, want, row[0])
			continue
		}
		require.NoError(t, err)
		require.Equal(t, row[2], e.String())
	}
}

func TestStateEntryRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := StateEntry{
			Entrance: StaticID(rapid.Uint64().Draw(t, "entrance")),
			Caller:   StaticID(rapid.Uint64().Draw(t, "caller")),
			Sender:   rapid.Uint32().Draw(t, "sender"),
			Counted:  rapid.Bool().Draw(t, "counted"),
			Site:     StaticID(rapid.Uint64().Draw(t, "site")),
		}
		got, err := ParseStateEntry(e.String())
		require.NoError(t, err)
		require.Equal(t, e, got)
		require.LessOrEqual(t, len(e.String()), maxStateLength)
	})
}

func TestIndirect(t *testing.T) {
	e := StateEntry{Sender: 0x55667788}
	require.False(t, e.Indirect([8]byte{1, 2, 3, 4, 0x55, 0x66, 0x77, 0x88}))
	require.True(t, e.Indirect([8]byte{1, 2, 3, 4, 0x55, 0x66, 0x77, 0x89}))
}

func FuzzParseStateEntry(f *testing.F) {
	f.Add(StateEntry{Entrance: 1, Caller: 2, Sender: 3, Counted: true}.String())
	f.Add("1:::::")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseStateEntry(s)
		if err == nil && len(s) == stateLength && e.String()[:45] != s[:45] {
			t.Fatalf("%q reads as %q", s, e)
		}
	})
}
