// Package server takes streams of compact frames and decides when a frame is
// acknowledged: once the sink has made durable what it holds.
package server

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

// Sink takes what frames hold. nil means that it is durable; an error made by
// Permanent that it never will be; any other that it may come again.
type Sink interface {
	Traces(ctx context.Context, td ptrace.Traces) error
	Interval(ctx context.Context, i callgraph.Interval) error
}

// Permanent marks an error of a Sink as its last word.
func Permanent(err error) error { panic("not yet") }

// Options of a Server. Zero values stand for the defaults named here.
type Options struct {
	// MaxBytes of decoded frames (SPEC.md, Decoded size) that are being stored at
	// once; 64 MiB. Other frames wait, mostly unread.
	MaxBytes int64
	// MaxState is how many bytes the dictionaries of all streams may hold; 512 MiB.
	// Beyond it streams that hold much are ended; their senders begin anew.
	MaxState int64
	// MaxSenders is of how many senders the last frame's number is remembered; 65,536.
	MaxSenders int
	// Wait is what a sender is told to wait where the sink can't take something now; 500 ms.
	Wait time.Duration
}

// Server serves streams. It is safe for concurrent use.
type Server struct{}

// New makes a server.
func New(s Sink, o Options) *Server { panic("not yet") }

// Register makes the server known to a gRPC server.
func (s *Server) Register(r grpc.ServiceRegistrar) { panic("not yet") }

// Drain ends all streams after the frames that they are at, and refuses new ones.
func (s *Server) Drain() { panic("not yet") }

// Stats are the counts so far.
func (s *Server) Stats() Stats { panic("not yet") }

// Stats counts what a Server did.
type Stats struct {
	Streams          int    // open now
	State            int64  // bytes of their dictionaries
	Opened, Resets   uint64 // streams, epochs
	Frames, Bytes    uint64 // taken in
	Spans, Intervals uint64 // stored
	Cells            uint64 // in them
	Repeated         uint64 // frames that were stored before
	Refused          map[wire.Code]uint64
	Later, Rejected  uint64 // frames
	Overloaded       uint64 // streams ended for the bound on state
}
