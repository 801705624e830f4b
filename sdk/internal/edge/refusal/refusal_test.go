package refusal_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/sdk/internal/edge/refusal"
)

var nothing = &metricdata.ResourceMetrics{Resource: resource.Empty()}

// answering is an OTLP receiver that answers what it is told to.
type answering struct {
	pmetricotlp.UnimplementedGRPCServer
	err      error
	rejected int64
}

func (a *answering) Export(context.Context, pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	r := pmetricotlp.NewExportResponse()
	r.PartialSuccess().SetRejectedDataPoints(a.rejected)
	return r, a.err
}

func TestAnswersOverGRPC(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	receiver, server := &answering{}, grpc.NewServer()
	pmetricotlp.RegisterGRPCServer(server, receiver)
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	exporter, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithEndpoint(listener.Addr().String()),
		otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{}))
	require.NoError(t, err)
	for code, final := range map[codes.Code]bool{
		codes.InvalidArgument: true, codes.Internal: true, codes.Unimplemented: true, codes.ResourceExhausted: true, codes.PermissionDenied: true,
		codes.Unavailable: false, codes.DeadlineExceeded: false, codes.Aborted: false,
	} {
		receiver.err = status.Error(code, "no")
		err := exporter.Export(t.Context(), nothing)
		require.Error(t, err)
		require.Equal(t, final, refusal.Final(err), "%s: %v", code, err)
	}
	receiver.err, receiver.rejected = nil, 3
	require.True(t, refusal.Final(exporter.Export(t.Context(), nothing)))
	receiver.rejected = 0
	require.NoError(t, exporter.Export(t.Context(), nothing))

	server.Stop()
	require.NoError(t, <-done)
	err = exporter.Export(t.Context(), nothing)
	require.Error(t, err)
	require.False(t, refusal.Final(err), "nobody answers: %v", err)
	require.NoError(t, exporter.Shutdown(context.Background()))
}

func TestAnswersOverHTTP(t *testing.T) {
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
	exporter, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpointURL(server.URL), otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{}))
	require.NoError(t, err)
	for answer, final := range map[int]bool{400: true, 401: true, 404: true, 413: true, 500: true, 429: false, 502: false, 503: false, 504: false} {
		code = answer
		err := exporter.Export(t.Context(), nothing)
		require.Error(t, err)
		require.Equal(t, final, refusal.Final(err), "%s: %v", strconv.Itoa(answer), err)
	}
	server.Close()
	err = exporter.Export(t.Context(), nothing)
	require.Error(t, err)
	require.False(t, refusal.Final(err), "nobody answers: %v", err)
	require.NoError(t, exporter.Shutdown(context.Background()))
}

type word bool

func (w word) Error() string { return "so it is" }
func (w word) Refused() bool { return bool(w) }

func TestErrorsThatSayItThemselves(t *testing.T) {
	require.True(t, refusal.Final(fmt.Errorf("send: %w", word(true))))
	require.False(t, refusal.Final(errors.Join(word(false), status.Error(codes.InvalidArgument, "no"))))
}

func TestNoErrorIsNotFinal(t *testing.T) { require.False(t, refusal.Final(nil)) }
