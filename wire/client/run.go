package client

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// run keeps a stream while somebody waits for an answer, and as long as it
// lasts. It ends with ctx.
func (c *Client) run(ctx context.Context) {
	for c.pause(ctx) {
		s := &stream{client: c}
		c.over(ctx, s, s.run(ctx))
	}
}

// pause waits until it is time to connect; false says that there is nothing to
// connect for.
func (c *Client) pause(ctx context.Context) bool {
	for {
		wait, needed := c.due(ctx)
		if !needed || wait <= 0 {
			return needed
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.wake:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// due says how long to wait before the next attempt. Where none is needed the
// runner has ended.
func (c *Client) due(ctx context.Context) (wait time.Duration, needed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ledger.requests > 0 && ctx.Err() == nil {
		return time.Until(c.attemptAt), true
	}
	c.stop(nil)
	c.stop = nil
	close(c.ended)
	return 0, false
}

// over decides what follows a stream. The encoder begins anew, and holds nothing
// until then.
func (c *Client) over(ctx context.Context, s *stream, err error) {
	c.encoder.Reset()
	c.mu.Lock()
	c.ledger.count.State = c.encoder.StateSize()
	how := s.end(err)
	if ctx.Err() == nil {
		c.attemptAt = time.Now().Add(c.back.after(how, c.options.MaxPause))
	}
	c.connected, c.why = false, nil
	if how != left {
		c.why = s.explain(err)
	}
	why := c.why
	c.mu.Unlock()
	if why != nil && ctx.Err() == nil {
		c.options.Report(why)
	}
}

// end says how the stream ended; the Client's lock is held.
func (s *stream) end(err error) end {
	switch {
	case s.leaving && len(s.client.ledger.frames) == 0:
		return left
	case s.worked:
		return lost
	case status.Code(err) == codes.Unimplemented:
		return foreign
	}
	return failed
}

// explain says in words for people why a stream ended.
func (s *stream) explain(err error) error {
	switch {
	case status.Code(err) == codes.Unimplemented:
		return &foreignError{s.conn.Target(), err}
	case errors.Is(err, io.EOF):
		return errors.New("receiver ended the stream")
	case s.greeted:
		return &streamError{"stream was lost", err}
	}
	return &streamError{"no stream", err}
}

// unsentError is a context's end with the reason why nothing could be sent, by
// which callers do not judge it.
type unsentError struct{ end, why error }

func (e *unsentError) Error() string { return e.end.Error() + ": " + e.why.Error() }
func (e *unsentError) Unwrap() error { return e.end }

type streamError struct {
	what  string
	cause error
}

func (e *streamError) Error() string { return e.what + ": " + e.cause.Error() }
func (e *streamError) Unwrap() error { return e.cause }

type foreignError struct {
	target string
	cause  error
}

func (e *foreignError) Error() string {
	return e.target + " does not take the compact format: give the collector the compact receiver at this endpoint " +
		"(port 4319), or send it OTLP (SDKs: OTEL_TRACES_EXPORTER=otlp; collectors: exporter otlp)"
}
func (e *foreignError) Unwrap() error { return e.cause }
