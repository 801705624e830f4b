package dropin

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// site is a server and a client, both instrumented.
type site struct {
	*testing.T
	tp     trace.TracerProvider
	began  chan struct{} // by the handler that hangs
	client *http.Client
	url    string
}

func runHTTP(t *testing.T, tp trace.TracerProvider, p propagation.TextMapPropagator) {
	s := &site{T: t, tp: tp, began: make(chan struct{}, 1)}
	options := []otelhttp.Option{otelhttp.WithTracerProvider(tp), otelhttp.WithPropagators(p)}
	public := otelhttp.WithPublicEndpointFn(func(r *http.Request) bool { return r.URL.Path == "/public" })
	events := otelhttp.WithMessageEvents(otelhttp.WriteEvents)
	server := httptest.NewUnstartedServer(otelhttp.NewHandler(s.handlers(), "server", append(options, public, events)...))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the panic
	server.Start()
	transport := &http.Transport{DisableKeepAlives: true} // no second try on a connection that broke
	s.client, s.url = &http.Client{Transport: otelhttp.NewTransport(transport, options...)}, server.URL
	s.requests()
	server.Close() // waits for the handlers
}

func (s *site) handlers() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ok", func(w http.ResponseWriter, r *http.Request) {
		_, work := trace.SpanFromContext(r.Context()).TracerProvider().Tracer("app").Start(r.Context(), "work")
		defer work.End()
		work.AddEvent("half done", trace.WithAttributes(attribute.Bool("half", true)))
		_, _ = io.WriteString(w, "ok")
	})
	mux.HandleFunc("/error", func(w http.ResponseWriter, r *http.Request) {
		span := trace.SpanFromContext(r.Context())
		span.RecordError(errPlain)
		span.SetStatus(codes.Error, "set by the application")
		http.Error(w, "broken", http.StatusInternalServerError)
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("boom") })
	mux.Handle("/old", http.RedirectHandler("/ok", http.StatusFound))
	mux.HandleFunc("/stream", func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "chunk")
			_ = http.NewResponseController(w).Flush()
		}
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) {
		s.began <- struct{}{}
		<-r.Context().Done()
	})
	mux.HandleFunc("/public", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	return mux
}

func (s *site) requests() {
	for _, path := range []string{"/ok", "/error", "/unknown", "/old", "/stream", "/public"} {
		s.step(path, func(ctx context.Context) { s.get(ctx, path) })
	}
	s.step("echo", func(ctx context.Context) { s.call(ctx, http.MethodPost, "/echo", strings.NewReader("body"), true) })
	s.step("panic", func(ctx context.Context) { s.call(ctx, http.MethodPost, "/panic", nil, false) })
	s.step("abort", func(ctx context.Context) { s.call(ctx, http.MethodPost, "/abort", nil, false) })
	s.step("two", func(ctx context.Context) { s.get(ctx, "/ok"); s.get(ctx, "/error") })
	s.step("cancelled", func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		go func() { <-s.began; cancel() }()
		s.call(ctx, http.MethodGet, "/hang", nil, false)
	})
	s.step("cancelled before", func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		s.call(ctx, http.MethodGet, "/ok", nil, false)
	})
	s.step("refused", func(ctx context.Context) {
		gone := httptest.NewServer(nil)
		gone.Close()
		s.send(ctx, http.MethodGet, gone.URL, nil, false)
	})
	s.get(s.Context(), "/ok") // a client span is the root
	s.bare()
	s.bare("traceparent", "00-0102030405060708090a0b0c0d0e0f10-0807060504030201-01", "tracestate", "v=1")
	s.bare("traceparent", "00-0102030405060708090a0b0c0d0e0f10-0807060504030201-00")
	s.bare("traceparent", "00-garbage")
}

func (s *site) step(name string, do func(context.Context)) { step(s.Context(), s.tp, name, do) }

func (s *site) get(ctx context.Context, path string) { s.call(ctx, http.MethodGet, path, nil, true) }

func (s *site) call(ctx context.Context, method, path string, body io.Reader, answered bool) {
	s.send(ctx, method, s.url+path, body, answered)
}

func (s *site) send(ctx context.Context, method, url string, body io.Reader, answered bool) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	require.NoError(s, err)
	response, err := s.client.Do(request)
	assert.Equal(s, answered, err == nil, "%v", err)
	if err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// bare is a client that knows no tracing.
func (s *site) bare(headers ...string) {
	request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"/ok", nil)
	require.NoError(s, err)
	request.Close = true
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(s, err)
	response.Body.Close()
}
