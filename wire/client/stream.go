package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/internal/service"
)

// farewell is how long a receiver that has answered everything may take to end a
// stream that we ended.
const farewell = time.Second

var errNoAnswer = errors.New("receiver does not answer")

// stream is one gRPC stream, with a connection to itself. The runner writes; a
// goroutine that it waits for reads.
type stream struct {
	client *Client
	conn   *grpc.ClientConn
	calls  grpc.ClientStream
	cancel context.CancelCauseFunc
	read   chan struct{} // closed at the reader's end
	err    error         // the reader's, then

	// With the Client's lock held.
	agenda   agenda
	alarm    *time.Timer // at the deadline
	deadline time.Time   // for what the receiver is to do next; zero: nothing
	greeted  bool        // it said hello
	worked   bool        // it stored something
	leaving  bool        // we closed our direction
}

// run connects, and sends until the stream ends. It says why it did.
func (s *stream) run(ctx context.Context) error {
	ctx, s.cancel = context.WithCancelCause(ctx)
	defer s.cancel(nil)
	defer s.watch().Stop()
	err := s.open(ctx)
	if s.conn != nil {
		defer func() { _ = s.conn.Close() }() // it fails only where it is closed
	}
	if err == nil {
		go s.answers()
		s.write()
		<-s.read
		err = s.err
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// open returns once the receiver has said hello.
func (s *stream) open(ctx context.Context) (err error) {
	if s.conn, err = s.client.options.Dial(ctx); err != nil {
		return err
	}
	ctx = metadata.AppendToOutgoingContext(ctx, service.SenderKey, s.client.sender)
	s.calls, err = s.conn.NewStream(ctx, &service.Stream, service.Method,
		grpc.MaxCallSendMsgSize(service.MaxMessage), grpc.MaxCallRecvMsgSize(service.MaxMessage),
		grpc.UseCompressor(encoding.Identity))
	if err != nil {
		return err
	}
	hello, err := s.receive()
	if err != nil {
		return err
	}
	return s.greet(hello)
}

// greet takes the receiver's hello.
func (s *stream) greet(hello wire.Control) error {
	switch hello.Answer {
	case wire.Stored:
	case wire.Refused:
		return &refusal{hello}
	case wire.Later, wire.Rejected:
		return fmt.Errorf("receiver begins with answer %d, not with what it has stored", hello.Answer)
	}
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ledger.greet(hello.Number); err != nil {
		return err
	}
	s.read = make(chan struct{})
	s.agenda = newAgenda(time.Now(), c.options)
	s.greeted, c.connected, c.why = true, true, nil
	s.progress()
	c.ledger.count.Streams++
	return nil
}

// receive reads the next answer that we know.
func (s *stream) receive() (wire.Control, error) {
	for {
		var m wrapperspb.BytesValue
		if err := s.calls.RecvMsg(&m); err != nil {
			return wire.Control{}, err
		}
		if c, known, err := wire.ParseControl(m.Value); known || err != nil {
			return c, err
		}
	}
}

// answers is the reader: it takes what the receiver says, until the stream ends.
func (s *stream) answers() {
	defer close(s.read)
	for s.err == nil {
		var c wire.Control
		if c, s.err = s.receive(); s.err == nil {
			s.err = s.answer(c)
		}
	}
	if !errors.Is(s.err, io.EOF) {
		s.cancel(s.err)
	}
}

func (s *stream) answer(a wire.Control) error {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.ledger.answer(a, time.Now(), c.options.MaxPause)
	s.worked = s.worked || err == nil && a.Answer == wire.Stored
	s.agenda.over = err != nil
	s.progress()
	if c.ledger.waiting() || c.closing {
		c.poke()
	}
	return err
}

// write sends until the stream ends, or it is time to leave.
func (s *stream) write() {
	for more := true; more; {
		more = s.step()
	}
}

func (s *stream) step() (more bool) {
	do, until := s.next()
	switch do {
	case toSend:
		return s.send(s.client.encode(), false)
	case toRest:
		return s.send(s.client.rest(), true)
	case toLeave:
		s.leave()
		return false
	case toWait:
	}
	return s.sleep(until)
}

func (s *stream) next() (step, time.Time) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.agenda.next(time.Now(), &c.ledger, c.closing)
}

// send gives frames to gRPC, which may make it wait for the receiver.
func (s *stream) send(frames []wire.Frame, rest bool) (more bool) {
	for i := range frames {
		s.hand(&frames[i], rest)
		if err := s.calls.SendMsg(wrapperspb.Bytes(frames[i].Bytes)); err != nil {
			if !errors.Is(err, io.EOF) { // then the reader knows more
				s.cancel(err)
			}
			return false
		}
	}
	return true
}

// hand enters that a frame goes out.
func (s *stream) hand(f *wire.Frame, rest bool) {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.hand(f)
	s.agenda.sent(time.Now(), rest)
	if s.deadline.IsZero() {
		s.progress()
	}
}

// sleep waits for something to do.
func (s *stream) sleep(until time.Time) (more bool) {
	var alarm <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-s.client.wake:
	case <-alarm:
	case <-s.read:
		return false
	}
	return true
}

// leave ends our direction, and waits for the answers that are due.
func (s *stream) leave() {
	c := s.client
	c.mu.Lock()
	s.leaving = true
	s.progress()
	c.mu.Unlock()
	if err := s.calls.CloseSend(); err != nil {
		s.cancel(err)
	}
	<-s.read
}

// watch sees to it that the stream ends once its deadline is over; at first, to
// connect.
func (s *stream) watch() *time.Timer {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	s.alarm = time.AfterFunc(c.options.AnswerTimeout, s.overdue)
	s.expect(c.options.AnswerTimeout)
	return s.alarm
}

// overdue ends the stream, unless the receiver did something meanwhile.
func (s *stream) overdue() {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.deadline.IsZero() && !time.Now().Before(s.deadline) {
		s.cancel(errNoAnswer)
	}
}

// progress sets the deadline anew; the Client's lock is held.
func (s *stream) progress() {
	switch most := s.client.options.AnswerTimeout; {
	case len(s.client.ledger.frames) > 0:
		s.expect(most)
	case s.leaving:
		s.expect(min(farewell, most))
	default:
		s.deadline = time.Time{}
		s.alarm.Stop()
	}
}

func (s *stream) expect(within time.Duration) {
	s.deadline = time.Now().Add(within)
	s.alarm.Reset(within)
}
