package compactreceiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/wire/server"
)

// compact is the receiver. Both signals' pipelines start and end it: the first
// call counts.
type compact struct {
	*sink
	config *Config
	set    receiver.Settings
	server *server.Server
	forget func()
	grace  time.Duration // that connections have to end by themselves

	start, stop sync.Once
	err         error // of the start
	grpc        *grpc.Server
	address     net.Addr // at which it listens
	telemetry   metric.Registration
	served      sync.WaitGroup
}

const grace = 5 * time.Second

func newReceiver(set receiver.Settings, c *Config, forget func()) (*compact, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: "grpc", LongLivedCtx: true, ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, err
	}
	s := &sink{id: set.ID, report: report}
	return &compact{sink: s, config: c, set: set, server: server.New(s, c.options()), forget: forget, grace: grace}, nil
}

// Start implements component.Component.
func (r *compact) Start(ctx context.Context, host component.Host) error {
	r.start.Do(func() { r.err = r.listen(ctx, host) })
	return r.err
}

// streamWindow is what a sender may send before it is read; gRPC knows no
// smaller one, and left to itself would let it grow to 16 MiB on a fast network.
const streamWindow = 64 << 10

// connectionWindow is all streams' of a connection together, which hold the bytes.
const connectionWindow = 4 << 20

func (r *compact) listen(ctx context.Context, host component.Host) (err error) {
	if r.telemetry, err = observe(r.set, r.server.Stats); err != nil {
		return err
	}
	r.grpc, err = r.config.ToServer(ctx, host.GetExtensions(), r.set.TelemetrySettings,
		configgrpc.WithGrpcServerOption(grpc.InitialWindowSize(streamWindow)),
		configgrpc.WithGrpcServerOption(grpc.InitialConnWindowSize(connectionWindow)))
	if err != nil {
		return fmt.Errorf("make the gRPC server: %w", err)
	}
	r.server.Register(r.grpc)
	l, err := r.config.NetAddr.Listen(ctx)
	if err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	r.address = l.Addr()
	r.served.Go(func() { r.serve(quiet{l}, host) })
	return nil
}

// quiet turns TCP's own keepalive off, which gRPC's pings do the work of: it
// probes each idle connection every 15 s, and together with gRPC's limit on
// unanswered packets one lost probe would end a stream.
type quiet struct{ net.Listener }

func (q quiet) Accept() (net.Conn, error) {
	c, err := q.Listener.Accept()
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetKeepAlive(false) // gone already: the next read says so
	}
	return c, err
}

func (r *compact) serve(l net.Listener, host component.Host) {
	if err := r.grpc.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
	}
}

// Shutdown implements component.Component. It returns once no frame is with a
// consumer any more.
func (r *compact) Shutdown(ctx context.Context) (err error) {
	r.stop.Do(func() {
		r.forget()
		if r.grpc != nil {
			err = r.drain(ctx)
		}
		if r.telemetry != nil {
			err = errors.Join(err, r.telemetry.Unregister())
		}
	})
	return err
}

// drain ends the streams after the frames that they are at, whose answers tell
// senders what need not come again. GracefulStop waits for the frames, also
// where Stop has cut their connections.
func (r *compact) drain(ctx context.Context) error {
	r.server.Drain()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cut := time.AfterFunc(r.grace, r.cut)
		defer cut.Stop()
		r.grpc.GracefulStop()
		r.served.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		r.server.Abandon()
		return fmt.Errorf("frames are still being stored: %w", ctx.Err())
	}
}

// cut ends connections, and what consumers wait for: an exporter may wait for ever,
// and is shut down after its receivers.
func (r *compact) cut() {
	r.server.Abandon()
	r.grpc.Stop()
}
