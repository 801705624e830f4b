package sdk_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/wire/server"
)

// collector takes the compact format.
type collector struct {
	url    string
	server *server.Server

	mu    sync.Mutex
	spans []string // names
	calls uint64
	error error    // of an interval that the edge schema cannot say
	keys  []string // x-key of each stream
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.server = server.New(c, server.Options{})
	transport := grpc.NewServer(grpc.StreamInterceptor(func(s any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		md, _ := metadata.FromIncomingContext(stream.Context())
		c.mu.Lock()
		c.keys = append(c.keys, md.Get("x-key")...)
		c.mu.Unlock()
		return next(s, stream)
	}))
	c.server.Register(transport)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- transport.Serve(listener) }()
	t.Cleanup(func() { transport.Stop(); require.NoError(t, <-served) })
	c.url = "http://" + listener.Addr().String()
	return c
}

// Traces implements server.Sink.
func (c *collector) Traces(_ context.Context, td ptrace.Traces) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				c.spans = append(c.spans, s.Name())
			}
		}
	}
	return nil
}

// Interval implements server.Sink.
func (c *collector) Interval(_ context.Context, i callgraph.Interval) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls += i.Calls()
	_, err := edgemetric.EncodeInterval(i)
	c.error = errors.Join(c.error, err)
	return nil
}

// serve makes a span of a request.
func serve(t *testing.T) {
	t.Helper()
	_, span := otel.Tracer("test").Start(t.Context(), "GET /", trace.WithSpanKind(trace.SpanKindServer))
	span.End()
}

// TestSetupSendsByCompact: spans and counts over one stream, unless something
// else is asked for.
func TestSetupSendsByCompact(t *testing.T) {
	c, r := newCollector(t), listen(t)
	file := filepath.Join(t.TempDir(), "otel.yaml")
	text := "file_format: \"1.0\"\ntracer_provider:\n  processors:\n    - batch: {exporter: {compact: {endpoint: " + c.url + ", headers: [{name: x-key, value: seven}]}}}\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	own := []string{"JCG_ENDPOINT", c.url, "OTEL_EXPORTER_OTLP_HEADERS", "x-key=seven"}
	for _, x := range []struct {
		name        string
		env         []string
		calls, otlp int
	}{
		{"by default", nil, 1, 0},
		{"by its name", []string{"OTEL_TRACES_EXPORTER", "compact", "OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL}, 1, 0},
		{"without counts", []string{"JCG_EDGES", "off"}, 0, 0},
		{"beside OTLP", []string{"OTEL_TRACES_EXPORTER", "compact,otlp", "OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL, "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, 1, 1},
		{"by OTel's SDK", []string{"JCG_SDK", "stock"}, 0, 0},
		{"by a file", []string{"OTEL_CONFIG_FILE", file}, 1, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			alone(t, append(own, x.env...)...)
			before, opened := len(r.spans()), c.server.Stats().Opened
			c.spans, c.calls, c.keys = nil, 0, nil
			stop := setUp(t)
			serve(t)
			stop()
			require.Equal(t, []string{"GET /"}, c.spans)
			require.EqualValues(t, x.calls, c.calls)
			require.NoError(t, c.error)
			require.Equal(t, []string{"seven"}, c.keys)
			require.EqualValues(t, 1, c.server.Stats().Opened-opened)
			require.Len(t, r.spans(), before+x.otlp)
			require.Zero(t, r.metrics, "counts go once")
		})
	}
}

// TestShutdownWithoutACollector ends when its time is over, and the export with
// it.
func TestShutdownWithoutACollector(t *testing.T) {
	for which, port := range map[string]string{"jcallgraph": "1", "stock": "2"} {
		t.Run(which, func(t *testing.T) {
			at := "http://127.0.0.1:" + port
			alone(t, "JCG_ENDPOINT", at, "JCG_SDK", which, "OTEL_BSP_SCHEDULE_DELAY", "1")
			told := make(chan error, 100)
			otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { told <- err }))
			t.Cleanup(func() { otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) })
			await := func(want string) {
				for !strings.Contains((<-told).Error(), want) {
				}
			}
			stop, err := sdk.Setup(t.Context())
			require.NoError(t, err)
			serve(t)
			await("cannot reach " + at + ": spans wait: ")
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			require.ErrorIs(t, stop(ctx), context.DeadlineExceeded)
			await("compact to " + at + ": ")
		})
	}
}

// TestAnExporterOfBothIsShutDownOnce, after the last span and the last count.
func TestAnExporterOfBothIsShutDownOnce(t *testing.T) {
	e := &both{t: t}
	p := sdk.NewTracerProvider(sdk.WithExporter(e, sdk.Batching{}), sdk.WithIntervalExporter(e))
	_, span := p.Tracer("test").Start(t.Context(), "GET /", trace.WithSpanKind(trace.SpanKindServer))
	span.End()
	require.NoError(t, p.Shutdown(t.Context()))
	require.Equal(t, []any{1, uint64(1), 1}, []any{e.spans, e.calls, e.closed})
	require.Equal(t, "*sdk_test.both", p.Status().Queues[0].Exporter)
}

// both is an exporter of spans and counts.
type both struct {
	t      *testing.T
	mu     sync.Mutex
	spans  int
	calls  uint64
	closed int
}

func (b *both) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Zero(b.t, b.closed)
	b.spans += len(spans)
	return nil
}

func (b *both) ExportInterval(_ context.Context, i callgraph.Interval) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Zero(b.t, b.closed)
	b.calls += i.Calls()
	return nil
}

func (b *both) Shutdown(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed++
	return nil
}
