// Package client sends spans and intervals over one long-lived stream, and
// decides when they have arrived: once the receiver says that they are durable.
// What a lost stream leaves open is encoded anew on the next one.
//
// A Client without a stream and without anything to send has no goroutine; a
// stream has two, beside gRPC's own.
package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

// ErrShutdown says that the Client was shut down.
var ErrShutdown = errors.New("the compact client is shut down")

// Options of a Client. Zero values stand for the defaults named here.
type Options struct {
	// Dial makes the connection of one stream, which the Client closes; required.
	// Each stream has its own, so that load balancers can spread them. Its context
	// ends with the stream.
	Dial func(context.Context) (*grpc.ClientConn, error)
	// MaxAge is after which time, more or less a tenth, a stream ends and another
	// begins; 30 min. Below 0: never.
	MaxAge time.Duration
	// Idle is after which time without frames both ends let go of what the stream
	// has learned; 1 min. Below 0: never.
	Idle time.Duration
	// AnswerTimeout is how long the answer that is due next may take before the
	// stream is given up as dead; 30 s. It bounds the time to connect, too.
	AnswerTimeout time.Duration
	// MaxPause bounds the time between two attempts to connect; 15 s. After the
	// loss of a stream that had worked the first waits up to a third of it.
	MaxPause time.Duration
	// Report is told why there is no stream, and of streams that were lost; nil:
	// nobody is told. It may be called often, and must not wait for the Client.
	Report func(error)
}

func (o Options) withDefaults() Options {
	for value, standard := range map[*time.Duration]time.Duration{
		&o.MaxAge:        30 * time.Minute,
		&o.Idle:          time.Minute,
		&o.AnswerTimeout: 30 * time.Second,
		&o.MaxPause:      15 * time.Second,
	} {
		if *value == 0 {
			*value = standard
		}
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	return o
}

// Client is safe for concurrent use: what is sent concurrently shares the
// stream.
type Client struct {
	options Options
	sender  string
	wake    chan struct{} // tells the runner that something changed
	aborted chan struct{} // closed once a Shutdown waits no longer

	// The runner's, which is the only one to encode and to send.
	encoder *wire.Encoder
	view    view

	mu        sync.Mutex
	ledger    ledger
	back      backoff
	attemptAt time.Time // no attempt to connect before
	why       error     // there is no stream
	connected bool
	closing   bool
	ended     chan struct{} // closed at the runner's end; nil: there was none
	stop      context.CancelCauseFunc
}

// New makes a client, which connects when there is something to send.
func New(o Options) *Client {
	var name [16]byte
	rand.Read(name[:]) // never fails
	return &Client{
		options: o.withDefaults(),
		sender:  hex.EncodeToString(name[:]),
		wake:    make(chan struct{}, 1),
		aborted: make(chan struct{}),
		encoder: wire.NewEncoder(),
	}
}

// Send returns nil once all spans are durable. It waits for a receiver as long as ctx
// allows. The source is read only while Send runs. A *LostError says which of the
// spans will never arrive; all others have then. Any other error is ctx's, or
// ErrShutdown: what was under way may arrive or not.
func (c *Client) Send(ctx context.Context, source wire.Source) error {
	n := source.Len()
	if n == 0 {
		return ctx.Err()
	}
	return c.send(ctx, newRequest(source, n))
}

// SendInterval is Send for an interval. A *LostError says that it never arrives.
func (c *Client) SendInterval(ctx context.Context, i callgraph.Interval) error {
	return c.send(ctx, newIntervalRequest(i))
}

func (c *Client) send(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.accept(r); err != nil {
		return err
	}
	c.poke()
	select {
	case <-r.done:
		return r.err()
	case <-ctx.Done():
		return c.giveUp(r, ctx.Err())
	case <-c.aborted:
		return c.giveUp(r, ErrShutdown)
	}
}

// accept takes a request in, and sees to it that there is a runner.
func (c *Client) accept(r *request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return ErrShutdown
	}
	c.ledger.add(r)
	if c.stop == nil {
		ctx, stop := context.WithCancelCause(context.Background())
		c.stop, c.ended = stop, make(chan struct{})
		go c.run(ctx)
	}
	return nil
}

// giveUp lets go of a request, and returns once its source is not read any more.
func (c *Client) giveUp(r *request, why error) error {
	settled, read := c.drop(r)
	if read != nil {
		<-read
	}
	if settled {
		return r.err()
	}
	c.poke()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return &unsentError{why, c.why}
	}
	return why
}

// drop says whether the request was settled before, and when its source is read.
func (c *Client) drop(r *request) (settled bool, read <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	settled = !c.ledger.drop(r)
	c.hurry()
	return settled, r.read
}

// hurry ends an attempt to connect that nobody waits for any more; c.mu is held.
func (c *Client) hurry() {
	if c.closing && !c.connected && c.ledger.requests == 0 && c.stop != nil {
		c.stop(ErrShutdown)
	}
}

// poke wakes the runner.
func (c *Client) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Shutdown ends the stream once what is being sent has arrived, or when ctx
// ends. A second Shutdown does nothing but wait for the same.
func (c *Client) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	c.closing = true
	ended := c.ended
	c.hurry()
	c.mu.Unlock()
	if ended == nil {
		return nil
	}
	c.poke()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		c.abort()
		<-ended
		return ctx.Err()
	}
}

// abort ends the stream, and all that wait for it.
func (c *Client) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop(ErrShutdown)
	}
	select {
	case <-c.aborted:
	default:
		close(c.aborted)
	}
}

// Stats are the counts so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.ledger.stats()
	s.Connected = c.connected
	return s
}
