package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	traceservice "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector notes the targets of the spans that it receives.
type collector struct {
	mu      sync.Mutex
	targets []string
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/traces" {
		return // metrics
	}
	var q traceservice.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range q.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				for _, a := range s.Attributes {
					if a.Key == "url.path" {
						c.targets = append(c.targets, a.Value.GetStringValue())
					}
				}
			}
		}
	}
}

// TestProgram: of successes none is wanted, so what arrives is the failure.
func TestProgram(t *testing.T) {
	var c collector
	server := httptest.NewServer(&c)
	defer server.Close()
	t.Setenv("OTEL_SERVICE_NAME", "our-sdk")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	port := freePort(t)
	t.Setenv("PORT", port)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	base := "http://127.0.0.1:" + port
	require.Eventually(t, func() bool { return get(base+"/hello") == http.StatusOK }, 30*time.Second, 10*time.Millisecond)
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

func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return strings.TrimPrefix(fmt.Sprint(l.Addr()), "127.0.0.1:")
}
