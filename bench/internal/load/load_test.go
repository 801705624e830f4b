package load

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/internal/freshid"
)

// random draws a request whose spans have all fields that are replaced.
func random(t *rapid.T) ptrace.Traces {
	td := ptrace.NewTraces()
	for range rapid.IntRange(0, 3).Draw(t, "resources") {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", rapid.StringN(0, 200, -1).Draw(t, "service"))
		ss := rs.ScopeSpans().AppendEmpty()
		for range rapid.IntRange(0, 4).Draw(t, "spans") {
			randomSpan(t, ss.Spans().AppendEmpty())
		}
	}
	return td
}

func randomSpan(t *rapid.T, s ptrace.Span) {
	s.SetName(rapid.StringN(0, 200, -1).Draw(t, "name"))
	s.SetTraceID(pcommon.TraceID{rapid.ByteMin(1).Draw(t, "trace")})
	s.SetSpanID(pcommon.SpanID{rapid.ByteMin(1).Draw(t, "span")})
	s.SetParentSpanID(pcommon.SpanID{rapid.Byte().Draw(t, "parent")})
	s.SetStartTimestamp(pcommon.Timestamp(rapid.Uint64Range(0, 1e18).Draw(t, "start")))
	s.SetEndTimestamp(pcommon.Timestamp(rapid.Uint64Range(0, 1e18).Draw(t, "end")))
	for range rapid.IntRange(0, 2).Draw(t, "events") {
		e := s.Events().AppendEmpty()
		e.SetTimestamp(s.StartTimestamp())
		e.Attributes().PutStr("k", "v")
	}
	for range rapid.IntRange(0, 2).Draw(t, "links") {
		l := s.Links().AppendEmpty()
		l.SetTraceID(s.TraceID())
		l.SetSpanID(s.ParentSpanID())
	}
}

// rewrite does to decoded spans what Request does to encoded ones.
func rewrite(td ptrace.Traces, v Variant) {
	shift := func(t pcommon.Timestamp) pcommon.Timestamp {
		if t == 0 {
			return 0
		}
		return t + pcommon.Timestamp(v.Shift)
	}
	for _, s := range spans(td) {
		s.SetTraceID(v.IDs.TraceID(s.TraceID()))
		s.SetSpanID(v.IDs.SpanID(s.SpanID()))
		s.SetParentSpanID(v.IDs.SpanID(s.ParentSpanID()))
		s.SetStartTimestamp(shift(s.StartTimestamp()))
		s.SetEndTimestamp(shift(s.EndTimestamp()))
		for _, e := range s.Events().All() {
			e.SetTimestamp(shift(e.Timestamp()))
		}
		for _, l := range s.Links().All() {
			l.SetTraceID(v.IDs.TraceID(l.TraceID()))
			l.SetSpanID(v.IDs.SpanID(l.SpanID()))
		}
	}
}

func TestReplacesInEncodedBytesWhatItWouldInSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		td := random(t)
		v := Variant{freshid.Generation(rapid.Uint64().Draw(t, "generation")), time.Duration(rapid.Int64Range(0, 1e18).Draw(t, "shift"))}
		template, err := NewTemplate(td)
		require.NoError(t, err)
		rewrite(td, v)
		want, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
		require.NoError(t, err)
		require.Equal(t, want, template.Request(v))
		n := 0
		for trace, span := range template.Identities(v) {
			s := at(td, n)
			require.Equal(t, [16]byte(s.TraceID()), trace)
			require.Equal(t, [8]byte(s.SpanID()), span)
			n++
		}
		require.Equal(t, td.SpanCount(), n)
	})
}

func at(td ptrace.Traces, n int) (found ptrace.Span) {
	for _, s := range spans(td) {
		if n == 0 {
			return s
		}
		n--
	}
	return found
}

// recording has n spans in requests of ten.
func recording(t *testing.T, n int) Recording {
	td := ptrace.NewTraces()
	out := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := out.AppendEmpty()
		s.SetTraceID([16]byte{1, byte(i)})
		s.SetSpanID([8]byte{1, byte(i)})
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Unix(1_700_000_000, 0)))
	}
	var r Recording
	traces := map[pcommon.TraceID]struct{}{}
	for request, err := range requests(func(yield func(ptrace.Traces, error) bool) { yield(td, nil) }, 10) {
		require.NoError(t, err)
		require.NoError(t, r.add(request, traces))
	}
	r.Traces = len(traces)
	return r
}

