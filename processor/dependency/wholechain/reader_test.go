package wholechain

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// store has one chain, and counts how often each trace is read.
type store struct {
	td   ptrace.Traces
	read map[traceID]int
	fail bool
}

func (s *store) Trace(_ context.Context, id pcommon.TraceID) (ptrace.Traces, error) {
	s.read[id]++
	if s.fail {
		return ptrace.Traces{}, errors.New("down")
	}
	return s.td, nil
}

const weak = `
shop server "POST /order" 0-100 jcg.local.spans=3 jcg.local.dropped=0 state=ot=th:0 jcg.head_th=1
  shop client pay 20-30 peer.service=pay status=error
  shop client ship 40-50 db.system.name=x`

func newStore(t *testing.T) *store {
	return &store{td: treescript.Parse(t, weak).Traces(-1), read: map[traceID]int{}}
}

var begin = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

func trace(n int) traceID { return traceID{byte(n >> 16), byte(n >> 8), byte(n)} }

func sampled(n int, entrance, failed bool) localtrace.Judged {
	return localtrace.Judged{
		TraceID: trace(n),
		Head:    localtrace.Head{Sampling: localtrace.Sampled, Threshold: 1}, Entrance: entrance, Failed: failed,
	}
}

func failures(records []strength.Record) (n uint64) {
	for _, r := range records {
		for _, f := range r.Evidence.ChainFailed {
			n += f.Seen
		}
	}
	return n
}

func TestAChainIsReadOnceWhenItIsQuiet(t *testing.T) {
	s := newStore(t)
	r := New(s, Options{})
	run := func(after time.Duration) uint64 { return failures(r.Run(t.Context(), begin.Add(after))) }
	require.Zero(t, run(0))
	r.Note(sampled(1, false, true), begin)
	r.Note(sampled(1, true, false), begin.Add(20*time.Second))
	require.Zero(t, run(30*time.Second), "something came 10 s ago")
	require.Empty(t, s.read)
	require.EqualValues(t, 1, run(60*time.Second))
	r.Note(sampled(1, true, true), begin.Add(61*time.Second))
	require.Zero(t, run(10*time.Minute))
	require.Equal(t, map[traceID]int{trace(1): 1}, s.read)
	stats := r.Stats()
	require.EqualValues(t, 1, stats.Read)
	require.Zero(t, stats.Waiting)
}

func TestWhoDidNotJudgeTheEntranceDoesNotRead(t *testing.T) {
	s := newStore(t)
	r := New(s, Options{})
	r.Run(t.Context(), begin)
	r.Note(sampled(1, false, true), begin)
	for second := range 600 {
		require.Empty(t, r.Run(t.Context(), begin.Add(time.Duration(second)*time.Second)))
	}
	require.Empty(t, s.read)
	require.EqualValues(t, 1, r.Stats().Refused[NoEntrance])
	require.Zero(t, r.Stats().Waiting)
}

func TestWhatIsNoFairSampleIsNotRead(t *testing.T) {
	s := newStore(t)
	r := New(s, Options{})
	r.Run(t.Context(), begin)
	for n, h := range []localtrace.Sampling{localtrace.Unsampled, localtrace.Unstated} {
		j := sampled(n, true, true)
		j.Head.Sampling = h
		r.Note(sampled(n, false, true), begin)
		r.Note(j, begin)
	}
	require.Empty(t, r.Run(t.Context(), begin.Add(time.Minute)))
	require.Empty(t, s.read)
	require.EqualValues(t, 2, r.Stats().Refused[NotSampled])
}

func TestChainsThatCannotBeReadAreCounted(t *testing.T) {
	s := newStore(t)
	s.fail = true
	r := New(s, Options{})
	r.Run(t.Context(), begin)
	r.Note(sampled(1, true, true), begin)
	require.Empty(t, r.Run(t.Context(), begin.Add(time.Minute)))
	require.EqualValues(t, 1, r.Stats().Refused[Gone])
}

func TestReadingAndWaitingAreBounded(t *testing.T) {
	s := newStore(t)
	r := New(s, Options{Rate: 1, MaxWaiting: 50})
	r.Run(t.Context(), begin)
	for n := range 60 {
		r.Note(sampled(n, true, true), begin)
	}
	require.EqualValues(t, 10, r.Stats().Overflow)
	read := 0
	for second := range 10 {
		read += int(failures(r.Run(t.Context(), begin.Add(time.Minute+time.Duration(second)*time.Second))))
		require.LessOrEqual(t, read, 10+2*second)
	}
	require.Equal(t, 28, read)
}

// TestChoiceIsByTraceAndSeldomEnough: all local traces of a trace are chosen or
// none, about as many traces a second as the rate says.
func TestChoiceIsByTraceAndSeldomEnough(t *testing.T) {
	s := newStore(t)
	r := New(s, Options{Rate: 20})
	now := begin
	for second := range 60 {
		for n := range 1000 {
			for i := range 3 {
				r.Note(sampled(second*1000+n, i == 2, false), now)
			}
			now = now.Add(time.Millisecond)
		}
	}
	waiting := r.Stats().Waiting
	require.LessOrEqual(t, waiting, 2*60*20)
	require.Greater(t, waiting, 60*5)
	for at := range r.queue.waiting {
		require.True(t, r.queue.waiting[at].Value.(*entry).entrance)
	}
}
