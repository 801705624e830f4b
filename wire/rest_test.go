package wire

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIdleStreamsAreSmall holds a collector with many idle streams to 32 KiB
// each, transport aside.
func TestIdleStreamsAreSmall(t *testing.T) {
	const streams, most = 200, 32 << 10
	decoders := make([]*Decoder, streams)
	before := heapInUse()
	for i := range decoders {
		e := NewEncoder()
		decoders[i] = NewDecoder()
		frames, err := e.Encode(spansOf(50))
		require.NoError(t, err)
		require.NoError(t, decoders[i].Decode(frames[0].Bytes, &counted{}))
		require.NoError(t, decoders[i].Decode(e.Rest().Bytes, &counted{}))
		frames, err = e.Encode(spansOf(1))
		require.NoError(t, err)
		if i == 0 {
			require.NoError(t, decoders[i].Decode(frames[0].Bytes, &counted{}), "the stream goes on")
		}
	}
	require.Less(t, (heapInUse()-before)/streams, int64(most))
	runtime.KeepAlive(decoders)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
