// Package client sends spans and intervals over one long-lived stream, and
// decides when they have arrived: once the receiver says that they are durable.
// What a lost stream leaves open is encoded anew on the next one.
package client

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

// Options of a Client. Zero values stand for the defaults named here.
type Options struct {
	// Dial makes the connection of one stream, which the Client closes; required.
	// Each stream has its own, so that load balancers can spread them.
	Dial func(context.Context) (*grpc.ClientConn, error)
	// MaxAge is after which time, more or less a tenth, a stream ends and another
	// begins; 30 min. Below 0: never.
	MaxAge time.Duration
	// Idle is after which time without frames both ends let go of what the stream
	// has learned; 1 min. Below 0: never.
	Idle time.Duration
	// AnswerTimeout is how long a frame's answer may take before the stream is given
	// up as dead; 30 s.
	AnswerTimeout time.Duration
	// MaxPause bounds the time between two attempts to connect; 15 s. After the
	// loss of a stream that had worked the first waits up to a third of it.
	MaxPause time.Duration
	// Report is told why there is no stream, and of streams that were lost; nil:
	// nobody is told. It may be called often.
	Report func(error)
}

// Client is safe for concurrent use: what is sent concurrently shares the
// stream.
type Client struct{}

// New makes a client, which connects when there is something to send.
func New(o Options) *Client { panic("not yet") }

// Send returns nil once all spans are durable. It waits for a receiver as long as ctx
// allows. The source is read only while Send runs. A *LostError says which of the
// spans will never arrive; all others have then. Any other error is ctx's, or
// ErrShutdown: what was under way may arrive or not.
func (c *Client) Send(ctx context.Context, source wire.Source) error { panic("not yet") }

// SendInterval is Send for an interval. A *LostError says that it never arrives.
func (c *Client) SendInterval(ctx context.Context, i callgraph.Interval) error { panic("not yet") }

// Stats are the counts so far.
func (c *Client) Stats() Stats { panic("not yet") }

// Shutdown ends the stream once what is being sent has arrived, or when ctx
// ends. A second Shutdown does nothing.
func (c *Client) Shutdown(ctx context.Context) error { panic("not yet") }

// LostError says that a receiver will never store some spans, or an interval.
type LostError struct {
	TooLarge []int // spans that no frame can hold
	Rejected []int // spans that the receiver rejected, or could not read twice
	Interval bool  // it was an interval
	Why      string
}

func (e *LostError) Error() string { panic("not yet") }

// Stats counts what a Client did.
type Stats struct {
	Connected          bool
	Streams, Resets    uint64 // streams begun, epochs begun
	Frames, Bytes      uint64 // sent, those sent anew among them
	Spans, Intervals   uint64 // acknowledged
	Resent             uint64 // spans encoded anew
	TooLarge, Rejected uint64 // spans lost
	RejectedIntervals  uint64
	Refused            map[wire.Code]uint64 // frames, by reason
	Later              uint64               // frames that the receiver put off
	Unacknowledged     uint64               // spans under way now
	State              int                  // bytes that the encoder holds
}
