package query

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// Envoy says error=true as a text and leaves the status unset.
func TestErrorTagFindsStatusAndAttribute(t *testing.T) {
	store, err := memory.Open(memory.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	td := ptrace.NewTraces()
	byStatus := newSpan(td, "proxy", pcommon.TraceID{1}, 1, 0, "GET /", ptrace.SpanKindServer, -3, 1)
	byStatus.Status().SetCode(ptrace.StatusCodeError)
	byAttribute := newSpan(td, "proxy", pcommon.TraceID{2}, 2, 0, "GET /", ptrace.SpanKindServer, -2, 1)
	byAttribute.Attributes().PutStr("error", "true")
	both := newSpan(td, "proxy", pcommon.TraceID{3}, 3, 0, "GET /", ptrace.SpanKindServer, -1, 1)
	both.Attributes().PutBool("error", true)
	both.Status().SetCode(ptrace.StatusCodeError)
	newSpan(td, "proxy", pcommon.TraceID{4}, 4, 0, "GET /", ptrace.SpanKindServer, -1, 1).Attributes().PutBool("error", false)
	_, err = store.WriteSpans(t.Context(), td)
	require.NoError(t, err)

	s := New(Options{Backend: store, Now: func() time.Time { return noon }})
	of := func(tags map[string]string) (first []byte) {
		for _, id := range tagged(t, s, "proxy", tags) {
			first = append(first, id[1])
		}
		return first
	}
	require.Equal(t, []byte("321"), of(map[string]string{"error": "true"}), "newest first, each once")
	require.Equal(t, []byte("321"), of(map[string]string{"error": "true", "span.kind": "server"}))
	require.Empty(t, of(map[string]string{"error": "true", "span.kind": "client"}))
	require.Equal(t, []byte("31"), of(map[string]string{"otel.status_code": "ERROR"}))
	require.Equal(t, []byte("4"), of(map[string]string{"error": "false"}))
}
