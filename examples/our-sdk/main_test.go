package main

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/collectortest"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// collector notes the targets of the spans that it receives.
type collector struct {
	mu      sync.Mutex
	targets []string
}

// Traces implements server.Sink.
func (c *collector) Traces(_ context.Context, td ptrace.Traces) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if v, ok := span.Attributes().Get("url.path"); ok {
					c.targets = append(c.targets, v.Str())
				}
			}
		}
	}
	return nil
}

// Interval implements server.Sink.
func (*collector) Interval(context.Context, callgraph.Interval) error { return nil }

// listenFor serves the collector's compact receiver.
func (c *collector) listenFor(t *testing.T) (url string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	transport := grpc.NewServer()
	server.New(c, server.Options{}).Register(transport)
	served := make(chan error, 1)
	go func() { served <- transport.Serve(listener) }()
	t.Cleanup(func() { transport.Stop(); require.NoError(t, <-served) })
	return "http://" + listener.Addr().String()
}

// TestProgram: of successes none is wanted, so what arrives is the failure.
func TestProgram(t *testing.T) {
	var c collector
	t.Setenv("OTEL_SERVICE_NAME", "our-sdk")
	t.Setenv("JCG_ENDPOINT", c.listenFor(t))
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	port := strconv.Itoa(collectortest.FreePort(t))
	t.Setenv("PORT", port)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	base := "http://127.0.0.1:" + port
	require.Eventually(t, func() bool { return get(base+"/hello") == http.StatusOK }, time.Minute, 10*time.Millisecond)
	require.Equal(t, http.StatusInternalServerError, get(base+"/broken"))
	require.Equal(t, http.StatusOK, get(base+"/debug/jcallgraph"))
	stop()
	require.NoError(t, <-ended)
	require.Equal(t, []string{"/broken"}, c.targets)
}

func get(url string) int {
	response, err := http.Get(url) //nolint:noctx // a test
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}
