// Package transport decides how the shop's services talk to each other: JSON
// over HTTP and over gRPC, messages over Kafka, one vocabulary of errors
// (gRPC's codes) for all, and spans by OpenTelemetry's own instrumentation.
package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
)

// maxBody bounds what is read of a request or an answer.
const maxBody = 64 << 10

// drain is how long a server that ends waits for what it is working on.
const drain = 2 * time.Second

// Routes are the HTTP operations of a service by pattern, as in "POST /orders".
// Each answers with a value for JSON or an error with a gRPC code.
type Routes map[string]func(*http.Request) (any, error)

// ServeHTTP serves until ctx ends.
func ServeHTTP(ctx context.Context, listener net.Listener, routes Routes) error {
	mux := http.NewServeMux()
	for pattern, route := range routes {
		mux.Handle(pattern, otelhttp.NewHandler(handler(pattern, route), pattern))
	}
	return Serve(ctx, listener, mux)
}

// Serve serves a plain handler until ctx ends.
func Serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelInfo)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(ending)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // a payment that hangs is not waited for
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

func handler(pattern string, route func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var answer any
		err := telemetry.Injected(r.Context(), pattern)
		if err == nil {
			answer, err = route(r)
		}
		if err != nil {
			failed := status.Convert(err)
			http.Error(w, failed.Message(), httpStatus(failed.Code()))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the caller has gone: nobody to tell
	}
}

// Read decodes the request's body, to its end: only then does net/http notice
// that the caller has gone.
func Read[T any](r *http.Request) (in T, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		return in, status.Errorf(codes.InvalidArgument, "body: %v", err)
	}
	return in, nil
}

// Peer is an HTTP service that another one calls.
type Peer struct {
	name   string
	url    string
	client http.Client
}

// NewPeer returns the service of the given name at host:port.
func NewPeer(name, address string) *Peer {
	traced := otelhttp.NewTransport(&http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute},
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Pattern }),
		// Where a call finds nobody, the graph shows whom it was meant for.
		otelhttp.WithSpanOptions(trace.WithAttributes(attribute.String("service.peer.name", name))))
	return &Peer{name: name, url: "http://" + address, client: http.Client{Transport: traced}}
}

// Call sends in as JSON (nil: no body) and decodes the answer into out. pattern
// is "METHOD /path", with a place for each of values. An error has the code
// that the answer's status stands for.
func (p *Peer) Call(ctx context.Context, pattern string, in, out any, values ...any) error {
	request, err := p.request(ctx, pattern, in, values)
	if err != nil {
		return fmt.Errorf("call %s: %w", p.name, err)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return p.unanswered(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return p.unanswered(ctx, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return status.Errorf(grpcCode(response.StatusCode), "%s: %s", p.name, bytes.TrimSpace(body))
	}
	if err := json.Unmarshal(body, out); err != nil {
		return status.Errorf(codes.Internal, "%s: answer: %v", p.name, err)
	}
	return nil
}

func (p *Peer) request(ctx context.Context, pattern string, in any, values []any) (*http.Request, error) {
	var method, path string
	if _, err := fmt.Sscan(pattern, &method, &path); err != nil {
		return nil, err
	}
	var body io.Reader
	if in != nil {
		content, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(content)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.url+fill(path, values), body)
	if err != nil {
		return nil, err
	}
	request.Pattern = pattern
	return request, nil
}

// unanswered is the error of a call that got no answer.
func (p *Peer) unanswered(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return status.Errorf(codes.DeadlineExceeded, "%s: no answer before the deadline", p.name)
	case ctx.Err() != nil:
		return status.Errorf(codes.Canceled, "%s: %v", p.name, ctx.Err())
	}
	return status.Errorf(codes.Unavailable, "%s: %v", p.name, err)
}
