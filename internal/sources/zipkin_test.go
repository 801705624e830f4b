package sources

import (
	"net/http"
	"testing"

	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	"github.com/openzipkin/zipkin-go/reporter"
	reporterhttp "github.com/openzipkin/zipkin-go/reporter/http"
	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// Zipkin's client and server of a call share one span ID, unless told not to.
func TestZipkin(t *testing.T) {
	for name, c := range map[string]struct {
		options []zipkin.TracerOption
		shared  bool
	}{
		"shared span IDs": {shared: true},
		"own span IDs":    {options: []zipkin.TracerOption{zipkin.WithSharedSpans(false), zipkin.WithTraceID128Bit(true)}},
	} {
		t.Run(name, func(t *testing.T) {
			r, ports := startOverlay(t, newBroker(t).ListenAddrs()[0])
			p := pair{Run: r, front: "zipkin-front", back: "zipkin-back", shared: c.shared}
			reports := reporterhttp.NewReporter(loopback(ports.zipkin)+"/api/v2/spans", reporterhttp.Timeout(collectortest.Patience))
			front, back := newZipkin(t, p.front, reports, c.options), newZipkin(t, p.back, reports, c.options)
			call(t, serve(t, front, back))
			require.NoError(t, reports.Close())
			p.requireSeen(t)
		})
	}
}

type zipkinTracer struct {
	t *testing.T
	*zipkin.Tracer
}

func newZipkin(t *testing.T, service string, reports reporter.Reporter, options []zipkin.TracerOption) zipkinTracer {
	t.Helper()
	endpoint, err := zipkin.NewEndpoint(service, "127.0.0.1:0")
	require.NoError(t, err)
	made, err := zipkin.NewTracer(reports, append(options, zipkin.WithLocalEndpoint(endpoint))...)
	require.NoError(t, err)
	return zipkinTracer{t, made}
}

func (z zipkinTracer) server(h http.Handler) http.Handler {
	return zipkinhttp.NewServerMiddleware(z.Tracer)(h)
}

func (z zipkinTracer) client(rt http.RoundTripper) http.RoundTripper {
	traced, err := zipkinhttp.NewTransport(z.Tracer, zipkinhttp.RoundTripper(rt))
	require.NoError(z.t, err)
	return traced
}
