package e2e

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

// failedAt is one instant for all runs of the collector: what is sent again must
// be equal, and evidence of days long gone is dropped once a minute.
var failedAt = time.Now().Add(-time.Minute)

// failure is a local trace that says it is whole: pay fails, and ship is called
// all the same.
func failure(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := service(td, "shop")
	for i, name := range []string{"POST /order", "pay", "ship"} {
		s := spans.AppendEmpty()
		s.SetTraceID(failureID(n))
		s.SetSpanID(pcommon.SpanID{7: byte(i + 1)})
		s.SetName(name)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(failedAt.Add(time.Duration(i) * 10 * time.Millisecond)))
		s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(5*time.Millisecond))
		s.TraceState().FromRaw("ot=th:0")
		if i > 0 {
			s.SetKind(ptrace.SpanKindClient)
			s.SetParentSpanID(pcommon.SpanID{7: 1})
			s.Attributes().PutStr("peer.service", name)
		}
	}
	root := spans.At(0)
	root.SetKind(ptrace.SpanKindServer)
	root.SetEndTimestamp(pcommon.NewTimestampFromTime(failedAt.Add(time.Second)))
	root.Attributes().PutInt(callgraph.AttributeLocalSpans, 3)
	root.Attributes().PutInt(callgraph.AttributeLocalDropped, 0)
	root.Attributes().PutStr(callgraph.AttributeHeadThreshold, "0")
	spans.At(1).Status().SetCode(ptrace.StatusCodeError)
	return td
}

func failureID(n int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:], uint64(n+1))
	id[15] = 1
	return id
}

// TestEvidenceIsCountedOnceOverCrashes kills the collector, sends all again that it
// had acknowledged, and kills it under load.
func TestEvidenceIsCountedOnceOverCrashes(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	r := start(t, store)
	const wave = 50
	for run := range 3 {
		export := r.exporter(t)
		for n := range run*wave + wave { // what earlier runs acknowledged, too
			require.NoError(t, export(t.Context(), failure(n)))
		}
		r.Eventually("evidence to be written", r.written(wave))
		r.Stop(syscall.SIGKILL)
		require.EqualValues(t, run*wave+wave, failuresIn(t, store))
		r = r.restart()
	}
	export := r.exporter(t)
	sent := make(chan int)
	go func() {
		n := 3 * wave
		for export(context.WithoutCancel(t.Context()), failure(n)) == nil {
			n++
		}
		sent <- n
	}()
	r.Eventually("some to be written", r.written(3*wave))
	r.Stop(syscall.SIGKILL)
	acknowledged := <-sent
	r = r.restart()
	export = r.exporter(t)
	for n := range acknowledged + 1 {
		require.NoError(t, export(t.Context(), failure(n)))
	}
	require.NoError(t, export(t.Context(), failure(acknowledged+1)))
	r.Eventually("the last one to be written", r.written(1))
	r.Stop(syscall.SIGTERM)
	got := failuresIn(t, store)
	t.Logf("%d of %d", got, acknowledged+2)
	require.LessOrEqual(t, got, uint64(acknowledged+2), "counted twice")
	require.Greater(t, got, uint64(6*wave))
}

// written checks that so many local traces were judged in this run, and that
// evidence was written since.
func (r *run) written(least float64) func(context.Context) error {
	since := -1.0
	return func(ctx context.Context) error {
		judged, err := r.Metric(ctx, "jcallgraph_dependency_traces_judged")
		if err != nil {
			return err
		}
		flushes, err := r.Metric(ctx, "jcallgraph_dependency_flushes")
		if err != nil || judged < least {
			return errors.Join(err, fmt.Errorf("%v local traces were judged", judged))
		}
		if since < 0 {
			since = flushes
		}
		if flushes < since+1+dependency.Turns { // one may have been under way
			return fmt.Errorf("%v flushes, %v before", flushes, since)
		}
		return nil
	}
}

// failuresIn counts the failures of pay in the store of a collector that is gone.
func failuresIn(t *testing.T, folder string) (n uint64) {
	t.Helper()
	s, err := pebble.Open(pebble.Options{Directory: folder})
	require.NoError(t, err)
	err = s.Evidence(t.Context(), storage.EvidenceQuery{ToDay: 1 << 40}, func(records []strength.Record) error {
		for _, r := range records {
			if r.Site.Callee.Operation == "pay" {
				n += r.Evidence.Failed[strength.Error].Seen
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return n
}
