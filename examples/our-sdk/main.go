// Command our-sdk is a service that JCallGraph's SDK traces: /hello answers,
// /broken fails, and /debug/jcallgraph shows what the SDK does.
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/sdk/debug"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("service ends", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	shutdown, err := sdk.Setup(ctx, sdk.WithLog(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	defer func() { _ = shutdown(context.WithoutCancel(ctx)) }() // sends what waits

	mux := http.NewServeMux()
	mux.Handle("/", otelhttp.NewHandler(http.HandlerFunc(serve), "serve"))
	mux.Handle(debug.Path, debug.Handler(nil)) // loopback only
	return listen(ctx, &http.Server{Addr: "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "8080"), Handler: mux})
}

func serve(w http.ResponseWriter, r *http.Request) {
	slog.InfoContext(r.Context(), "asked", "path", r.URL.Path) // with the trace's ID
	if r.URL.Path == "/broken" {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func listen(ctx context.Context, server *http.Server) error {
	context.AfterFunc(ctx, func() { _ = server.Close() }) // ends ListenAndServe
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
