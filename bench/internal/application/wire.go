package application

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/sdk"
)

// wire is the way to the collector: one connection for spans, one for the counts
// of calls, so that the kernel tells what each has cost.
type wire struct {
	spans, edges *line
	exporter     *counted
}

// Sent is what left.
type Sent struct {
	Spans                  uint64
	Packets, Bytes         uint64 // of spans, as TCP's segments with data and its payload
	EdgePackets, EdgeBytes uint64
}

func newWire(ctx context.Context, o Options) (*wire, error) {
	w := &wire{exporter: &counted{SpanExporter: o.Record}}
	var err error
	if w.spans, err = dial(o.Collector); err != nil {
		return nil, err
	}
	if w.edges, err = dial(o.Collector); err != nil {
		return nil, errors.Join(err, w.spans.connection.Close())
	}
	if o.Record == nil {
		if w.exporter.SpanExporter, err = otlptracegrpc.New(ctx, otlptracegrpc.WithGRPCConn(w.spans.connection)); err != nil {
			return nil, fmt.Errorf("make an exporter of spans: %w", err)
		}
	}
	return w, nil
}

// options are those of one service. Its SDK shuts its exporters down; the one of
// spans is common to all services, so that it ends with the last (close).
func (w *wire) options(o Options) []sdk.Option {
	opts := []sdk.Option{sdk.WithExporter(shared{w.exporter}, sdk.Batching{Queue: o.Queue})}
	e, err := otlpmetricgrpc.New(context.Background(), otlpmetricgrpc.WithGRPCConn(w.edges.connection))
	if err != nil {
		return opts // cannot be: the connection is made
	}
	return append(opts, sdk.WithEdgeExporter(e))
}

func (w *wire) close(ctx context.Context) error {
	return errors.Join(w.exporter.Shutdown(ctx), w.spans.connection.Close(), w.edges.connection.Close())
}

// Sent is what left so far.
func (a *Application) Sent() (s Sent) {
	s.Spans = a.wire.exporter.spans.Load()
	s.Packets, s.Bytes = a.wire.spans.sent()
	s.EdgePackets, s.EdgeBytes = a.wire.edges.sent()
	return s
}

// counted is an exporter that counts what left.
type counted struct {
	sdktrace.SpanExporter
	spans atomic.Uint64
}

func (c *counted) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := c.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		c.spans.Add(uint64(len(spans)))
	}
	return err
}

// shared is an exporter that one of its users does not shut down.
type shared struct{ *counted }

func (shared) Shutdown(context.Context) error { return nil }

// line is a connection whose TCP the kernel is asked about.
type line struct {
	connection *grpc.ClientConn
	mu         sync.Mutex
	open       []*net.TCPConn
}

// ethernet is what a packet of a usual network holds; loopback's hold 45 times
// as much.
const ethernet = 1448

func dial(address string) (*line, error) {
	l := &line{}
	var err error
	l.connection, err = grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(l.dial))
	if err != nil {
		return nil, fmt.Errorf("connect to the collector: %w", err)
	}
	return l, nil
}

func (l *line) dial(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		controlled := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, ethernet)
		})
		return errors.Join(controlled, err)
	}}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, c.(*net.TCPConn))
	return c, nil
}

// sent is what the connections that are open have sent.
func (l *line) sent() (packets, bytes uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		raw, err := c.SyscallConn()
		if err != nil {
			continue // closed
		}
		_ = raw.Control(func(fd uintptr) { // fails once it is closed
			if i, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
				packets += uint64(i.Data_segs_out)
				bytes += i.Bytes_sent
			}
		})
	}
	return packets, bytes
}
