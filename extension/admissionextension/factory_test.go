package admissionextension

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/internal/pagetest"
)

func TestReceiversShareTheGate(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	f := NewFactory()
	set := extensiontest.NewNopSettings(f.Type())
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	var e extension.Extension
	e, err := f.Create(t.Context(), set, f.CreateDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, e.Shutdown(t.Context()), "before start")
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))

	options, err := e.(extensionmiddleware.GRPCServer).GetGRPCServerOptions(t.Context())
	require.NoError(t, err)
	grpc.NewServer(options...).Stop()
	wrap, err := e.(extensionmiddleware.HTTPServer).GetHTTPHandler(t.Context())
	require.NoError(t, err)
	handler, err := wrap(t.Context(), http.NotFoundHandler())
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/traces", http.NoBody))
	require.Equal(t, http.StatusNotFound, answer.Code)

	admitted, err := telemetry.GetMetric(prefix + "admitted")
	require.NoError(t, err)
	require.EqualValues(t, 1, admitted.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context()), "twice")
	require.NoError(t, telemetry.Shutdown(t.Context()))
}

func TestConfig(t *testing.T) {
	require.NoError(t, confmap.Validate(NewFactory().CreateDefaultConfig()))
	require.NoError(t, confmap.Validate(&Config{}))
	require.ErrorContains(t, confmap.Validate(&Config{MaxMiB: -1}), "max_mib: ")
	require.ErrorContains(t, confmap.Validate(&Config{MaxMiB: 1 << 60}), "max_mib: ")
	require.ErrorContains(t, confmap.Validate(&Config{MaxRequests: -1}), "max_requests: ")
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
