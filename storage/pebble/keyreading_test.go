package pebble

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// TestLinksOfCrowdsAreNotAllHeld: a key of many traces with a thousand others
// each has a million links, of which somebody asks for the first.
func TestLinksOfCrowdsAreNotAllHeld(t *testing.T) {
	const crowds, limit = 9, 21
	s := openStore(t, Options{})
	hub := callgraph.ChainKey{Kind: "shop", Value: "1"}
	for n := range crowds {
		all := []callgraph.Sighting{{Key: hub, TraceID: oneID(byte(n + 1)), Start: time.Unix(1, 0)}}
		for i := range storage.MaxTraceKeys - 1 {
			all = append(all, callgraph.Sighting{
				Key:     callgraph.ChainKey{Kind: "order", Value: fmt.Sprintf("%04d-%d", i, crowds-n)},
				TraceID: all[0].TraceID, Start: all[0].Start,
			})
		}
		require.NoError(t, s.WriteSightings(t.Context(), all))
	}
	found := map[callgraph.ChainKey]pcommon.TraceID{}
	require.NoError(t, s.crowds(t.Context(), hub, limit, found))
	require.LessOrEqual(t, len(found), limit+maxCrowdKeys)
	links, err := s.Links(t.Context(), hub, limit)
	require.NoError(t, err)
	require.Len(t, links, limit)
	for i, l := range links {
		require.Equal(t, fmt.Sprintf("%04d-%d", i/crowds, i%crowds+1), l.Key.Value)
		require.Equal(t, oneID(byte(crowds-i%crowds)), pcommon.TraceID(l.TraceID))
	}
}
