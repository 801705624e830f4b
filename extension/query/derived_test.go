package query

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// tagged is the trace IDs that a search with these tags answers with.
func tagged(t *testing.T, s *Server, service string, tags map[string]string) (ids []string) {
	text, err := json.Marshal(tags)
	require.NoError(t, err)
	w := ask(s, "GET", "/api/traces?service="+service+"&tags="+url.QueryEscape(string(text))+"&end="+fmt.Sprint(noon.Add(time.Hour).UnixMicro()))
	require.Equal(t, 200, w.Code, w.Body)
	var body struct{ Data []struct{ TraceID string } }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	for _, d := range body.Data {
		ids = append(ids, d.TraceID)
	}
	return ids
}

func TestTagsThatOnlyJaegerKnowsAreFound(t *testing.T) {
	store := shop()
	s := newServer(t, store)
	both := []string{"01020304050607080000beef0000002a", "01020304050607080000beef00000001"}
	require.Equal(t, both, tagged(t, s, "cart", map[string]string{"span.kind": "server", "n": "3", "host.name": "h1"}))
	require.Equal(t, map[string]string{"n": "3", "host.name": "h1"}, store.asked.Attributes, "the store is asked the rest")
	require.Empty(t, tagged(t, s, "cart", map[string]string{"span.kind": "client"}), "web's span is not cart's")
	require.Equal(t, both, tagged(t, s, "web", map[string]string{"otel.status_code": "OK", "span.kind": "server"}))
	require.Empty(t, tagged(t, s, "web", map[string]string{"otel.status_code": "OK", "span.kind": "client"}), "one span must have both")
	require.Equal(t, both, tagged(t, s, "web", map[string]string{"w3c.tracestate": "ot=th:8", "otel.scope.name": "lib", "otel.scope.version": "1.0"}))
	require.Equal(t, both, tagged(t, s, "cart", map[string]string{"otel.status_description": "out of stock", "error": "true"}))
	require.Equal(t, []string{"0000000000000000ab000000000000cd"}, tagged(t, s, "unknown_service", map[string]string{"span.kind": "internal"}))
}

// Of many traces few have the tag, and several begin at the same instant.
func TestRareTagsAreLookedForPageByPage(t *testing.T) {
	store := &fakeStore{paged: true}
	for i := range 3 * candidatePage {
		td := ptrace.NewTraces()
		kind := ptrace.SpanKindClient
		if i == 5 || i == 3*candidatePage-1 {
			kind = ptrace.SpanKindServer
		}
		newSpan(td, "web", pcommon.TraceID{14: byte(i / 256), 15: byte(i), 0: 1}, 1, 0, "GET /", kind, -time.Duration(i/2)*time.Second, 0)
		store.traces = append(store.traces, td)
	}
	s := newServer(t, store)
	require.Len(t, tagged(t, s, "web", map[string]string{"span.kind": "server"}), 2)
	require.Empty(t, tagged(t, s, "web", map[string]string{"span.kind": "producer"}))
}
