package sdk_test

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	metricservice "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	traceservice "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracedata "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// receiver is an OTLP receiver, by gRPC and HTTP.
type receiver struct {
	traceservice.UnimplementedTraceServiceServer
	grpcURL, httpURL string

	mu       sync.Mutex
	resource []*tracedata.ResourceSpans
	metrics  int
	headers  []string // x-tenant of each request
	types    []string // content types of HTTP requests
}

type metricReceiver struct {
	metricservice.UnimplementedMetricsServiceServer
	*receiver
}

func listen(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := grpc.NewServer()
	traceservice.RegisterTraceServiceServer(server, r)
	metricservice.RegisterMetricsServiceServer(server, metricReceiver{receiver: r})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); require.NoError(t, <-served) })
	h := httptest.NewServer(r)
	t.Cleanup(h.Close)
	r.grpcURL, r.httpURL = "http://"+l.Addr().String(), h.URL
	return r
}

func (r *receiver) Export(ctx context.Context, q *traceservice.ExportTraceServiceRequest) (*traceservice.ExportTraceServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	r.take(q, append(md.Get("x-tenant"), "")[0])
	return &traceservice.ExportTraceServiceResponse{}, nil
}

func (r *receiver) take(q *traceservice.ExportTraceServiceRequest, tenant string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resource = append(r.resource, q.ResourceSpans...)
	r.headers = append(r.headers, tenant)
}

func (r metricReceiver) Export(context.Context, *metricservice.ExportMetricsServiceRequest) (*metricservice.ExportMetricsServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.metrics++
	return &metricservice.ExportMetricsServiceResponse{}, nil
}

// ServeHTTP takes spans at /v1/traces.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(body)
	}
	data, err := io.ReadAll(body)
	if err != nil || req.URL.Path != "/v1/traces" {
		http.Error(w, "not here", http.StatusBadRequest)
		return
	}
	var q traceservice.ExportTraceServiceRequest
	kind := req.Header.Get("Content-Type")
	if kind == "application/json" {
		err = protojson.Unmarshal(data, &q)
	} else {
		err = proto.Unmarshal(data, &q)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.take(&q, req.Header.Get("X-Tenant"))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.types = append(r.types, kind)
	w.Header().Set("Content-Type", kind)
}

// spans are those received so far.
func (r *receiver) spans() (all []*tracedata.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rs := range r.resource {
		for _, ss := range rs.ScopeSpans {
			all = append(all, ss.Spans...)
		}
	}
	return all
}

// attributes are those of the first resource.
func (r *receiver) attributes() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := map[string]string{}
	for _, rs := range r.resource {
		for _, a := range rs.Resource.Attributes {
			m[a.Key] = a.Value.GetStringValue()
		}
	}
	return m
}

// counted is what each span says of its call.
func (r *receiver) counted() (halves []string) {
	for _, s := range r.spans() {
		half := ""
		for _, a := range s.Attributes {
			if a.Key == "jcg.counted" {
				half = a.Value.GetStringValue()
			}
		}
		halves = append(halves, half)
	}
	return halves
}
