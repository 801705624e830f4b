package server

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/jcallgraph/jcallgraph/wire"
)

func TestFramesAreAcknowledgedOnceStored(t *testing.T) {
	sink := &memory{}
	r := serve(t, sink, Options{})
	p, e := r.begin(t, a, 0), newEncoder(t)
	p.send(e.spans("GET /", "query"))
	p.stored(1)
	require.Equal(t, []string{"GET /", "query"}, sink.names())
	p.send(e.interval(oneInterval()), e.spans("GET /cart"))
	p.stored(2, 3)
	require.Equal(t, oneInterval(), sink.intervals[0])

	require.NoError(t, p.stream.CloseSend())
	p.ended(codes.OK)
	got := r.Stats()
	require.NotZero(t, got.Bytes)
	got.Bytes = 0
	require.Equal(t, Stats{Opened: 1, Resets: 1, Frames: 3, Spans: 3, Intervals: 1, Cells: 2}, got)
}

func TestSendersThatCloseGetTheAnswersThatAreDue(t *testing.T) {
	r := serve(t, &memory{}, Options{})
	p, e := r.begin(t, a, 0), newEncoder(t)
	p.send(e.spans("a"), e.spans("b"))
	require.NoError(t, p.stream.CloseSend())
	p.stored(1, 2)
	p.ended(codes.OK)
}

// TestIdleSenders lets go of the model, and gives the sink nothing.
func TestIdleSenders(t *testing.T) {
	sink := &memory{}
	r := serve(t, sink, Options{})
	p, e := r.begin(t, a, 0), newEncoder(t)
	p.send(e.large(100_000))
	p.stored(1)
	full := r.Stats().State
	p.send(emptyFrame(2))
	p.stored(2)
	require.Less(t, r.Stats().State, full-90_000)
	require.EqualValues(t, 2, r.Stats().Resets)
	require.Len(t, sink.traces, 1)
}

func TestWhatTheSinkDoesNotTake(t *testing.T) {
	refused := map[string]error{"full": errors.New("disk is full"), "bad": Permanent(errors.New("no pipeline of traces"))}
	sink := &memory{}
	next := ""
	sink.refuse = func(context.Context) error { return refused[next] }
	r := serve(t, sink, Options{Wait: 1500 * time.Millisecond})
	p, e := r.begin(t, a, 0), newEncoder(t)

	next = "full"
	p.send(e.spans("a"))
	require.Equal(t, wire.Control{Answer: wire.Later, Number: 1, Wait: 1500 * time.Millisecond}, p.answer())
	next = "bad"
	p.send(e.interval(oneInterval()))
	require.Equal(t, wire.Control{Answer: wire.Rejected, Number: 2, Why: "no pipeline of traces"}, p.answer())
	next = ""
	p.send(e.spans("a"))
	p.stored(3)
	require.Equal(t, []string{"a"}, sink.names())
	got := r.Stats()
	require.Equal(t, [...]uint64{1, 1, 1, 0}, [...]uint64{got.Later, got.Rejected, got.Spans, got.Intervals})
	require.ErrorIs(t, Permanent(context.Canceled), context.Canceled)
}

func TestANewStreamIsToldWhatIsDurable(t *testing.T) {
	r := serve(t, &memory{}, Options{})
	p, e := r.begin(t, a, 0), newEncoder(t)
	p.send(e.spans("a"), e.spans("b"))
	p.stored(1, 2)
	p.cut()
	p = r.begin(t, a, 2)
	e.Reset()
	p.send(e.spans("c"))
	p.stored(3)
	r.begin(t, b, 0)
	p.cut()
	r.begin(t, a, 3)
}

// TestDurableIsToldUpToTheFirstFrameThatIsNot: the sender may not have got the
// answer that tells of it.
func TestDurableIsToldUpToTheFirstFrameThatIsNot(t *testing.T) {
	for _, err := range []error{errors.New("disk is full"), Permanent(errors.New("no"))} {
		sink := &memory{}
		var next error
		sink.refuse = func(context.Context) error { return next }
		r := serve(t, sink, Options{})
		p, e := r.begin(t, a, 0), newEncoder(t)
		for _, next = range []error{nil, err, nil} {
			p.send(e.spans("a"))
			p.answer()
		}
		p.cut()
		p = r.begin(t, a, 1)
		e.Reset()
		p.send(e.spans("a"))
		p.stored(4)
		p.cut()
		r.begin(t, a, 4)
	}
}

func TestFramesThatWereStoredBeforeAreNotStoredAgain(t *testing.T) {
	sink := &memory{}
	r := serve(t, sink, Options{})
	p, e := r.begin(t, a, 0), newEncoder(t)
	p.send(e.spans("a"), e.spans("b"))
	p.stored(1, 2)
	p.cut()
	p, e = r.begin(t, a, 2), newEncoder(t)
	p.send(e.spans("a"), e.spans("b"), e.spans("c"))
	p.stored(1, 2, 3)
	require.Equal(t, []string{"a", "b", "c"}, sink.names())
	require.EqualValues(t, 2, r.Stats().Repeated)
	require.EqualValues(t, 3, r.Stats().Spans)
}

