package server

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// stream takes one frame after the other. Nothing is read ahead, so that what
// can't be stored stays with the sender.
type stream struct {
	grpc    grpc.ServerStream
	server  *Server
	sender  *sender
	decoder *wirepdata.Decoder // from the first frame on
	state   int                // bytes that it holds, as they were counted
	before  uint64             // the sender's last durable frame of earlier streams
	gap     bool               // a frame was answered otherwise than by Stored

	mu   sync.Mutex
	busy bool  // with a frame, which is answered in any case
	over error // why it must end, if it must
}

// run serves the stream until it ends.
func (st *stream) run() error {
	st.before = st.sender.durable
	if err := st.answer(wire.Control{Answer: wire.Stored, Number: st.before}); err != nil {
		return err
	}
	for {
		frame, err := st.receive()
		if err == nil {
			err = st.frame(frame)
		}
		if err != nil {
			return orNil(err)
		}
	}
}

func (st *stream) receive() ([]byte, error) {
	m := &wrapperspb.BytesValue{}
	err := st.grpc.RecvMsg(m)
	if status.Code(err) == codes.ResourceExhausted {
		st.server.counts.refused(wire.CodeLimit)
	}
	return m.Value, err
}

func (st *stream) answer(c wire.Control) error {
	return st.grpc.SendMsg(&wrapperspb.BytesValue{Value: c.Append(nil)})
}

// frame takes one in and answers it. An error ends the stream.
func (st *stream) frame(frame []byte) error {
	st.server.counts.frame(len(frame))
	if foreign(frame) {
		return nil
	}
	if err := st.server.places.Acquire(st.grpc.Context(), 1); err != nil {
		return status.FromContextError(err).Err()
	}
	if !st.begin() {
		st.server.places.Release(1)
		return st.ended(nil)
	}
	c, err := st.take(frame)
	if err != nil {
		return err
	}
	// Before the answer, or what others hold by the time it is sent would decide.
	overloaded := c.Answer != wire.Refused && st.server.counts.overloaded(st.state, st.server.options.MaxState)
	switch err := st.answer(c); {
	case err != nil:
		return err
	case c.Answer == wire.Refused:
		return status.Error(codes.InvalidArgument, c.Code.String()+": "+c.Why)
	case overloaded:
		return status.Error(codes.ResourceExhausted, "all streams together hold too much")
	}
	return st.pause()
}

// take decodes and stores a frame, and says what became of it. It gives the
// place back that the decoded frame has until it is being stored.
func (st *stream) take(frame []byte) (wire.Control, error) {
	got, err := st.decode(frame)
	if err != nil {
		st.server.places.Release(1)
		return st.refuse(frame, err), nil
	}
	size := min(int64(st.decoder.Decoded()), st.server.options.MaxBytes)
	err = st.server.bytes.Acquire(st.grpc.Context(), size)
	st.server.places.Release(1)
	if err != nil {
		return wire.Control{}, status.FromContextError(err).Err()
	}
	defer st.server.bytes.Release(size)
	return st.store(numberOf(frame), got), nil
}

func (st *stream) decode(frame []byte) (wirepdata.Decoded, error) {
	if st.decoder == nil {
		st.decoder = wirepdata.NewDecoder()
	}
	resets := st.decoder.Resets()
	got, err := st.decoder.Decode(frame)
	size := st.decoder.StateSize()
	st.server.counts.decoded(st.decoder.Resets()-resets, size-st.state)
	st.state = size
	return got, err
}

func (st *stream) refuse(frame []byte, err error) wire.Control {
	c := wire.Control{Answer: wire.Refused, Number: numberOf(frame), Code: wire.CodeMalformed, Why: err.Error()}
	if e := (*wire.Error)(nil); errors.As(err, &e) {
		c.Code, c.Why = e.Code, e.Why
	}
	st.server.counts.refused(c.Code)
	return c
}

// store gives a frame to the sink, however the stream fares meanwhile: what
// became of it must be known.
func (st *stream) store(number uint64, got wirepdata.Decoded) wire.Control {
	c := wire.Control{Answer: wire.Stored, Number: number}
	if number <= st.before {
		st.server.counts.repeated()
		return c
	}
	n := contentOf(st.decoder.Spans(), got.Interval)
	ctx, cancel := context.WithCancel(context.WithoutCancel(st.grpc.Context()))
	defer cancel()
	defer context.AfterFunc(st.server.alive, cancel)()
	if err := st.server.give(ctx, got); err != nil {
		c = st.server.putOff(number, err)
	}
	st.server.counts.answered(c.Answer, n)
	st.settle(c)
	return c
}

// settle moves what the sender's next stream is told to be durable, up to a
// frame that is not: the answer that says so may be lost with this stream.
func (st *stream) settle(c wire.Control) {
	if st.gap = st.gap || c.Answer != wire.Stored; !st.gap {
		st.sender.durable = c.Number
	}
}

func (s *Server) give(ctx context.Context, got wirepdata.Decoded) error {
	switch {
	case got.Interval != nil:
		return s.sink.Interval(ctx, *got.Interval)
	case got.Traces.SpanCount() > 0:
		return s.sink.Traces(ctx, got.Traces)
	}
	return nil // the sender fell idle
}

func (s *Server) putOff(number uint64, err error) wire.Control {
	if errors.As(err, &permanent{}) {
		return wire.Control{Answer: wire.Rejected, Number: number, Why: err.Error()}
	}
	return wire.Control{Answer: wire.Later, Number: number, Wait: s.options.Wait}
}

// begin says that the stream is at a frame, false where it is to end.
func (st *stream) begin() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.busy = st.over == nil
	return st.busy
}

// pause says that the frame is answered. An error is why the stream is to end.
func (st *stream) pause() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.busy = false
	return st.over
}

// end ends the stream, once the frame that it is at is answered.
func (st *stream) end(why error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.over != nil {
		return
	}
	if st.over = why; !st.busy {
		st.interrupt()
	}
}

// interrupt wakes the stream's goroutine where it reads or waits. gRPC has no
// call for that but its own, which ends a stream when its handler returns; the
// other way is a second goroutine for each stream. Should gRPC lose it, a stream
// ends with its next frame or its connection.
func (st *stream) interrupt() {
	transport := grpc.ServerTransportStreamFromContext(st.grpc.Context())
	if t, ok := transport.(interface{ WriteStatus(*status.Status) error }); ok {
		_ = t.WriteStatus(status.Convert(st.over)) // fails where the stream is broken already
	}
}

// ended is why the stream ends: what was decided, before what came of it.
func (st *stream) ended(err error) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.busy = true // nobody needs to wake it any more
	if st.over != nil {
		return st.over
	}
	return err
}

// numberOf is a frame's number, 0 where it has none.
func numberOf(frame []byte) uint64 {
	const head, checksum = 2, 4
	if len(frame) < head+checksum {
		return 0
	}
	n, _ := binary.Uvarint(frame[head : len(frame)-checksum])
	return n
}

// foreign holds for control frames of kinds that are to come, which are ignored.
func foreign(frame []byte) bool {
	if len(frame) < 2 || wire.Answer(frame[1]) < wire.Stored {
		return false
	}
	_, known, err := wire.ParseControl(frame)
	return !known && err == nil
}
