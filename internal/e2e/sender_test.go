package e2e

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// callsPerRequest and senders are the load: enough that a crash hits writes in
// flight, flushes and buckets.
const (
	callsPerRequest = 20
	senders         = 8
)

// patient has the halves of a call wait for each other. A server half that comes
// first waits for the pairing window only, and the client half may be sent again
// once a busy machine has started the collector anew, or its network is back.
func patient(t *testing.T) []string {
	t.Helper()
	return []string{"--config", "builtin:all-in-one", "--config", file(t, "connectors: {call_graph: {pairing_window: 1m, open_time: 3m}}")}
}

// request carries the client halves of one set of calls and the server halves
// of the set before: what a crash cuts apart must find together again. Each
// call is a trace of its own.
type request struct {
	number int
	start  time.Time
	first  bool // no server halves
	last   bool // no client halves
}

// callees are the services that web calls, set by set in turn.
var callees = []string{"cart", "catalogue", "payment"}

func calleeOf(set int) string { return callees[set%len(callees)] }

// traceID is one that no other call has; its spans are 1 (client), 2 (server).
func traceID(set, call int) pcommon.TraceID {
	var id pcommon.TraceID
	binary.BigEndian.PutUint64(id[:8], 0xe2e)
	binary.BigEndian.PutUint32(id[8:12], uint32(set+1))
	binary.BigEndian.PutUint32(id[12:], uint32(call+1))
	return id
}

func (r request) traces() ptrace.Traces {
	td := ptrace.NewTraces()
	if !r.last {
		clients := service(td, "web")
		for call := range callsPerRequest {
			r.span(clients, r.number, call, 1).SetKind(ptrace.SpanKindClient)
		}
	}
	if !r.first {
		servers := service(td, calleeOf(r.number-1))
		for call := range callsPerRequest {
			s := r.span(servers, r.number-1, call, 2)
			s.SetKind(ptrace.SpanKindServer)
			s.SetParentSpanID(pcommon.SpanID{7: 1})
		}
	}
	return td
}

func (r request) span(to ptrace.SpanSlice, set, call int, id byte) ptrace.Span {
	s := to.AppendEmpty()
	s.SetTraceID(traceID(set, call))
	s.SetSpanID(pcommon.SpanID{7: id})
	s.SetName("GET /item")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(r.start))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(r.start.Add(5 * time.Millisecond)))
	return s
}

func service(td ptrace.Traces, name string) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", name)
	return rs.ScopeSpans().AppendEmpty().Spans()
}

// load sends requests and remembers which were acknowledged.
type load struct {
	export func(context.Context, ptrace.Traces) error // nil: acknowledged

	times func(number int) time.Time // event time of a request; now

	mu       sync.Mutex
	next     int
	begun    int             // number of the first request since the start or since finish
	open     map[int]request // not acknowledged
	acked    []request
	progress chan struct{} // one token an acknowledgement, never blocking
}

func newLoad(t *testing.T, r *run) *load {
	t.Helper()
	return loadBy(r.exporter(t))
}

func loadBy(export func(context.Context, ptrace.Traces) error) *load {
	return &load{
		export: export, times: func(int) time.Time { return time.Now() },
		open: map[int]request{}, progress: make(chan struct{}, 1),
	}
}

// connect goes on with another run of the collector.
func (l *load) connect(t *testing.T, r *run) {
	t.Helper()
	l.export = r.exporter(t)
}

// until runs the load while f runs; an error ends a sender, its request stays
// open.
func (l *load) until(ctx context.Context, f func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for ctx.Err() == nil && l.send(ctx, l.take()) == nil {
			}
		})
	}
	f()
	cancel()
	wg.Wait()
}

func (l *load) take() request {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := request{number: l.next, start: l.times(l.next), first: l.next == l.begun}
	l.next++
	l.open[r.number] = r
	return r
}

func (l *load) send(ctx context.Context, r request) error {
	if err := l.export(ctx, r.traces()); err != nil {
		return err
	}
	l.mu.Lock()
	delete(l.open, r.number)
	l.acked = append(l.acked, r)
	l.mu.Unlock()
	select {
	case l.progress <- struct{}{}:
	default:
	}
	return nil
}

// acknowledged waits until n more requests were.
func (l *load) acknowledged(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(collectortest.Patience)
	for target := l.count() + n; l.count() < target; {
		select {
		case <-l.progress:
		case <-deadline:
			require.Failf(t, "time is up", "%d requests acknowledged of %d", l.count(), target)
		}
	}
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// finish sends what was never acknowledged, as a client that retries does, and
// the last set's server halves: no call is left with one half.
func (l *load) finish(t *testing.T) {
	t.Helper()
	for _, r := range slices.Collect(maps.Values(l.open)) {
		require.NoError(t, l.send(t.Context(), r))
	}
	require.NoError(t, l.send(t.Context(), request{number: l.next, start: l.times(l.next - 1), last: true}))
	l.next++
	l.begun = l.next
}

// again repeats what was acknowledged, before and after the last crash, as
// clients do that never got the acknowledgement.
func (l *load) again(t *testing.T) {
	t.Helper()
	for _, r := range l.acked {
		require.NoError(t, l.export(t.Context(), r.traces()))
	}
}

// calls is how many calls were acknowledged, by callee.
func (l *load) calls() map[string]uint64 {
	calls := map[string]uint64{}
	for _, r := range l.acked {
		if !r.last {
			calls[calleeOf(r.number)] += callsPerRequest
		}
	}
	return calls
}

// send exports one request and requires its acknowledgement.
func (r *run) send(t *testing.T, td ptrace.Traces) {
	t.Helper()
	require.NoError(t, r.export(t, td))
}

func (r *run) export(t *testing.T, td ptrace.Traces) error {
	t.Helper()
	return r.exporter(t)(t.Context(), td)
}

// exporter sends by OTLP.
func (r *run) exporter(t *testing.T) func(context.Context, ptrace.Traces) error {
	t.Helper()
	conn, err := grpc.NewClient(r.Address(portGRPC), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	client := ptraceotlp.NewGRPCClient(conn)
	return func(ctx context.Context, td ptrace.Traces) error {
		_, err := client.Export(ctx, ptraceotlp.NewExportRequestFromTraces(td))
		return err
	}
}
