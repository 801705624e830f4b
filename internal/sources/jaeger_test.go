package sources

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/ext"
	"github.com/stretchr/testify/require"
	jaeger "github.com/uber/jaeger-client-go/config"
)

func TestJaeger(t *testing.T) {
	for name, long := range map[string]bool{"64-bit trace IDs": false, "128-bit trace IDs": true} {
		t.Run(name, func(t *testing.T) {
			r, ports := startOverlay(t, newBroker(t).ListenAddrs()[0])
			t.Setenv("JAEGER_TRACEID_128BIT", strconv.FormatBool(long))
			p := pair{Run: r, front: "jaeger-front", back: "jaeger-back"}
			front, endFront := newJaeger(t, p.front, ports)
			back, endBack := newJaeger(t, p.back, ports)
			call(t, serve(t, front, back))
			endFront()
			endBack()
			p.requireSeen(t)
		})
	}
}

var setting = regexp.MustCompile(`(\w+)=(\S+)`)

// newJaeger is configured as the page tells. What it returns second sends what
// waits.
func newJaeger(t *testing.T, service string, ports overlayPorts) (jaegerTracer, func()) {
	t.Helper()
	settings := replace(t, read(t, filepath.Join(examples, "jaeger.sh")), map[string]string{
		"my-service": service, "14268": strconv.Itoa(ports.jaeger),
	})
	for _, s := range setting.FindAllStringSubmatch(settings, -1) {
		t.Setenv(s[1], s[2])
	}
	config, err := jaeger.FromEnv()
	require.NoError(t, err)
	made, closer, err := config.NewTracer()
	require.NoError(t, err)
	return jaegerTracer{made}, func() { require.NoError(t, closer.Close()) }
}

// jaegerTracer does what OpenTracing's instrumentation of HTTP does.
type jaegerTracer struct{ opentracing.Tracer }

func (j jaegerTracer) server(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parent, _ := j.Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(r.Header)) // none at the entrance
		s := j.StartSpan("HTTP GET", ext.RPCServerOption(parent))
		defer s.Finish()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(seen, r.WithContext(opentracing.ContextWithSpan(r.Context(), s)))
		tell(s, seen.status)
	})
}

func (j jaegerTracer) client(rt http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		s, ctx := opentracing.StartSpanFromContextWithTracer(r.Context(), j.Tracer, "HTTP GET", ext.SpanKindRPCClient)
		defer s.Finish()
		if err := j.Inject(s.Context(), opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(r.Header)); err != nil {
			return nil, err
		}
		resp, err := rt.RoundTrip(r.WithContext(ctx))
		if err == nil {
			tell(s, resp.StatusCode)
		}
		return resp, err
	})
}

func tell(s opentracing.Span, status int) {
	ext.HTTPStatusCode.Set(s, uint16(status))
	if status >= http.StatusInternalServerError {
		ext.Error.Set(s, true)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
