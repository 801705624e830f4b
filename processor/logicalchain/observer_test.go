package logicalchain

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

var epoch = time.Unix(1_700_000_000, 0)

// order is one span of a trace, with an order's number.
func order(trace uint64, start int64, numbers ...any) ptrace.Traces {
	_, s := spanOf("order", numbers)
	var id pcommon.TraceID
	binary.BigEndian.PutUint64(id[:], trace)
	s.SetTraceID(id)
	s.SetStartTimestamp(pcommon.Timestamp(start))
	return traces(s)
}

func observer(t require.TestingT) *Observer {
	return NewObserver(mustRules(t, Rule{Kind: "order", Attributes: []string{"order"}}), false)
}

func TestWhatWasWrittenIsNotToldAgainSoon(t *testing.T) {
	o := observer(t)
	at := epoch
	take := func(start int64) []callgraph.Sighting { return o.Take(order(1, start, "A"), at).Sightings }

	lost := take(100)
	require.Len(t, lost, 1)
	require.Equal(t, lost, take(100), "told until it is written")
	o.Written(lost)
	require.Empty(t, take(100))
	require.Empty(t, take(101))

	earlier := take(99)
	require.EqualValues(t, 99, earlier[0].Start.UnixNano(), "the earlier start is news")
	o.Written(earlier)
	o.Written(lost) // late
	require.Empty(t, take(99))

	at = at.Add(recentAge)
	require.Empty(t, take(99), "one generation back")
	at = at.Add(recentAge)
	require.Len(t, take(99), 1, "the store hears that the chain goes on")
}

// The last instant that a sighting can name is what stands for none.
func TestTheLastInstantIsToldUntilItIsWritten(t *testing.T) {
	o := observer(t)
	for range 3 {
		require.Len(t, o.Take(order(1, math.MaxInt64, "A"), epoch).Sightings, 1)
	}
}

func TestSpansWithoutAnIDOrAStart(t *testing.T) {
	o := observer(t)
	require.Empty(t, o.Take(order(0, 1, "A"), epoch).Sightings, "no store keeps that span")
	got := o.Take(order(1, 0, "A"), epoch).Sightings
	require.Equal(t, epoch.UnixNano(), got[0].Start.UnixNano(), "no chain begins in 1970")
}

func TestATraceHasABoundOfKeys(t *testing.T) {
	o := observer(t)
	sightings, crowded := 0, int64(0)
	for i := range storage.MaxTraceKeys/8 + 5 {
		numbers := make([]any, 8)
		for n := range numbers {
			numbers[n] = fmt.Sprint("n", i, "-", n)
		}
		taken := o.Take(order(1, 1, numbers...), epoch)
		sightings += len(taken.Sightings)
		crowded += taken.Refused[Crowded]
	}
	require.Equal(t, storage.MaxTraceKeys, sightings)
	require.EqualValues(t, 5*8, crowded)
	require.Len(t, o.Take(order(1, 1, "n0-0"), epoch).Sightings, 1, "not yet written: told again")
	require.Len(t, o.Take(order(2, 1, "n0-0"), epoch).Sightings, 1, "other traces go on")
}

// TestSightingsAreOnesThatAStoreTakes: one that none takes would have its
// request repeated for ever.
func TestSightingsAreOnesThatAStoreTakes(t *testing.T) {
	for _, length := range []int{callgraph.MaxKeyEnvironment, callgraph.MaxKeyEnvironment + 1} {
		td := order(1, 1, "A")
		td.ResourceSpans().At(0).Resource().Attributes().PutStr(callgraph.EnvironmentKey, strings.Repeat("e", length))
		taken := observer(t).Take(td, epoch)
		require.NoError(t, storage.ValidateSightings(taken.Sightings))
		require.EqualValues(t, 1, int64(len(taken.Sightings))+taken.Refused[Long])
	}
}

func TestRecentIsBounded(t *testing.T) {
	const limit, traces = 100, 310
	o := observer(t)
	o.recent = newRecent(limit)
	evicted := int64(0)
	for trace := range uint64(traces) {
		taken := o.Take(order(trace+1, 1, "A"), epoch)
		o.Written(taken.Sightings)
		evicted += taken.Evicted
	}
	require.LessOrEqual(t, o.recent.now.size+o.recent.before.size, 2*limit)
	require.Len(t, o.recent.now.traces, o.recent.now.size)
	require.EqualValues(t, 2*limit, evicted)
	require.Empty(t, o.Take(order(traces, 1, "A"), epoch).Sightings)
	require.Len(t, o.Take(order(1, 1, "A"), epoch).Sightings, 1, "forgotten, so told again")
}

// TestTheEarliestStartIsAlwaysWritten: whatever requests fail, in whatever
// order spans come, what was written last or before has the earliest start.
func TestTheEarliestStartIsAlwaysWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, store, want := observer(t), map[sighted]int64{}, map[sighted]int64{}
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			td := ptrace.NewTraces()
			for range rapid.IntRange(1, 5).Draw(t, "spans") {
				trace := rapid.Uint64Range(1, 3).Draw(t, "trace")
				number := rapid.SampledFrom([]string{"A", "B"}).Draw(t, "number")
				order(trace, rapid.Int64Range(1, 20).Draw(t, "start"), number).ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
			}
			now := epoch.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "seconds")) * time.Second)
			taken := o.Take(td, now)
			if rapid.Bool().Draw(t, "fails") {
				continue // the sender gives up
			}
			for _, s := range taken.Sightings {
				at := sighted{s.Key, s.TraceID}
				if old, ok := store[at]; !ok || s.Start.UnixNano() < old {
					store[at] = s.Start.UnixNano()
				}
			}
			o.Written(taken.Sightings)
			for _, rs := range td.ResourceSpans().All() { // acknowledged
				s := rs.ScopeSpans().At(0).Spans().At(0)
				numbers, _ := s.Attributes().Get("order")
				at := sighted{callgraph.ChainKey{Kind: "order", Value: numbers.Slice().At(0).Str()}, s.TraceID()}
				if old, ok := want[at]; !ok || int64(s.StartTimestamp()) < old {
					want[at] = int64(s.StartTimestamp())
				}
			}
			require.Equal(t, want, store)
		}
	})
}

func TestObserverIsSafeForConcurrentUse(t *testing.T) {
	o := observer(t)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 500 {
				td := order(uint64(i%50+1), int64(1000-i), fmt.Sprint(worker))
				o.Written(o.Take(td, epoch.Add(time.Duration(i)*time.Second)).Sightings)
			}
		})
	}
	all.Wait()
}
