package edge

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgeschema"
)

var (
	errDown    = errors.New("connection refused")
	errRefused = errors.New("what is this")
)

func isRefused(err error) bool { return errors.Is(err, errRefused) }

// receiver keeps what it applies by number, as a collector does, and answers
// what it is told to.
type receiver struct {
	t require.TestingT

	mu       sync.Mutex // of all
	answer   func() (applies bool, err error)
	hangs    bool
	attempts []uint64
	applied  map[uint64]*metricdata.ResourceMetrics
	seen     map[uint64]*metricdata.ResourceMetrics
	closed   int
}

func newReceiver(t require.TestingT) *receiver {
	return &receiver{
		t: t, applied: map[uint64]*metricdata.ResourceMetrics{}, seen: map[uint64]*metricdata.ResourceMetrics{},
		answer: func() (bool, error) { return true, nil },
	}
}

func (r *receiver) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	if r.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Zero(r.t, r.closed)
	v, _ := m.ScopeMetrics[0].Scope.Attributes.Value(edgeschema.AttributeInterval)
	number := uint64(v.AsInt64())
	r.attempts = append(r.attempts, number)
	if r.seen[number] == nil {
		r.seen[number] = m
	}
	require.Equal(r.t, r.seen[number], m, "the same number is the same content")
	applies, err := r.answer()
	if isRefused(err) && r.applied[number] != nil {
		return nil // a known mark is acknowledged
	}
	if applies && r.applied[number] == nil {
		r.applied[number] = m
	}
	return err
}

func (r *receiver) Shutdown(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed++
	return nil
}

// numbers are those of all attempts.
func (r *receiver) numbers() []uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.attempts)
}

// calls are those of what was applied.
func (r *receiver) calls() (sum int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.applied {
		for _, metric := range m.ScopeMetrics[0].Metrics {
			if metric.Name == edgeschema.Calls {
				for _, p := range metric.Data.(metricdata.Sum[int64]).DataPoints {
					sum += p.Value
				}
			}
		}
	}
	return sum
}

func (r *receiver) answers(applies bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func() (bool, error) { return applies, err }
}

func call(c *Counters, n int) {
	for range n {
		c.Server(c.Operation("a"), Caller{Outside: true}, callgraph.HTTP, callgraph.OK, time.Now().UnixNano(), time.Millisecond, 0)
	}
}

func TestAnIntervalEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{})
		for range 3 {
			call(c, 2)
			time.Sleep(1001 * time.Millisecond)
		}
		time.Sleep(10 * time.Second) // nothing is counted, nothing is sent
		require.Equal(t, []uint64{1, 2, 3}, r.numbers())
		require.EqualValues(t, 6, r.calls())
		require.NoError(t, s.Shutdown(t.Context()))
		require.Equal(t, SenderStats{Acknowledged: 3}, s.Stats())
	})
}

func TestWhatIsNotAcknowledgedIsSentAgainAndLaterCountsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		var reports []error
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{Report: func(err error) { reports = append(reports, err) }})
		r.answers(false, errDown)
		for range 60 {
			call(c, 1)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		require.Greater(t, len(r.numbers()), 3)
		require.Less(t, len(r.numbers()), 15, "pauses grow")
		require.Len(t, reports, 1)
		require.ErrorIs(t, reports[0], errDown)
		require.EqualValues(t, 1, s.Stats().Pending)
		r.answers(true, nil)
		time.Sleep(time.Minute)
		require.EqualValues(t, 60, r.calls())
		require.NoError(t, s.Shutdown(t.Context()))
		require.Len(t, r.applied, 2)
	})
}

func TestAnOutageCostsOneInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{})
		r.answers(false, errDown)
		for range 1800 {
			call(c, 1)
			time.Sleep(time.Second)
		}
		r.answers(true, nil)
		time.Sleep(time.Minute)
		require.EqualValues(t, 1, s.Stats().Uncertain)
		require.EqualValues(t, 1800, r.calls()+int64(s.Stats().UncertainCalls))
		require.Less(t, s.Stats().UncertainCalls, uint64(5))
		require.NoError(t, s.Shutdown(t.Context()))
		require.Empty(t, r.applied[slices.Min(slices.Collect(maps.Keys(r.applied)))].ScopeMetrics[0].Metrics, "a probe tells nothing")
	})
}

func TestWhatIsRefusedIsDroppedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		var reports []error
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{Refused: isRefused, Report: func(err error) { reports = append(reports, err) }})
		r.answers(false, errRefused)
		call(c, 5)
		time.Sleep(1001 * time.Millisecond)
		r.answers(true, nil)
		call(c, 3)
		time.Sleep(1001 * time.Millisecond)
		require.NoError(t, s.Shutdown(t.Context()))
		require.Equal(t, []uint64{1, 2, 3}, r.numbers(), "it is asked first")
		require.EqualValues(t, 3, r.calls())
		require.Equal(t, SenderStats{Acknowledged: 1, Refused: 1, RefusedCalls: 5}, s.Stats())
		require.Len(t, reports, 1)
		require.ErrorIs(t, reports[0], errRefused)
	})
}

func TestAReceiverThatTakesNoCountsIsAskedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{Refused: isRefused})
		require.True(t, s.Taken())
		r.answers(false, errRefused)
		call(c, 5)
		time.Sleep(10 * time.Minute)
		require.False(t, s.Taken())
		require.Less(t, len(r.numbers()), 60, "seldom")
		require.NotContains(t, r.numbers(), uint64(0), "it is no interval's")
		require.EqualValues(t, 1, s.Stats().Refused)
		r.answers(true, nil)
		time.Sleep(time.Minute)
		require.True(t, s.Taken())
		call(c, 3)
		require.NoError(t, s.Shutdown(t.Context()))
		require.EqualValues(t, 3, r.calls())
	})
}

func TestFlushAndShutdownSendWhatWasCountedSoFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{})
		call(c, 1)
		r.answers(false, errDown)
		require.ErrorIs(t, s.Flush(t.Context()), errDown)
		r.answers(true, nil)
		call(c, 2)
		require.NoError(t, s.Flush(t.Context()))
		require.Equal(t, []uint64{1, 1, 2}, r.numbers())
		call(c, 4)
		require.NoError(t, s.Shutdown(t.Context()))
		require.EqualValues(t, 7, r.calls())
		require.NoError(t, s.Shutdown(t.Context()))
		require.NoError(t, s.Flush(t.Context()))
		require.Equal(t, 1, r.closed)
	})
}

func TestLargeHarvestsAreSentInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		for i := range 2*maxIntervalCells + 1 {
			from := Caller{From: callgraph.Reference{Caller: callgraph.StaticID(i + 1)}}
			c.Server(c.Operation("a"), from, callgraph.HTTP, callgraph.OK, 0, 1, 0)
		}
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{})
		require.NoError(t, s.Flush(t.Context()))
		require.Equal(t, []uint64{1, 2, 3}, r.numbers())
		require.EqualValues(t, 2*maxIntervalCells+1, r.calls())
		require.NoError(t, s.Shutdown(t.Context()))
	})
}

func TestShutdownEndsWithItsContextWhateverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		r.hangs = true
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{Timeout: time.Hour})
		call(c, 2)
		time.Sleep(2 * time.Second) // a tick hangs
		call(c, 3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, s.Shutdown(ctx), context.DeadlineExceeded)
		require.Equal(t, 1, r.closed)
		require.Equal(t, SenderStats{Uncertain: 1, UncertainCalls: 2, UnsentCalls: 3}, s.Stats())
	})
}

// TestEveryCallIsAppliedOnce: whatever gets lost on the way there or back, what
// the receiver applied, what it refused and what was given up is all there was.
func TestEveryCallIsAppliedOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			c, to := counters(), newReceiver(t)
			s := NewSender(c, Metrics(to, resource.Empty()), SenderOptions{Refused: isRefused})
			counted := 0
			for _, what := range rapid.SliceOfN(rapid.IntRange(0, 4), 1, 40).Draw(r, "script") {
				switch what {
				case 0, 1:
					to.answers(true, nil)
				case 2:
					to.answers(false, errDown) // on the way there
				case 3:
					to.answers(true, errDown) // on the way back
				case 4:
					to.answers(false, errRefused)
				}
				call(c, 1+what)
				counted += 1 + what
				time.Sleep(3 * time.Second)
			}
			to.answers(true, nil)
			require.NoError(t, s.Shutdown(t.Context()))
			require.EqualValues(t, counted, to.calls()+int64(s.Stats().RefusedCalls))
			require.Zero(t, s.Stats().Uncertain)
		})
	})
}

func TestShutdownEndsAFlushThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := counters(), newReceiver(t)
		r.hangs = true
		s := NewSender(c, Metrics(r, resource.Empty()), SenderOptions{Timeout: time.Hour})
		call(c, 2)
		flushed := make(chan error)
		go func() { flushed <- s.Flush(context.Background()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		require.ErrorIs(t, s.Shutdown(ctx), context.DeadlineExceeded)
		require.ErrorIs(t, <-flushed, context.Canceled)
		require.Equal(t, time.Second, time.Since(started))
	})
}
