package client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/internal/service"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// spans is a source of spans that are known by their numbers.
type spans []uint64

func (s spans) Len() int { return len(s) }

func (s spans) Place(i int) (traceID [16]byte, start, end uint64) {
	binary.BigEndian.PutUint64(traceID[:], s[i]/4+1)
	return traceID, s[i] * 1000, s[i]*1000 + 500
}

func (s spans) Span(i int, into *wire.SourceSpan) {
	into.TraceID, into.Start, into.End = s.Place(i)
	into.ParentID, into.Scope = [8]byte{}, 0
	binary.BigEndian.PutUint64(into.SpanID[:], s[i])
	into.Fields[wire.SpanName] = wire.StringValue("GET /")
	into.Attributes = append(into.Attributes[:0], wire.Attribute{Key: "item", Value: wire.IntValue(int64(s[i]))})
	into.Parts = into.Parts[:0]
}

func (s spans) Scope(_ int, into *wire.SourceScope) {
	into.Fields[wire.ScopeName] = wire.StringValue("shop")
	into.Attributes, into.ResourceAttributes = nil, nil
}

// from makes spans with so many numbers in a row.
func from(first uint64, n int) (s spans) {
	for i := range n {
		s = append(s, first+uint64(i))
	}
	return s
}

// received is what a frame held.
type received struct {
	number   uint64
	spans    spans // rising
	interval *callgraph.Interval
}

func (r *received) Span(s *wire.Span) {
	r.spans = append(r.spans, binary.BigEndian.Uint64(s.SpanID[:]))
}

func (r *received) Interval(i callgraph.Interval) { r.interval = &i }

// call is a stream at the receiver's end.
type call struct {
	grpc.ServerStream
	sender  string
	at      time.Time
	decoder *wire.Decoder
}

// hello tells what the sender's last stored frame is.
func (c *call) hello(number uint64) { c.answer(wire.Control{Answer: wire.Stored, Number: number}) }

func (c *call) stored(number uint64) { c.hello(number) }

func (c *call) answer(a wire.Control) { c.bytes(a.Append(nil)) }

func (c *call) bytes(b []byte) { _ = c.SendMsg(wrapperspb.Bytes(b)) }

// next reads a frame; false says that the sender has left.
func (c *call) next() (r received, more bool) {
	var m wrapperspb.BytesValue
	if err := c.RecvMsg(&m); err != nil {
		return r, false
	}
	r.number, _ = binary.Uvarint(m.Value[2:])
	if err := c.decoder.Decode(m.Value, &r); err != nil {
		panic(fmt.Sprint("frame can't be read: ", err))
	}
	slices.Sort(r.spans)
	return r, true
}

// receiver serves streams by a script.
type receiver struct {
	listener *bufconn.Listener
	server   *grpc.Server
	mu       sync.Mutex
	calls    []*call
}

// script is what a receiver does with its n-th stream, from 0 on. The error
// ends the stream.
type script func(n int, c *call) error

var description = grpc.ServiceDesc{
	ServiceName: service.Name,
	HandlerType: (*any)(nil),
	Streams: []grpc.StreamDesc{{
		StreamName: service.StreamName, ServerStreams: true, ClientStreams: true,
		Handler: func(s any, stream grpc.ServerStream) error { return s.(func(grpc.ServerStream) error)(stream) },
	}},
}

func newReceiver(t testing.TB, s script) *receiver {
	r := &receiver{listener: bufconn.Listen(1 << 16), server: grpc.NewServer(grpc.MaxRecvMsgSize(service.MaxMessage))}
	if s != nil {
		r.server.RegisterService(&description, func(stream grpc.ServerStream) error { return s(r.enter(stream)) })
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = r.server.Serve(r.listener)
	}()
	t.Cleanup(func() {
		r.server.Stop()
		<-served
	})
	return r
}

func (r *receiver) enter(stream grpc.ServerStream) (int, *call) {
	md, _ := metadata.FromIncomingContext(stream.Context())
	c := &call{ServerStream: stream, at: time.Now(), decoder: wire.NewDecoder()}
	if names := md.Get(service.SenderKey); len(names) == 1 {
		c.sender = names[0]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	return len(r.calls) - 1, c
}

// streams are those so far.
func (r *receiver) streams() []*call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

func (r *receiver) dial(context.Context) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///receiver", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return r.listener.DialContext(ctx) }))
}

// options of a client whose times are round.
func (r *receiver) options() Options {
	return Options{Dial: r.dial, MaxAge: -1, Idle: -1, AnswerTimeout: 30 * time.Second, MaxPause: 15 * time.Second}
}

// shutdown ends a client that has nothing left to send.
func shutdown(t testing.TB, c *Client) {
	t.Helper()
	require.NoError(t, c.Shutdown(t.Context()))
}

// storing stores everything until the sender leaves.
func storing(c *call) error {
	for {
		r, more := c.next()
		if !more {
			return nil
		}
		c.stored(r.number)
	}
}

// start sends, and gives the error once there is one.
func start(ctx context.Context, c *Client, s wire.Source) <-chan error {
	sent := make(chan error, 1)
	go func() { sent <- c.Send(ctx, s) }()
	synctest.Wait()
	return sent
}

// waits says that a Send has not returned.
func waits(t *testing.T, sent <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-sent:
		require.Fail(t, "it has returned", "%v", err)
	default:
	}
}

func lostOf(t *testing.T, err error) *LostError {
	t.Helper()
	var lost *LostError
	require.True(t, errors.As(err, &lost), "%v", err)
	return lost
}
