package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

func TestMessagesHaveTheirSize(t *testing.T) {
	for _, size := range []int{100, 112, 150, 200, 250} {
		padding, err := paddingFor(size)
		require.NoError(t, err)
		got, err := sizeWith(padding)
		require.NoError(t, err)
		require.InDelta(t, size, got, 2)
	}
	_, err := paddingFor(20)
	require.Error(t, err)
}

func TestMessagesAreSpans(t *testing.T) {
	m, e, d := newProcess(1).message(8), wire.NewEncoder(), wirepdata.NewDecoder()
	seen := map[[8]byte]bool{}
	for range 100 {
		frames, err := e.Encode(m.next())
		require.NoError(t, err)
		back, err := d.Decode(frames[0].Bytes)
		require.NoError(t, err)
		require.Equal(t, 1, back.Traces.SpanCount())
		seen[back.Traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SpanID()] = true
	}
	require.Len(t, seen, 100)
}
