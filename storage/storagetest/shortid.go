package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func shortIDCases() []contractCase {
	return []contractCase{
		{"short ID/none is no error", shortIDNone},
		{"short ID/several traces, newest first", shortIDSeveral},
	}
}

func byShortID(t *testing.T, b storage.TraceReader, id callgraph.ShortID, w callgraph.Window) []pcommon.TraceID {
	t.Helper()
	ids, err := b.ByShortID(t.Context(), id, w)
	require.NoErrorf(t, err, "look up short ID %s", id)
	return ids
}

func shortIDNone(t *testing.T, s *subject) {
	write(t, s, traces(s.base, span{trace: 1, id: 1}))
	require.Empty(t, byShortID(t, s, callgraph.ShortIDOf(traceID(2)), around(s.base, time.Hour)))
}

// shortIDSeveral has three traces that share bytes 8–11 and nothing else.
func shortIDSeveral(t *testing.T, s *subject) {
	from := s.base
	ids := make([]pcommon.TraceID, 3)
	for i := range ids {
		td := traces(from, span{trace: 1, id: i + 1, at: time.Duration(i) * time.Second})
		ids[i] = pcommon.TraceID{0: byte(i + 1), 8: 0xca, 9: 0xfe, 10: 0xba, 11: 0xbe, 15: byte(9 - i)}
		spanAt(td, 0).SetTraceID(ids[i])
		write(t, s, td)
		write(t, s, td)
	}
	const short = callgraph.ShortID(0xcafebabe)
	require.Equal(t, []pcommon.TraceID{ids[2], ids[1], ids[0]}, byShortID(t, s, short, around(from, time.Minute)))
	w := callgraph.Window{From: from, To: from.Add(time.Second)}
	require.Equal(t, []pcommon.TraceID{ids[0]}, byShortID(t, s, short, w))
	w = callgraph.Window{From: from.Add(time.Hour), To: from.Add(2 * time.Hour)}
	require.Empty(t, byShortID(t, s, short, w))
}
