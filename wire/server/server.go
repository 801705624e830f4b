// Package server takes streams of compact frames and decides when a frame is
// acknowledged: once the sink has made durable what it holds.
package server

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire/internal/service"
)

// Sink takes what frames hold. nil means that it is durable; an error made by
// Permanent that it never will be; any other that it may come again. It is
// called concurrently, for a sender one call at a time, and its context does not end with the
// stream's, but by Abandon.
type Sink interface {
	Traces(ctx context.Context, td ptrace.Traces) error
	Interval(ctx context.Context, i callgraph.Interval) error
}

// Permanent marks an error of a Sink as its last word.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Options of a Server. Zero values stand for the defaults named here.
type Options struct {
	// MaxBytes of decoded frames (SPEC.md, Decoded size) that are being stored at
	// once; 64 MiB. Other frames wait: two for each processor decoded, the rest as
	// they came, at most one of a stream.
	MaxBytes int64
	// MaxState is how many bytes the dictionaries of all streams may hold; 512 MiB.
	// Beyond it streams that hold more than an equal share are ended; their senders
	// begin anew.
	MaxState int64
	// MaxSenders is of how many senders the last frame's number is remembered; 65,536.
	// Those with a stream are remembered in any case.
	MaxSenders int
	// Wait is what a sender is told to wait where the sink can't take something now; 500 ms.
	Wait time.Duration
}

// Defaults of Options.
const (
	DefaultMaxBytes   = 64 << 20
	DefaultMaxState   = 512 << 20
	DefaultMaxSenders = 1 << 16
	DefaultWait       = 500 * time.Millisecond
)

func (o Options) orDefaults() Options {
	orDefault(&o.MaxBytes, DefaultMaxBytes)
	orDefault(&o.MaxState, DefaultMaxState)
	orDefault(&o.MaxSenders, DefaultMaxSenders)
	orDefault(&o.Wait, DefaultWait)
	return o
}

func orDefault[T ~int | ~int64](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// Server serves streams. It is safe for concurrent use.
type Server struct {
	sink    Sink
	options Options
	senders *senders
	counts  counts
	alive   context.Context //nolint:containedctx // of what the sink does; kill ends it
	kill    context.CancelFunc
	places  *semaphore.Weighted // of decoded frames that wait for bytes
	bytes   *semaphore.Weighted // of decoded frames that are being stored
}

// New makes a server.
func New(s Sink, o Options) *Server {
	o = o.orDefaults()
	alive, kill := context.WithCancel(context.Background())
	return &Server{
		sink: s, options: o, senders: newSenders(o.MaxSenders), alive: alive, kill: kill,
		places: semaphore.NewWeighted(2 * int64(runtime.GOMAXPROCS(0))), bytes: semaphore.NewWeighted(o.MaxBytes),
	}
}

// Register makes the server known to a gRPC server, which should accept messages of 5 MiB.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	method := service.Stream
	method.Handler = func(_ any, g grpc.ServerStream) error { return s.serve(g) }
	r.RegisterService(&grpc.ServiceDesc{ServiceName: service.Name, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{method}}, s)
}

// Drain ends all streams after the frames that they are at, and refuses new ones.
func (s *Server) Drain() { s.senders.drain() }

// Abandon ends the context of what the sink is at, and of all that it gets from now on:
// it may wait for what will not come. Its frames are the senders' again.
func (s *Server) Abandon() { s.kill() }

// Stats are the counts so far.
func (s *Server) Stats() Stats { return s.counts.read() }

// serve is one stream's, on the goroutine that gRPC has for it.
func (s *Server) serve(g grpc.ServerStream) error {
	n, err := nameOf(g.Context())
	if err != nil {
		return err
	}
	st := &stream{grpc: g, server: s}
	if st.sender, err = s.senders.join(n, st); err != nil {
		return err
	}
	defer s.senders.leave(n, st.sender)
	if err := st.sender.enter(g.Context()); err != nil {
		return st.ended(err)
	}
	defer st.sender.exit()
	s.counts.open()
	defer func() { s.counts.close(st.state) }()
	return st.ended(st.run())
}

// name is a sender's.
type name [16]byte

func nameOf(ctx context.Context) (n name, err error) {
	said := metadata.ValueFromIncomingContext(ctx, service.SenderKey)
	if len(said) != 1 || !n.parse(said[0]) {
		return n, status.Errorf(codes.InvalidArgument, "metadata %s must be 32 hex digits in lower case", service.SenderKey)
	}
	return n, nil
}

func (n *name) parse(s string) bool {
	if len(s) != 2*len(n) {
		return false
	}
	for i := range s {
		d, ok := digit(s[i])
		if !ok {
			return false
		}
		n[i/2] = n[i/2]<<4 | d
	}
	return true
}

func digit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// orNil is nil for the end that a sender chose.
func orNil(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
