// Package otlptest is a collector for tests: it listens for OTLP on this
// machine, keeps what it accepts, and answers as a test decides.
package otlptest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // clients may compress
	"google.golang.org/grpc/metadata"
)

// Collector is an OTLP server. Set Answer before the first request.
type Collector struct {
	ptraceotlp.UnimplementedGRPCServer
	// Answer judges the nth request, counted from 0; nil accepts all. It must
	// be safe for concurrent use.
	Answer func(n int, td ptrace.Traces) (ptraceotlp.ExportResponse, error)
	// Status is what HTTP answers where Answer fails; 0 is 503.
	Status int
	// RetryAfter is HTTP's header there.
	RetryAfter string

	mu       sync.Mutex
	requests int
	accepted []ptrace.Traces
	headers  map[string][]string
}

// GRPC serves OTLP/gRPC until the test ends and returns host:port.
func (c *Collector) GRPC(t testing.TB) string {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, c)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; !errors.Is(err, grpc.ErrServerStopped) { // before it served anyone
			require.NoError(t, err)
		}
	})
	return listener.Addr().String()
}

// HTTP serves OTLP/HTTP until the test ends and returns host:port.
func (c *Collector) HTTP(t testing.TB) string {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", c.post)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// Accepted are the requests that were accepted, in order of arrival.
func (c *Collector) Accepted() []ptrace.Traces {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]ptrace.Traces(nil), c.accepted...)
}

// Header is a header of the last request, by its lower-case name.
func (c *Collector) Header(name string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.headers[name]
}

// Export implements ptraceotlp.GRPCServer.
func (c *Collector) Export(ctx context.Context, request ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	header, _ := metadata.FromIncomingContext(ctx)
	return c.take(header, request.Traces())
}

func (c *Collector) take(header map[string][]string, td ptrace.Traces) (ptraceotlp.ExportResponse, error) {
	c.mu.Lock()
	n := c.requests
	c.requests++
	c.headers = header
	c.mu.Unlock()
	answer := ptraceotlp.NewExportResponse()
	if c.Answer != nil {
		var err error
		if answer, err = c.Answer(n, td); err != nil {
			return answer, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accepted = append(c.accepted, td)
	return answer, nil
}

func (c *Collector) post(w http.ResponseWriter, r *http.Request) {
	request, err := readRequest(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	header := map[string][]string{"x-key": r.Header["X-Key"], "content-encoding": r.Header["Content-Encoding"]}
	answer, err := c.take(header, request.Traces())
	if err != nil {
		w.Header().Set("Retry-After", c.RetryAfter)
		http.Error(w, err.Error(), cmp.Or(c.Status, http.StatusServiceUnavailable))
		return
	}
	body, _ := answer.MarshalProto() // cannot fail
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(body) // a client that left is the test's business
}

func readRequest(r *http.Request) (ptraceotlp.ExportRequest, error) {
	request := ptraceotlp.NewExportRequest()
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return request, err
		}
		body = z
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return request, err
	}
	return request, request.UnmarshalProto(content)
}