// server keeps what it acknowledges; refuse judges the nth request.
type server struct {
	ptraceotlp.UnimplementedGRPCServer
	refuse func(n int) error

	mu    sync.Mutex
	n     int
	taken []ptrace.Traces
}

func (s *server) Export(_ context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if s.refuse != nil {
		if err := s.refuse(s.n); err != nil {
			return ptraceotlp.NewExportResponse(), err
		}
	}
	s.taken = append(s.taken, r.Traces())
	return ptraceotlp.NewExportResponse(), nil
}

// Arrived makes the server a storage.SpanLog.
func (s *server) Arrived(_ context.Context, _ time.Time, yield func(time.Time, ptrace.Traces) error) error {
	for _, td := range s.taken {
		if err := yield(time.Time{}, td); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) listen(t *testing.T) *Client {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(g, s)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	c, err := Dial(listener.Addr().String(), 2)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Close())
		g.Stop()
		require.NoError(t, <-served)
	})
	return c
}

func TestClosedSendsUntilAllIsAcknowledged(t *testing.T) {
	s := server{refuse: func(n int) error {
		if n%3 == 0 {
			return status.Error(codes.Unavailable, "busy")
		}
		return nil
	}}
	r := recording(t, 25)
	require.Len(t, r.Templates, 3)
	o, err := r.Closed(t.Context(), s.listen(t), 4, 3, r.Now)
	require.NoError(t, err)
	require.Equal(t, 100, o.Spans)
	require.Positive(t, o.Refusals[codes.Unavailable])
	stored, err := ReadStored(t.Context(), &s)
	require.NoError(t, err)
	require.Equal(t, 100, stored.Rows)
	require.Len(t, stored.spans, 100, "fresh IDs each time")
	require.Zero(t, r.Missing(o, stored))
}

func TestClosedStopsAtAnErrorForGood(t *testing.T) {
	s := server{refuse: func(int) error { return status.Error(codes.InvalidArgument, "bad") }}
	r := recording(t, 25)
	_, err := r.Closed(t.Context(), s.listen(t), 4, 3, r.Now)
	require.ErrorContains(t, err, "bad")
}

func TestMissingFindsWhatIsNotStored(t *testing.T) {
	var s server
	r := recording(t, 20)
	o, err := r.Closed(t.Context(), s.listen(t), 1, 1, r.Now)
	require.NoError(t, err)
	s.taken = s.taken[1:]
	stored, err := ReadStored(t.Context(), &s)
	require.NoError(t, err)
	require.Equal(t, 10, r.Missing(o, stored))
}

func TestOpenDoesNotSendAgain(t *testing.T) {
	s := server{refuse: func(n int) error {
		if n > 1 {
			return status.Error(codes.Unavailable, "busy")
		}
		return nil
	}}
	r := recording(t, 10)
	o := r.Open(t.Context(), s.listen(t), 1000, 50*time.Millisecond, 64, r.Now)
	require.Equal(t, 10, o.Spans)
	require.Len(t, o.Acknowledged, 1)
	require.Equal(t, 5, 1+o.Refusals[codes.Unavailable]+o.Unsent, "5 requests of 10 spans are due")
}

func TestWithinSpreadsRepetitions(t *testing.T) {
	r := Recording{Newest: time.Now()}
	shift := r.Within(time.Hour, 3)
	require.InDelta(t, -time.Hour, shift(0), 1e9)
	require.InDelta(t, -30*time.Minute, shift(1), 1e9)
	require.InDelta(t, 0, shift(2), 1e9)
}

func TestReadsTheDemoShop(t *testing.T) {
	if os.Getenv(EnvTraces) == "" {
		_, err := Files(nil)
		require.ErrorContains(t, err, EnvTraces)
		t.Skip("JCG_TRACES is not set: no real traces to read")
	}
	files, err := Files(nil)
	require.NoError(t, err)
	r, err := Read(files, 512)
	require.NoError(t, err)
	require.Equal(t, 64151, r.Spans)
	require.Equal(t, 13211, r.Traces)
	for _, template := range r.Templates[:len(r.Templates)-1] {
		require.Equal(t, 512, template.Spans)
	}
}
