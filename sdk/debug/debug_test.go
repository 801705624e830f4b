package debug_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/sdk/debug"
)

func ask(t *testing.T, h http.Handler, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody))
	return w
}

func provider(t *testing.T) *sdk.TracerProvider {
	t.Helper()
	p := sdk.NewTracerProvider(
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "cart <b>"))),
		sdk.WithPolicy(sampler.Policy{Rate: sampler.Off, Keep: sampler.Errors}),
		sdk.WithExporter(tracetest.NewInMemoryExporter(), sdk.Batching{}), sdk.WithMaxBodies(1600))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	return p
}

// fail makes n chains that fail, and one that does not.
func fail(t *testing.T, p *sdk.TracerProvider, n int) {
	t.Helper()
	for i := range n {
		_, span := p.Tracer("test").Start(t.Context(), fmt.Sprintf("GET /<script>%d", i))
		span.SetAttributes(attribute.String("error.type", "timeout"))
		span.SetStatus(codes.Error, "")
		span.End()
	}
	_, span := p.Tracer("test").Start(t.Context(), "fine")
	span.End()
}

func TestJSON(t *testing.T) {
	p := provider(t)
	fail(t, p, 60)
	require.NoError(t, p.ForceFlush(t.Context()))
	w := ask(t, debug.Handler(p), http.MethodGet, debug.Path+"?format=json")
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	var s sdk.Status
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &s))
	require.Equal(t, "none; always errors", s.Policy)
	require.Equal(t, sdk.SpanStatus{KeptFailed: 60, Discarded: 1}, s.Spans)
	require.Equal(t, sdk.BodyStatus{Limit: 1600}, s.Bodies)
	require.Len(t, s.Queues, 1)
	require.Equal(t, "*tracetest.InMemoryExporter", s.Queues[0].Exporter)
	require.Positive(t, s.Queues[0].Capacity)
	require.EqualValues(t, 60, s.Export.Spans)
	require.Contains(t, s.Storm, "calm")
	require.Len(t, s.Recent, 50, "the list is bounded")
	require.Equal(t, "GET /<script>59", s.Recent[0].Name, "the newest is the first")
	require.Equal(t, "GET /<script>10", s.Recent[49].Name)
	require.Equal(t, "timeout", s.Recent[0].Reason)
	require.Equal(t, s.Recent[0].TraceID[16:24], s.Recent[0].ShortID)
}

// TestStorm: chains that a storm took the place of are not shown as kept.
func TestStorm(t *testing.T) {
	p := sdk.NewTracerProvider(sdk.WithPolicy(sampler.Policy{Rate: sampler.Off, Keep: sampler.Errors}), sdk.WithStormBudget(1))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	for range 40 {
		_, span := p.Tracer("test").Start(t.Context(), "same")
		span.SetStatus(codes.Error, "")
		span.End()
	}
	s := p.Status()
	require.Positive(t, s.Spans.Thinned)
	require.EqualValues(t, 40, s.Spans.KeptFailed+s.Spans.Thinned)
	require.Len(t, s.Recent, int(s.Spans.KeptFailed))
}

func TestPage(t *testing.T) {
	p := provider(t)
	fail(t, p, 1)
	w := ask(t, debug.Handler(p), http.MethodGet, debug.Path)
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, "default-src 'none'; style-src 'unsafe-inline'", w.Header().Get("Content-Security-Policy"))
	text := w.Body.String()
	require.NotContains(t, text, "<script")
	require.NotContains(t, text, "cart <b>")
	for _, want := range []string{"none; always errors", "GET /&lt;script&gt;0", "timeout", p.Status().Recent[0].ShortID} {
		require.Contains(t, text, want)
	}
	require.Equal(t, strings.Count(text, "<table>"), strings.Count(text, "</table>"))
}

func TestRefusals(t *testing.T) {
	p := provider(t)
	require.Equal(t, http.StatusMethodNotAllowed, ask(t, debug.Handler(p), http.MethodPost, debug.Path).Code)
	w := ask(t, debug.Handler(p), http.MethodGet, debug.Path+"?format=xml")
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "accepted: html, json")
}

func TestGlobalProvider(t *testing.T) {
	h := debug.Handler(nil)
	otel.SetTracerProvider(noop.NewTracerProvider())
	require.Equal(t, http.StatusNotFound, ask(t, h, http.MethodGet, debug.Path).Code)
	otel.SetTracerProvider(provider(t))
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
	require.Equal(t, http.StatusOK, ask(t, h, http.MethodGet, debug.Path).Code)
}
