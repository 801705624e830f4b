package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/bench/internal/load"
	"github.com/jcallgraph/jcallgraph/internal/procstat"
)

func TestCommandLine(t *testing.T) {
	o, err := parse([]string{"--peer=false", "--spans=5", "file"}, io.Discard)
	require.NoError(t, err)
	require.False(t, o.peer)
	require.Equal(t, []string{"file"}, o.files)
	_, err = parse([]string{"--spans=0"}, io.Discard)
	require.EqualError(t, err, "-spans, -request and -inflight must be at least 1")
}

func TestWholeRepetitions(t *testing.T) {
	b := bench{options: options{spans: 2_000_000}}
	require.Equal(t, 32, b.repetitions(load.Recording{Spans: 64_151}))
	require.Equal(t, 1, b.repetitions(load.Recording{Spans: 2_000_000}))
}

func TestSpansPerCPUSecond(t *testing.T) {
	m := measured{Outcome: load.Outcome{Spans: 300, Elapsed: time.Second}, usage: procstat.Usage{CPU: 3 * time.Second}}
	require.InDelta(t, 100, m.perCPUSecond(), 1e-9)
}

func TestReadsTheSumOfARecount(t *testing.T) {
	sum := recounted.FindSubmatch([]byte("a -> b calls=1 errors=0\n# 58 edges, 21 of them between observed operations, calls=34915 errors=4303\n"))
	require.Equal(t, "34915", string(sum[1]))
}

func TestReadsTheLimitersBound(t *testing.T) {
	found := limit.FindSubmatch([]byte("extensions:\n    go_memory:\n        limit_mib: 280\nprocessors:\n    memory_limiter:\n        check_interval: 100ms\n        limit_mib: 310\n        limit_percentage: 0\n"))
	require.Equal(t, "310", string(found[1]))
}

func TestReadsTheHeap(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("# HELP otelcol_process_runtime_heap_alloc_bytes Bytes\notelcol_process_runtime_heap_alloc_bytes 6.275392e+06\n"))
	}))
	defer server.Close()
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	b := bench{options: options{portOffset: n - metricsPort}}
	require.Equal(t, int64(6275392), b.heap(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.GreaterOrEqual(t, <-b.watchHeap(ctx), int64(0))
}
