package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func attributes(t *testing.T, list ...map[string]any) (spans []pcommon.Map) {
	for _, raw := range list {
		m := pcommon.NewMap()
		require.NoError(t, m.FromRaw(raw))
		spans = append(spans, m)
	}
	return spans
}

func TestVocabulary(t *testing.T) {
	type span = map[string]any
	v := newVocabulary("web", attributes(t,
		span{"method": "GET", "code": 200}, span{"method": "GET", "code": 200}, span{"method": "GET", "code": 404},
		span{"method": "PUT", "code": 201}, span{"method": "PUT", "code": 201},
	))
	require.Equal(t, tags{"method": "GET"}, v.common[0].tags())
	require.Equal(t, tags{"method": "GET", "code": "201"}, v.apart[0].tags())
	for _, p := range v.apart {
		require.NotEqual(t, p.a.key, p.b.key)
		require.False(t, p.a.spans.meets(p.b.spans))
	}
}

func TestCallsBetweenServices(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/graph" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"nodes":[{"service":"a"},{"service":"b"}],"edges":[{"caller":0,"callee":1,"calls":2},{"caller":0,"callee":1,"calls":3}]}`)
	}))
	defer server.Close()
	var g graph
	took, err := api{server.URL}.read(t.Context(), "/graph", nil, &g)
	require.NoError(t, err)
	require.Positive(t, took)
	require.Equal(t, uint64(5), g.calls("a", "b"))
	require.Zero(t, g.calls("b", "a"))
	_, err = api{server.URL}.read(t.Context(), "/else", nil, &g)
	require.ErrorContains(t, err, "answers 404")
}

func TestUntilPolls(t *testing.T) {
	n := 0
	_, err := until(t.Context(), func() (bool, error) { n++; return n == 3, nil })
	require.NoError(t, err)
	require.Equal(t, 3, n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = until(ctx, func() (bool, error) { return false, nil })
	require.ErrorIs(t, err, context.Canceled)
}

func TestPairsAreTracesOfTheirOwn(t *testing.T) {
	p, q := newPair("edge", 1), newPair("edge", 2)
	require.NotEqual(t, p.trace, q.trace)
	require.Equal(t, 2, p.callerHalf().SpanCount())
	require.Equal(t, 1, p.calleeHalf().SpanCount())
	s := needle("web", 3, time.Unix(9, 0)).ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	v, _ := s.Attributes().Get(needleKey)
	require.Equal(t, "needle-3", v.Str())
}

func TestCommandLine(t *testing.T) {
	_, err := parse([]string{"-queries=0"}, io.Discard)
	require.EqualError(t, err, "-traces, -queries and -rounds must be at least 1")
	o, err := parse([]string{"-rounds=3", "file"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{"file"}, o.files)
	require.Equal(t, 3, o.rounds)
}
