package storagetest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/storage"
)

func repeatCases() []contractCase {
	return []contractCase{
		{"repeated/an equal request is stored once", repeatedOnce},
		{"repeated/other spans, content or order is another request", repeatedOther},
		{"repeated/nothing that can be stored is not repeated", repeatedNothing},
		{"repeated/one of equal requests at a time is stored", repeatedConcurrently},
		{"repeated/a write that failed was none", repeatedAfterFailure},
	}
}

// writes writes a request and says whether it was repeated.
func writes(t *testing.T, b storage.SpanWriter, td ptrace.Traces) (repeated bool) {
	t.Helper()
	repeated, err := b.WriteSpans(t.Context(), td)
	require.NoError(t, err)
	return repeated
}

// twoSpans are built anew each time, as a sender's request is decoded anew.
func twoSpans(s *subject) ptrace.Traces {
	return traces(s.base, span{trace: 1, id: 1, name: "one"}, span{trace: 2, id: 2, name: "two"})
}

func repeatedOnce(t *testing.T, s *subject) {
	require.False(t, writes(t, s, twoSpans(s)))
	for range 3 {
		require.True(t, writes(t, s, twoSpans(s)))
	}
	requireArrived(t, s, twoSpans(s))
}

// requireArrived fails unless the log has just these spans, each once.
func requireArrived(t *testing.T, s *subject, want ptrace.Traces) {
	t.Helper()
	requireSame(t, want, joined(arrived(t, s, time.Time{})))
}

func repeatedOther(t *testing.T, s *subject) {
	require.False(t, writes(t, s, twoSpans(s)))
	one, two := span{trace: 1, id: 1, name: "one"}, span{trace: 2, id: 2, name: "two"}
	other := two
	other.attributes = map[string]any{"attempt": int64(2)}
	for name, spans := range map[string][]span{
		"order":   {two, one},
		"more":    {one, two, {trace: 3, id: 3}},
		"less":    {one},
		"content": {one, other},
	} {
		require.False(t, writes(t, s, traces(s.base, spans...)), name)
		require.True(t, writes(t, s, traces(s.base, spans...)), name)
	}
	require.True(t, writes(t, s, twoSpans(s)), "others came in between")
}

func repeatedNothing(t *testing.T, s *subject) {
	for range 2 {
		require.False(t, writes(t, s, ptrace.NewTraces()))
		require.False(t, writes(t, s, traces(s.base, span{trace: 1})), "without a span ID")
	}
}

// repeatedConcurrently also holds that a repeated request is not acknowledged
// before its spans can be read.
func repeatedConcurrently(t *testing.T, s *subject) {
	var stored atomic.Int64
	inParallel(t, func(int) error {
		for r := range requestsPerWriter {
			repeated, err := s.WriteSpans(t.Context(), traces(s.base, concurrentSpan(0, r)))
			if err == nil && !repeated {
				stored.Add(1)
			}
			if err == nil {
				_, err = s.Trace(t.Context(), traceID(r+1))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	require.EqualValues(t, requestsPerWriter, stored.Load())
	want := ptrace.NewTraces()
	for r := range requestsPerWriter {
		concurrentSpan(0, r).appendTo(want, s.base)
	}
	requireArrived(t, s, want)
}

func repeatedAfterFailure(t *testing.T, s *subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	repeated, err := s.WriteSpans(ctx, twoSpans(s))
	require.False(t, repeated)
	require.Equal(t, err == nil, writes(t, s, twoSpans(s)))
	requireArrived(t, s, twoSpans(s))
}

func reopenedRepeats(t *testing.T, s *subject) {
	require.False(t, writes(t, s, twoSpans(s)))
	for range 2 {
		s.restart(t)
		require.True(t, writes(t, s, twoSpans(s)))
	}
	requireArrived(t, s, twoSpans(s))
}
