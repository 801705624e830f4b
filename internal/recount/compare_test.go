package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// collector answers like the query API for web GET/ -> cart Get; calls is
// JSON's number of them.
func collector(t *testing.T, calls string) string {
	mux := http.NewServeMux()
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	answer("/api/services", `{"data":["web"]}`)
	answer("/api/operations", `{"data":[{"name":"GET/","spanKind":"server"},{"name":"step","spanKind":"internal"}]}`)
	mux.HandleFunc("/api/jcg/v1/neighbourhood", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("operation") == "step" {
			http.Error(w, "not in the graph", http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{"nodes":[{"service":"web","operation":"GET/","kind":"observed"},` +
			`{"service":"cart","operation":"Get","kind":"observed"},{"kind":"outside"}],` +
			`"edges":[{"caller":0,"callee":1,"connection":"http","calls":1,"errors":0},` +
			`{"caller":0,"callee":1,"connection":"rpc","calls":` + calls + `,"errors":1},` +
			`{"caller":2,"callee":0,"calls":1,"errors":0}]}`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestCompare(t *testing.T) {
	web, cart := operation{service: service{name: "web"}, name: "GET/"}, operation{service: service{name: "cart"}, name: "Get"}
	counted := edges{{web, cart}: {3, 1}, {operation{node: outside}, web}: {1, 0}}
	var out strings.Builder
	require.NoError(t, compare(counted, time.Unix(0, 0), time.Unix(9, 0), collector(t, "2"), &out))
	require.Equal(t, "# 2 edges recounted, 2 from the collector, 0 differ\n", out.String())

	out.Reset()
	err := compare(counted, time.Unix(0, 0), time.Unix(9, 0), collector(t, "1"), &out)
	require.ErrorIs(t, err, errDiffers)
	require.Contains(t, out.String(), "web GET/ -> cart Get recounted={3 1} collector={2 1}\n")
}

func TestCompareWithoutCollector(t *testing.T) {
	require.ErrorContains(t, compare(edges{}, time.Time{}, time.Time{}, "http://127.0.0.1:1", nil), "ask the collector")
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	require.ErrorIs(t, compare(edges{}, time.Time{}, time.Time{}, server.URL, nil), errNotFound)
}

func TestCommandLine(t *testing.T) {
	var out strings.Builder
	require.EqualError(t, run(nil, &out, &out), "no files")
	require.ErrorContains(t, run([]string{"--from=today", "x"}, &out, &out), "invalid value \"today\" for flag -from")
	require.ErrorContains(t, run([]string{"absent"}, &out, &out), "absent: no such file")
}
