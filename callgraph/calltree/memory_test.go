package calltree

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// pairs are so many calls of one service by another, each a trace.
func pairs(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	for half, name := range []string{"web", "cart"} {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", name)
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		for i := range n {
			var trace [16]byte
			binary.BigEndian.PutUint64(trace[:], uint64(i)+1)
			s := spans.AppendEmpty()
			s.SetTraceID(trace)
			s.SetSpanID([8]byte{1})
			s.SetName("GET")
			s.SetKind(ptrace.SpanKindClient)
			if half == 1 {
				s.SetSpanID([8]byte{2})
				s.SetParentSpanID([8]byte{1})
				s.SetKind(ptrace.SpanKindServer)
			}
		}
	}
	return td
}

func TestMemoryOfABusyTimeIsGivenBack(t *testing.T) {
	j := NewJoiner(Options{})
	now := time.Unix(1_000_000, 0)
	for range 2 { // the second finds it as the first did
		j.Add(pairs(maxKeptNodes), now)
		calls := len(j.Expire(now.Add(time.Second)))
		require.Greater(t, j.nodes.used, maxKeptNodes)
		now = now.Add(DefaultProvisional)
		calls += len(j.Expire(now))
		require.Equal(t, 2*maxKeptNodes, calls, "into each trace, and within it")
		require.Zero(t, j.Stats().Held)
		require.Zero(t, j.nodes.used)
		now = now.Add(time.Minute)
	}
}
