package query

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func TestASearchAsksTheStoreWhatJaegerMeans(t *testing.T) {
	store := shop()
	s := newServer(t, store)
	search := func(query string) storage.Query {
		w := ask(s, "GET", "/api/traces?service=web"+query)
		require.Equal(t, 200, w.Code, w.Body)
		return store.asked
	}
	require.Equal(t, storage.Query{
		Service: callgraph.Service{Name: "web"}, Limit: 100, Attributes: map[string]string{},
		Window: callgraph.Window{From: noon.Add(-48 * time.Hour), To: noon.Add(time.Microsecond)},
	}, search(""))
	require.Equal(t, map[string]string{"a": "b:c", "n": "3", "ok": "true"}, search(`&tag=a:b:c&tags=%7B%22n%22:3,%22ok%22:true%7D`).Attributes)
	require.Equal(t, callgraph.Service{Environment: "test", Name: "web"}, search("&tag=deployment.environment.name:test").Service)
	require.Empty(t, store.asked.Attributes, "the environment is part of the service")
	q := search("&tags=%7B%22error%22:%22true%22%7D&operation=add&minDuration=1.5ms&maxDuration=2s&limit=7")
	require.True(t, q.Failed)
	require.Empty(t, q.Attributes)
	require.Equal(t, "add", q.Operation)
	require.Equal(t, 1500*time.Microsecond, q.MinDuration)
	require.Equal(t, 2*time.Second, q.MaxDuration)
	require.Equal(t, 7, q.Limit)
	require.Equal(t, callgraph.Window{From: time.UnixMicro(5).UTC(), To: time.UnixMicro(8).UTC()}, search("&start=5&end=7&lookback=custom").Window)
	require.Equal(t, noon.Add(-2*time.Hour), search("&lookback=2h").Window.From)
	require.Equal(t, noon.Add(-72*time.Hour), search("&lookback=3d").Window.From)
	require.Equal(t, time.Unix(0, 0), search("&end=1").Window.From, "never before 1970")
}

func TestAShortIDIsLookedUpInItsWindow(t *testing.T) {
	store := shop()
	s := newServer(t, store)
	ask(s, "GET", "/api/traces/0000beef?start=1772366400000&end=1772366401000000") // ms as Grafana, µs as Jaeger
	require.Equal(t, callgraph.Window{From: noon, To: noon.Add(time.Second)}, store.window)
	ask(s, "GET", "/api/traces/0000beef")
	require.Equal(t, anyTime, store.window)
}

func TestEightDigitsMayBeALongIDWithoutItsZeros(t *testing.T) {
	td := order(1)
	id := pcommon.TraceID{12: 0xab, 15: 0xcd}
	for _, rs := range td.ResourceSpans().All() {
		rs.ScopeSpans().At(0).Spans().At(0).SetTraceID(id)
	}
	s := newServer(t, &fakeStore{traces: []ptrace.Traces{td}})
	require.Equal(t, 200, ask(s, "GET", "/api/traces/ab0000cd").Code)
	require.Equal(t, 200, ask(s, "GET", "/api/traces/00000000").Code, "its short ID")
}

func TestOTLPEqualsWhatWasStored(t *testing.T) {
	s := newServer(t, shop())
	var body struct{ Result json.RawMessage }
	require.NoError(t, json.Unmarshal(ask(s, "GET", "/api/v3/traces/01020304050607080000beef0000002a").Body.Bytes(), &body))
	var unmarshaler ptrace.JSONUnmarshaler
	td, err := unmarshaler.UnmarshalTraces(body.Result)
	require.NoError(t, err)
	require.Equal(t, order(0x2a), td)
}

func TestAPanicIsAnAnswerAndCounted(t *testing.T) {
	store := shop()
	var seen []Observation
	s := newServer(t, store, func(o *Options) { o.Observe = func(o Observation) { seen = append(seen, o) } })
	store.panics = true
	w := ask(s, "GET", "/api/traces/00000000000000000000000000000001")
	require.Equal(t, 500, w.Code)
	require.JSONEq(t, `{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":500,"msg":"internal fault: a bug"}]}`, w.Body.String())
	ask(s, "GET", "/base/")
	ask(s, "GET", "/nothing/x")
	require.Equal(t, []Observation{
		{Endpoint: "/api/traces/{id}", Status: 500, Panicked: true}, {Endpoint: "/", Status: 200}, {Endpoint: "other", Status: 404},
	}, seen)
}

func TestARequestThatTakesTooLongEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, shop(), func(o *Options) { o.Timeout = time.Second })
		s.options.Backend.(*fakeStore).fail = context.DeadlineExceeded
		w := ask(s, "GET", "/api/traces?service=web")
		require.Equal(t, 503, w.Code)
		require.Contains(t, w.Body.String(), "took longer than 1s")
	})
}

func TestAFaultOfTheStoreIsToldByEveryEndpoint(t *testing.T) {
	store := shop()
	s := newServer(t, store)
	store.fail = errors.New("disk on fire")
	for _, path := range []string{
		"/api/services", "/api/services/web/operations", "/api/operations?service=web", "/api/traces?service=web", "/api/traces/0000beef",
		"/api/traces?traceID=0000beef", "/api/v3/traces/0000beef", "/api/v3/traces/01020304050607080000beef0000002a",
		"/api/v3/services", "/api/v3/operations?service=web", "/api/v3/traces?query.service_name=web", "/api/v3/trace-summaries?query.service_name=web",
		"/analytics/v1/dependencies?service=web",
	} {
		w := ask(s, "GET", path)
		require.Equal(t, 500, w.Code, path)
		require.Contains(t, w.Body.String(), "disk on fire", path)
	}
}

