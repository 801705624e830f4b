package e2e

import (
	"context"
	"fmt"
	"maps"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestKillUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	endUnderLoad(t, syscall.SIGKILL)
}

func TestTerminateUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	r := endUnderLoad(t, syscall.SIGTERM)
	require.Zero(t, r.Code, "exit code after SIGTERM")
}

// endUnderLoad ends the collector twice under load. All that was acknowledged
// must be there afterwards, and what the client sent again must count once.
func endUnderLoad(t *testing.T, s syscall.Signal) *run {
	first := start(t, t.TempDir(), patient(t)...)
	l := newLoad(t, first)
	l.until(t.Context(), func() { l.acknowledged(t, 300); first.Stop(s) })

	second := first.restart()
	requireStored(t, second, l)
	l.connect(t, second)
	l.until(t.Context(), func() { l.acknowledged(t, 300); second.Stop(s) })

	third := second.restart()
	l.connect(t, third)
	l.finish(t)
	requireStored(t, third, l)
	requireCounted(t, third, l)
	return first
}

// Buckets that closed before a crash must not be counted again, those that were
// open must, and calls for a closed one open it again. What is repeated when all
// has been forgotten but what the store knows must not be counted either.
func TestCrashesWhileBucketsCloseCountEveryCallOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for buckets to close: some 80 s")
	}
	overlay := file(t, "connectors: {call_graph: {pairing_window: 10s, open_time: 30s}}")
	r := start(t, t.TempDir(), "--config", "builtin:all-in-one", "--config", overlay)
	l := newLoad(t, r)
	begin := time.Now()
	l.times = func(number int) time.Time { return begin.Add(time.Duration(number%4) * 10 * time.Second) }
	for wave := range 3 {
		l.until(t.Context(), func() { l.acknowledged(t, 50) })
		if wave < 2 {
			l.finish(t)
			r.Eventually("every call to be counted", r.counted(l))
			r.awaitFinal(t)
			l.until(t.Context(), func() { l.acknowledged(t, 10) })
		}
		l.until(t.Context(), func() { l.acknowledged(t, 10); r.Stop(syscall.SIGKILL) })
		r = r.restart()
		l.connect(t, r)
		l.finish(t)
	}
	l.again(t) // a crash after this would hide what was counted and not stored
	requireStored(t, r, l)
	requireCounted(t, r, l)
}

// awaitFinal waits until what was counted will not be counted again by another
// run: buckets have closed, and were written since.
func (r *run) awaitFinal(t *testing.T) {
	t.Helper()
	asked := 0
	r.Eventually("all buckets to close", func(ctx context.Context) error {
		open, err := r.Metric(ctx, "jcallgraph_callgraph_buckets_open")
		if asked++; err != nil || open > 0 {
			asked = 0
		}
		if err == nil && asked < 50 {
			err = fmt.Errorf("%v buckets were open %d times ago", open, asked)
		}
		return err
	})
}

// requireStored reads traces back of what was acknowledged: the latest, which
// a crash could have cut off, and some of all the others.
func requireStored(t *testing.T, r *run, l *load) {
	t.Helper()
	const latest, others = 2 * senders, 50
	for i, req := range l.acked {
		fromEnd := len(l.acked) - i
		if req.last || fromEnd > latest && i%max(1, len(l.acked)/others) != 0 {
			continue
		}
		for call := range callsPerRequest {
			id := traceID(req.number, call)
			td, err := r.Trace(t.Context(), id)
			require.NoErrorf(t, err, "request %d of %d acknowledged", i, len(l.acked))
			require.Contains(t, spansOf(td), pcommon.SpanID{7: 1})
			require.Len(t, spansOf(td), td.SpanCount(), "a span is there twice")
		}
	}
}

// requireCounted compares the edges with the recount of what was acknowledged.
// A call sent last, to another service, shows that nothing is still to come.
func requireCounted(t *testing.T, r *run, l *load) {
	t.Helper()
	counted := r.counted(l)
	r.Eventually("every call to be counted", counted)
	r.send(t, markerCall())
	r.Eventually("the last call to be counted", func(ctx context.Context) error {
		got, err := r.CallsFrom(ctx, "web")
		if err == nil && got["marker"] != 1 {
			err = fmt.Errorf("calls are %v", got)
		}
		return err
	})
	require.NoError(t, counted(t.Context()), "counted twice")
}

// counted checks whether the edges are the recount of what was acknowledged.
func (r *run) counted(l *load) func(context.Context) error {
	want := l.calls()
	return func(ctx context.Context) error {
		got, err := r.CallsFrom(ctx, "web")
		if err != nil {
			return err
		}
		delete(got, "marker")
		if !maps.Equal(got, want) {
			return fmt.Errorf("calls are %v, must be %v", got, want)
		}
		return nil
	}
}

func markerCall() ptrace.Traces {
	td := ptrace.NewTraces()
	r := request{start: time.Now()}
	r.span(service(td, "web"), 1<<30, 0, 1).SetKind(ptrace.SpanKindClient)
	s := r.span(service(td, "marker"), 1<<30, 0, 2)
	s.SetKind(ptrace.SpanKindServer)
	s.SetParentSpanID(pcommon.SpanID{7: 1})
	return td
}