// TestANewStreamWaitsForTheOldOnesFrame: else it would be told a number of the
// past.
func TestANewStreamWaitsForTheOldOnesFrame(t *testing.T) {
	sink, in, out := &memory{}, make(chan struct{}), make(chan struct{})
	sink.refuse = func(ctx context.Context) error { in <- struct{}{}; <-out; return ctx.Err() }
	r := serve(t, sink, Options{})
	old, e := r.begin(t, a, 0), newEncoder(t)
	old.send(e.spans("a"))
	<-in
	second := r.open(t, a)
	eventually(t, "the second stream waits", func() bool { return r.streamsOf(a) == 2 })
	third := r.open(t, a)
	second.ended(codes.Aborted)
	eventually(t, "the third stream waits", func() bool { return r.streamsOf(a) == 2 })

	other := r.begin(t, b, 0)
	require.NoError(t, other.stream.CloseSend())
	other.ended(codes.OK)

	out <- struct{}{}
	old.stored(1)
	old.ended(codes.Aborted)
	third.stored(1)
	e.Reset()
	third.send(e.spans("b"))
	<-in
	out <- struct{}{}
	third.stored(2)
}

// streamsOf is how many streams of a sender were not left.
func (r *receiver) streamsOf(sender string) int {
	var n name
	n.parse(sender)
	r.senders.mu.Lock()
	defer r.senders.mu.Unlock()
	if s := r.senders.open[n]; s != nil {
		return s.streams
	}
	return 0
}

func TestANewStreamEndsAnIdleOne(t *testing.T) {
	r := serve(t, &memory{}, Options{})
	old := r.begin(t, a, 0)
	r.begin(t, a, 0)
	old.ended(codes.Aborted)
	require.Equal(t, 1, r.streamsOf(a))
}

// TestWhatBecameOfAFrameIsKnownThoughItsStreamIsCut.
func TestWhatBecameOfAFrameIsKnownThoughItsStreamIsCut(t *testing.T) {
	sink, in, out := &memory{}, make(chan context.Context), make(chan struct{})
	sink.refuse = func(ctx context.Context) error { in <- ctx; <-out; return ctx.Err() }
	r := serve(t, sink, Options{})
	p, e := r.begin(t, a, 0), newEncoder(t)
	p.send(e.spans("a"))
	ctx := <-in
	_, hasDeadline := ctx.Deadline()
	require.False(t, hasDeadline)
	p.cut()
	p.ended(codes.Canceled)
	next := r.open(t, a)
	out <- struct{}{}
	next.stored(1)
	require.Equal(t, []string{"a"}, sink.names())
}

func TestSendersAreForgotten(t *testing.T) {
	r := serve(t, &memory{}, Options{MaxSenders: 1})
	open := r.begin(t, c, 0)
	e := newEncoder(t)
	open.send(e.spans("c"))
	open.stored(1)
	for _, sender := range []string{a, b} {
		p := r.begin(t, sender, 0)
		p.send(newEncoder(t).spans("x"))
		p.stored(1)
		require.NoError(t, p.stream.CloseSend())
		p.ended(codes.OK)
		eventually(t, "the stream is left", func() bool { return r.streamsOf(sender) == 0 })
	}
	r.begin(t, b, 1)
	r.begin(t, a, 0)
	r.begin(t, c, 1)
}

func TestNamesOfSenders(t *testing.T) {
	r := serve(t, &memory{}, Options{})
	for _, sender := range []string{"", "a", strings.ToUpper(a), a + "0", "g" + a[1:], "G" + a[1:]} {
		p := r.open(t, sender)
		p.ended(codes.InvalidArgument)
	}
	require.Zero(t, r.Stats().Opened)
	r.begin(t, "0123456789abcdef0123456789abcdef", 0)
}

func TestDrain(t *testing.T) {
	sink, in, out := &memory{}, make(chan struct{}), make(chan struct{})
	sink.refuse = func(context.Context) error { in <- struct{}{}; <-out; return nil }
	r := serve(t, sink, Options{})
	idle, busy, e := r.begin(t, a, 0), r.begin(t, b, 0), newEncoder(t)
	busy.send(e.spans("a"), e.spans("b"))
	<-in
	r.Drain()
	r.Drain()
	idle.ended(codes.Unavailable)
	r.open(t, c).ended(codes.Unavailable)
	out <- struct{}{}
	busy.stored(1)
	busy.ended(codes.Unavailable)
	r.grpc.GracefulStop()
	require.Equal(t, []string{"a"}, sink.names())
}

// TestDrainEndsStreamsThatWait in the three places where they may.
func TestDrainEndsStreamsThatWait(t *testing.T) {
	sink, in, out := &memory{}, make(chan struct{}), make(chan struct{})
	sink.refuse = func(context.Context) error { in <- struct{}{}; <-out; return nil }
	r := serve(t, sink, Options{})
	busy := r.begin(t, a, 0)
	busy.send(newEncoder(t).spans("a"))
	<-in
	turn := r.open(t, a)
	eventually(t, "a stream waits for its turn", func() bool { return r.streamsOf(a) == 2 })
	r.Drain()
	turn.ended(codes.Unavailable)
	close(out)
	busy.stored(1)
	busy.ended(codes.Aborted)
	r.grpc.GracefulStop()
}