func TestHealthSaysWhenTheGraphFallsBehind(t *testing.T) {
	store := shop()
	store.fail = errors.New("disk on fire")
	s := newServer(t, store)
	state := func() (h healthy) {
		require.NoError(t, json.Unmarshal(ask(s, "GET", "/api/jcg/v1/health").Body.Bytes(), &h))
		return h
	}
	require.Equal(t, "starting", state().Status)
	require.ErrorContains(t, s.Refresh(t.Context()), "disk on fire")
	require.Equal(t, "stale", state().Status)
	require.EqualValues(t, 1, state().RefreshFailures)
	require.Equal(t, "disk on fire", state().Failure)
	store.fail = nil
	require.NoError(t, s.Refresh(t.Context()))
	require.Equal(t, "ok", state().Status)
	require.Equal(t, noon, s.AsOf())
}

func TestHostsOfOthersAreRefused(t *testing.T) {
	s := newServer(t, shop(), func(o *Options) { o.Hosts = []string{"graph.example"} })
	for host, code := range map[string]int{
		"localhost:16686": 200, "127.0.0.1:16686": 200, "[::1]:16686": 200, "LOCALHOST.": 200, "x.localhost": 200,
		"graph.example": 200, "Graph.Example:443": 200, "evil.example": 403, "127.0.0.1.evil.example:16686": 403, "": 403,
	} {
		r := request("GET", "/api/services")
		r.Host = host
		require.Equal(t, code, answer(s, r).Code, host)
	}
}

func TestLongAnswersAreCompressedWhereAccepted(t *testing.T) {
	r := request("GET", "/api/traces/0000beef")
	r.Header.Set("Accept-Encoding", "gzip")
	w := answer(newServer(t, shop()), r)
	require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
	plain, err := gzip.NewReader(w.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(plain)
	require.NoError(t, err)
	require.Equal(t, ask(newServer(t, shop()), "GET", "/api/traces/0000beef").Body.String(), string(body))
}

func TestManySpansEndASearch(t *testing.T) {
	many := order(2)
	spans := many.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for range 10 {
		spans.At(0).CopyTo(spans.AppendEmpty())
	}
	s := newServer(t, &fakeStore{traces: []ptrace.Traces{order(1), many, order(3)}}, func(o *Options) { o.MaxSpans = 10 })
	w := ask(s, "GET", "/api/traces?service=web")
	require.Equal(t, http.StatusOK, w.Code)
	var body struct {
		Data   []struct{ Spans []struct{} }
		Errors []envelopeError
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Len(t, body.Data, 2)
	require.Len(t, body.Data[1].Spans, 13, "the last one is whole")
	require.Equal(t, "2 of 3 traces: more than 10 spans", body.Errors[0].Message)
}

// Whatever is asked, the answer is JSON, and never our fault.
func FuzzQueries(f *testing.F) {
	for _, route := range routes {
		f.Add(route.pattern, "service=web&limit=1&from=-15m&to=now&up=2&start=1&end=2&tags={}&tag=a:b&lookback=2d&minDuration=1s&endTs=1&spanKind=server&query.service_name=web&query.attributes={}&query.num_traces=1")
	}
	f.Add("/api/traces/00000000", "start=9223372036854775807&end=-9223372036854775808")
	f.Add("/api/jcg/v1/map", "from=1970-01-01T00:00:00Z&to=2262-04-11T23:47:16.854775807Z&limit=NaN")
	f.Add("/api/v3/trace-summaries", "query.serviceName=x&query.startTimeMin=2026-03-01T12:00:00+01:00&query.durationMax=-1s&query.attributes=[]")
	f.Add("/api/traces", "service=x&lookback=999999999999d&tags={\"a\":1e999}")
	s := newServer(f, shop())
	f.Fuzz(func(t *testing.T, path, query string) {
		r := request("GET", "/")
		r.URL.Path, r.URL.RawQuery = path, query
		w := answer(s, r)
		if w.Code == http.StatusOK && w.Header().Get("Content-Type") == "application/json" || w.Code == http.StatusBadRequest {
			require.True(t, json.Valid(w.Body.Bytes()), "%s", w.Body)
		}
		require.NotEqual(t, http.StatusInternalServerError, w.Code, "%s", w.Body)
	})
}

func TestHeadAnswersAsGetWithoutBodyAndOptionsSayWhatIsAllowed(t *testing.T) {
	server := httptest.NewServer(newServer(t, shop()))
	defer server.Close()
	for _, path := range []string{"/", "/assets/app.js", "/trace/1", "/api/services", "/api/jcg/v1/map", "/api/v3/traces/1"} {
		getCode, get := fetch(t, "GET", server.URL+path)
		headCode, head := fetch(t, "HEAD", server.URL+path)
		optionsCode, options := fetch(t, "OPTIONS", server.URL+path)
		require.Equal(t, getCode, headCode, path)
		require.Equal(t, get.Get("Content-Type"), head.Get("Content-Type"), path)
		require.Equal(t, http.StatusNoContent, optionsCode, path)
		require.Equal(t, "GET, HEAD, OPTIONS", options.Get("Allow"), path)
	}
}

func fetch(t *testing.T, method, url string) (int, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode, resp.Header
}
