// Command go is a service that OpenTelemetry traces: it asks the service at
// BACK, or answers itself; /broken fails.
package main

import (
	"cmp"
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	shutdown, err := startTracing(ctx)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
	handler := otelhttp.NewHandler(service{client, os.Getenv("BACK")}, "serve")
	server := &http.Server{Addr: "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "8080"), Handler: handler}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // ends ListenAndServe
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return shutdown(context.WithoutCancel(ctx)) // sends what waits
}

func startTracing(ctx context.Context) (shutdown func(context.Context) error, err error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return provider.Shutdown, nil
}

type service struct {
	client *http.Client
	back   string
}

func (s service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	if r.URL.Path == "/broken" {
		status = http.StatusInternalServerError
	}
	if s.back != "" {
		status = s.ask(r.Context(), r.URL.Path)
	}
	w.WriteHeader(status)
}

func (s service) ask(ctx context.Context, path string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.back+path, nil)
	if err != nil {
		return http.StatusInternalServerError
	}
	response, err := s.client.Do(request)
	if err != nil {
		return http.StatusBadGateway
	}
	defer response.Body.Close()
	return response.StatusCode
}
