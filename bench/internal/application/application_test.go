package application

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"

	"go.opentelemetry.io/otel/trace"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
)

// receiver takes counts and forgets them.
type receiver struct {
	collectormetrics.UnimplementedMetricsServiceServer
}

func (receiver) Export(context.Context, *collectormetrics.ExportMetricsServiceRequest) (*collectormetrics.ExportMetricsServiceResponse, error) {
	return &collectormetrics.ExportMetricsServiceResponse{}, nil
}

func receive(t *testing.T) (address string) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	collectormetrics.RegisterMetricsServiceServer(server, receiver{})
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-done)
	})
	return l.Addr().String()
}

// serve returns the spans of one request of each kind, the last of which fails.
func serve(t *testing.T) (*Application, tracetest.SpanStubs) {
	spans := tracetest.NewInMemoryExporter()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, err := New(ctx, Options{Collector: receive(t), Record: spans})
	require.NoError(t, err)
	for kind := range Requests() {
		f := Failure{}
		if kind == Requests()-1 {
			f.Type = "bank.Unavailable"
		}
		a.Serve(kind, http.Header{}, f)
	}
	require.NoError(t, a.Flush(ctx))
	stubs := spans.GetSpans()
	packets, bytes := a.wire.edges.sent()
	require.Positive(t, packets)
	require.Greater(t, bytes, packets)
	require.NoError(t, a.Close(ctx))
	return a, stubs
}

func TestEachCallIsTwoSpansOfOneTrace(t *testing.T) {
	a, spans := serve(t)
	want := Requests()
	for pair, made := range a.Calls() {
		if want += int(made.Calls); !Virtual(pair.Callee) {
			want += int(made.Calls)
		}
	}
	require.Len(t, spans, want)
	traces, parents := map[trace.TraceID]bool{}, map[trace.SpanID]bool{{}: true}
	for _, s := range spans {
		traces[s.SpanContext.TraceID()], parents[s.SpanContext.SpanID()] = true, true
	}
	require.Len(t, traces, Requests())
	for _, s := range spans {
		require.True(t, parents[s.Parent.SpanID()], s.Name)
	}
}

func TestAFailureReachesTheEntrance(t *testing.T) {
	a, spans := serve(t)
	require.Equal(t, Made{Calls: 3, Errors: 1}, a.Requests())
	calls := a.Calls()
	require.Equal(t, Made{1, 1}, calls[Pair{"payment", "bank.example"}])
	require.Equal(t, Made{1, 1}, calls[Pair{"web", "orders"}])
	require.Equal(t, Made{1, 0}, calls[Pair{"orders", "stock"}])
	failed := 0
	for _, s := range spans {
		if s.Status.Code == codes.Error {
			failed++
		}
	}
	require.Equal(t, 1+2+2+1, failed)
}

func TestAGraphIsRead(t *testing.T) {
	found, err := decode([]byte(`{"nodes": [{"service": ""}, {"service": "web"}, {"service": "cart"}], "edges": [
		{"caller": 0, "callee": 1, "calls": 9}, {"caller": 1, "callee": 2, "calls": 4, "errors": 1}, {"caller": 1, "callee": 2, "calls": 2}]}`))
	require.NoError(t, err)
	require.Equal(t, map[Pair]Made{{"web", "cart"}: {6, 1}}, found)
	_, err = decode([]byte("<html>"))
	require.ErrorContains(t, err, "decode the graph")
}
