package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/internal/service"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a sink that keeps what it gets, unless told otherwise.
type memory struct {
	mu        sync.Mutex
	traces    []ptrace.Traces
	intervals []callgraph.Interval
	refuse    func(ctx context.Context) error // nil: nothing is refused
}

func (m *memory) Traces(ctx context.Context, td ptrace.Traces) error {
	if err := m.ask(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.traces = append(m.traces, td)
	return nil
}

func (m *memory) Interval(ctx context.Context, i callgraph.Interval) error {
	if err := m.ask(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.intervals = append(m.intervals, i)
	return nil
}

func (m *memory) ask(ctx context.Context) error {
	if m.refuse == nil {
		return nil
	}
	return m.refuse(ctx)
}

// names are the spans' that were stored, in their order.
func (m *memory) names() (all []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, td := range m.traces {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					all = append(all, s.Name())
				}
			}
		}
	}
	return all
}

// bounded keeps the greatest amount of text that it got at once.
type bounded struct{ largest atomic.Int64 }

func (b *bounded) Traces(_ context.Context, td ptrace.Traces) error {
	size := int64((&ptrace.ProtoMarshaler{}).TracesSize(td))
	b.largest.Store(max(b.largest.Load(), size))
	return nil
}

func (b *bounded) Interval(context.Context, callgraph.Interval) error { return nil }

// receiver is a server at an address.
type receiver struct {
	*Server
	grpc    *grpc.Server
	address string
}

func serve(t testing.TB, s Sink, o Options) *receiver {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &receiver{New(s, o), grpc.NewServer(grpc.MaxRecvMsgSize(5<<20), grpc.WaitForHandlers(true)), l.Addr().String()}
	r.Register(r.grpc)
	done := make(chan error, 1)
	go func() { done <- r.grpc.Serve(l) }()
	t.Cleanup(func() {
		r.grpc.Stop()
		require.NoError(t, <-done)
		require.Zero(t, r.Stats().Streams)
		require.Zero(t, r.Stats().State)
	})
	return r
}

// peer is the sender's end of a stream.
type peer struct {
	t      testing.TB
	stream grpc.ClientStream
	cut    context.CancelFunc
}

// a, b and c are senders.
const (
	a = "0000000000000000000000000000000a"
	b = "0000000000000000000000000000000b"
	c = "0000000000000000000000000000000c"
)

// open begins a stream without awaiting the hello.
func (r *receiver) open(t testing.TB, sender string, o ...grpc.DialOption) *peer {
	return openOn(t, r.connect(t, o...), sender)
}

func (r *receiver) connect(t testing.TB, o ...grpc.DialOption) *grpc.ClientConn {
	conn, err := grpc.NewClient(r.address, append(o, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

func openOn(t testing.TB, conn *grpc.ClientConn, sender string) *peer {
	ctx, cut := context.WithTimeout(t.Context(), 5*time.Minute) // all that a test does with it, on a machine that stands still meanwhile
	t.Cleanup(cut)
	stream, err := conn.NewStream(metadata.AppendToOutgoingContext(ctx, service.SenderKey, sender), &service.Stream, service.Method)
	require.NoError(t, err)
	return &peer{t, stream, cut}
}

// begin awaits the hello, which tells that number.
func (r *receiver) begin(t testing.TB, sender string, durable uint64, o ...grpc.DialOption) *peer {
	p := r.open(t, sender, o...)
	p.stored(durable)
	return p
}

func (p *peer) send(frames ...[]byte) {
	p.t.Helper()
	for _, f := range frames {
		require.NoError(p.t, p.stream.SendMsg(bytesValue(f)))
	}
}

func bytesValue(b []byte) *wrapperspb.BytesValue { return wrapperspb.Bytes(b) }

func (p *peer) answer() wire.Control {
	p.t.Helper()
	c, err := p.next()
	require.NoError(p.t, err)
	return c
}

func (p *peer) next() (wire.Control, error) {
	var m wrapperspb.BytesValue
	if err := p.stream.RecvMsg(&m); err != nil {
		return wire.Control{}, err
	}
	c, known, err := wire.ParseControl(m.Value)
	require.NoError(p.t, err)
	require.True(p.t, known)
	return c, nil
}

func (p *peer) stored(numbers ...uint64) {
	p.t.Helper()
	for _, n := range numbers {
		require.Equal(p.t, wire.Control{Answer: wire.Stored, Number: n}, p.answer())
	}
}

func (p *peer) refused(number uint64, code wire.Code) {
	p.t.Helper()
	got := p.answer()
	require.NotEmpty(p.t, got.Why)
	got.Why = ""
	require.Equal(p.t, wire.Control{Answer: wire.Refused, Number: number, Code: code}, got)
	p.ended(codes.InvalidArgument)
}

func (p *peer) ended(want codes.Code) {
	p.t.Helper()
	_, err := p.next()
	if want == codes.OK {
		require.ErrorIs(p.t, err, io.EOF)
		return
	}
	require.Equal(p.t, want, status.Code(err), "%v", err)
}

// all reads the answers until the stream ends, as a sender may.
func (p *peer) all() (all []wire.Control) {
	for {
		c, err := p.next()
		if err != nil {
			require.Contains(p.t, []codes.Code{codes.OK, codes.InvalidArgument, codes.ResourceExhausted}, status.Code(orNil(err)), "%v", err)
			return all
		}
		all = append(all, c)
	}
}

// eventually waits for what other goroutines do.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, time.Minute, time.Millisecond, what)
}

// encoder makes one sender's frames.
type encoder struct {
	t testing.TB
	*wirepdata.Encoder
}

func newEncoder(t testing.TB) *encoder { return &encoder{t, wirepdata.NewEncoder()} }

// spans makes a frame of spans of those names.
func (e *encoder) spans(names ...string) []byte { return e.frame(traceOf(names...)) }

func (e *encoder) frame(td ptrace.Traces) []byte {
	frames, err := e.Encode(td)
	require.NoError(e.t, err)
	require.Len(e.t, frames, 1)
	return frames[0].Bytes
}

func (e *encoder) interval(i callgraph.Interval) []byte {
	f, err := e.EncodeInterval(i)
	require.NoError(e.t, err)
	return f.Bytes
}

func traceOf(names ...string) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for i, name := range names {
		s := spans.AppendEmpty()
		s.SetName(name)
		s.SetTraceID(pcommon.TraceID{1})
		s.SetSpanID(pcommon.SpanID{byte(i + 1)})
		s.SetStartTimestamp(pcommon.Timestamp(i + 1))
	}
	return td
}

// large makes a frame of about so many bytes.
func (e *encoder) large(size int) []byte {
	td := traceOf("large")
	attributes := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
	for i := range size / 1000 {
		attributes.PutStr(fmt.Sprint("key ", i), noise(i, 1000))
	}
	return e.frame(td)
}

// noise is text that does not get smaller.
func noise(seed, size int) string {
	b := make([]byte, size)
	x := uint64(seed)*2 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 32)
	}
	return string(b)
}

func oneInterval() callgraph.Interval {
	return callgraph.Interval{Instance: "\x00\x00cart\x001", Number: 7, Cells: []callgraph.Cell{
		{CellKey: callgraph.CellKey{Edge: callgraph.Edge{Caller: callgraph.Operation{Name: "GET /"}}, Bucket: callgraph.Bucket{Start: 10, Width: 10}}, ServerOnly: 1},
		{CellKey: callgraph.CellKey{Edge: callgraph.Edge{Caller: callgraph.Operation{Name: "GET /cart"}}, Bucket: callgraph.Bucket{Start: 10, Width: 10}}, ServerOnly: 2},
	}}
}
