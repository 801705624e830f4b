package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func intervalCases() []contractCase {
	return []contractCase{
		{"intervals/are added up", intervalsAdd},
		{"intervals/every field", intervalsEveryField},
		{"intervals/one number counts once", intervalsRepeated},
		{"intervals/numbers of other instances are others", intervalsInstances},
		{"intervals/in any order within the window", intervalsOrder},
		{"intervals/below the window they are refused", intervalsForgotten},
		{"intervals/without cells", intervalsEmpty},
		{"intervals/are changes, and sequences rise", intervalsChanges},
		{"intervals/beside the cells of others", intervalsOthers},
		{"intervals/many at a time on one cell", intervalsConcurrently},
		{"intervals/one of equal ones at a time is added", intervalsEqual},
		{"intervals/a write that failed was none", intervalsAfterFailure},
		{"intervals/the request is not kept", intervalsNotKept},
		{"intervals/closed", intervalsClosed},
	}
}

// delta is the nth edge's count in an interval.
func delta(n int, at time.Time, calls uint64) callgraph.Cell {
	c := cell(n, at, 0)
	c.Writer, c.Opened = callgraph.Writer{}, 0
	c.Client = callgraph.Sketch{}
	c.Client.Add(time.Millisecond*time.Duration(n+1), calls)
	return c
}

func interval(instance string, number uint64, cells ...callgraph.Cell) callgraph.Interval {
	return callgraph.Interval{Instance: instance, Number: number, Cells: cells}
}

// adds writes an interval and says whether it was repeated.
func adds(t *testing.T, b storage.IntervalWriter, in callgraph.Interval) (repeated bool) {
	t.Helper()
	repeated, err := b.WriteInterval(t.Context(), in)
	require.NoError(t, err)
	return repeated
}

// requireCounted compares the sums of the store's own counted cells, of however
// many openings, with what was added.
func requireCounted(t *testing.T, s *subject, want ...callgraph.Cell) {
	t.Helper()
	added, got := sums(want), map[callgraph.CellKey]callgraph.Cell{}
	for _, c := range readCells(t, s, everywhen()) {
		require.Equal(t, callgraph.Writer{ID: s.WriterID(), Source: callgraph.Counted}, c.Writer)
		require.Zero(t, c.Closed)
		require.Zero(t, c.Opened%storage.CountedOpen)
		require.InDelta(t, time.Now().Unix(), c.Opened, 2*storage.CountedOpen)
		got[callgraph.CellKey{Edge: c.Edge, Outcome: c.Outcome, Bucket: c.Bucket}] = sumOf(got, c)
	}
	require.Equal(t, added, got)
}

func sums(cells []callgraph.Cell) map[callgraph.CellKey]callgraph.Cell {
	all := map[callgraph.CellKey]callgraph.Cell{}
	for _, c := range cells {
		all[callgraph.CellKey{Edge: c.Edge, Outcome: c.Outcome, Bucket: c.Bucket}] = sumOf(all, c)
	}
	return all
}

func sumOf(all map[callgraph.CellKey]callgraph.Cell, c callgraph.Cell) callgraph.Cell {
	k := callgraph.CellKey{Edge: c.Edge, Outcome: c.Outcome, Bucket: c.Bucket}
	sum := all[k]
	sum.CellKey = k
	sum.Add(&c)
	return sum
}

func intervalsAdd(t *testing.T, s *subject) {
	at := s.base
	var all []callgraph.Cell
	for n := uint64(1); n <= 5; n++ {
		cells := []callgraph.Cell{delta(1, at, n), delta(2, at, 1), delta(int(n), at.Add(10*time.Second), 1)}
		require.False(t, adds(t, s, interval("a", n, cells...)))
		all = append(all, cells...)
		requireCounted(t, s, all...)
	}
}

func intervalsEveryField(t *testing.T, s *subject) {
	full := delta(1, s.base, 3)
	full.Edge.Caller = callgraph.Reference{Caller: 1, Site: 2, Indirect: true}.Operation()
	full.Edge.Connection, full.Outcome = callgraph.Messaging, callgraph.Timeout
	full.Server.Add(0, 2)
	full.Queue.Add(time.Hour, 1)
	full.ServerOnly, full.WeightUnknown, full.Folded = 1, 2, true
	name := delta(2, s.base, 0)
	zero := delta(2, s.base, 0)
	zero.Outcome = callgraph.Error
	adds(t, s, interval("a", 1, full, full, name, zero))
	requireCounted(t, s, full, full, name, zero)
}

func intervalsRepeated(t *testing.T, s *subject) {
	in := interval("a", 7, delta(1, s.base, 3))
	require.False(t, adds(t, s, in))
	for range 3 {
		require.True(t, adds(t, s, in))
	}
	require.False(t, adds(t, s, interval("a", 8, delta(1, s.base, 4))))
	require.True(t, adds(t, s, in), "others came in between")
	requireCounted(t, s, delta(1, s.base, 7))
}

func intervalsInstances(t *testing.T, s *subject) {
	var all []callgraph.Cell
	for i := range 20 {
		c := delta(1, s.base, uint64(i+1))
		require.False(t, adds(t, s, interval(fmt.Sprintf("shop\x00%d", i), 1, c)))
		all = append(all, c)
	}
	requireCounted(t, s, all...)
}

func intervalsOrder(t *testing.T, s *subject) {
	const newest = 1000
	require.False(t, adds(t, s, interval("a", newest, delta(1, s.base, 1))))
	for age := uint64(storage.IntervalWindow - 1); age > 0; age-- {
		require.False(t, adds(t, s, interval("a", newest-age, delta(1, s.base, 1))))
		require.True(t, adds(t, s, interval("a", newest-age, delta(1, s.base, 1))))
	}
	require.True(t, adds(t, s, interval("a", newest, delta(1, s.base, 1))))
	requireCounted(t, s, delta(1, s.base, storage.IntervalWindow))
}

func intervalsForgotten(t *testing.T, s *subject) {
	require.False(t, adds(t, s, interval("a", 1, delta(1, s.base, 1))))
	require.False(t, adds(t, s, interval("a", 1+storage.IntervalWindow, delta(1, s.base, 1))))
	for _, number := range []uint64{1, 0} {
		repeated, err := s.WriteInterval(t.Context(), interval("a", number, delta(1, s.base, 1)))
		require.ErrorIs(t, err, storage.ErrForgotten)
		require.False(t, repeated)
	}
	require.False(t, adds(t, s, interval("a", 2, delta(1, s.base, 1))))
	require.False(t, adds(t, s, interval("a", math.MaxUint64, delta(1, s.base, 1))))
	require.False(t, adds(t, s, interval("b", 1, delta(1, s.base, 1))))
	requireCounted(t, s, delta(1, s.base, 5))
}

func intervalsEmpty(t *testing.T, s *subject) {
	require.False(t, adds(t, s, interval("a", 1)))
	require.True(t, adds(t, s, interval("a", 1, delta(1, s.base, 1))))
	require.Empty(t, readCells(t, s, everywhen()))
}

func intervalsChanges(t *testing.T, s *subject) {
	var cursor storage.Cursor
	_, cursor = changes(t, s, cursor)
	var last uint64
	for n := uint64(1); n <= 20; n++ {
		adds(t, s, interval("a", n, delta(1, s.base, 1), delta(2, s.base, 1)))
		var found map[callgraph.CellKey]callgraph.Cell
		found, cursor = changes(t, s, cursor)
		require.Greater(t, newest(found), last)
		last = newest(found)
	}
	adds(t, s, interval("a", 20, delta(3, s.base, 1)))
	found, _ := changes(t, s, cursor)
	require.LessOrEqual(t, newest(found), last, "a repeated interval is no change")
}

// newest is the greatest sequence.
func newest(cells map[callgraph.CellKey]callgraph.Cell) (sequence uint64) {
	for _, c := range cells {
		sequence = max(sequence, c.Sequence)
	}
	return sequence
}

func intervalsOthers(t *testing.T, s *subject) {
	derived, at := cell(1, s.base, 5), s.base
	derived.Writer = callgraph.Writer{ID: s.WriterID()}
	writeCells(t, s, derived)
	adds(t, s, interval("a", 1, delta(1, at, 2)))
	derived.Sequence++
	writeCells(t, s, derived)
	adds(t, s, interval("a", 2, delta(1, at, 3)))
	calls := map[callgraph.Source]uint64{}
	for _, c := range readCells(t, s, everywhen()) {
		calls[c.Writer.Source] += c.Calls()
	}
	require.Equal(t, map[callgraph.Source]uint64{callgraph.Derived: 5, callgraph.Counted: 5}, calls)
}

// intervalsConcurrently also reads meanwhile: what was acknowledged is there.
func intervalsConcurrently(t *testing.T, s *subject) {
	var acknowledged atomic.Uint64
	inParallel(t, func(w int) error {
		for r := range requestsPerWriter {
			in := interval(fmt.Sprint("instance ", w), uint64(r+1), delta(0, s.base, 1), delta(w+1, s.base, 1))
			if repeated, err := s.WriteInterval(t.Context(), in); err != nil || repeated {
				return errors.Join(err, fmt.Errorf("repeated: %t", repeated))
			}
			least := acknowledged.Add(1)
			if r%readsWhileWriting == 0 {
				if n, err := s.calls(t.Context(), "GET /0"); err != nil || n < least {
					return errors.Join(err, fmt.Errorf("read %d calls of at least %d", n, least))
				}
			}
		}
		return nil
	})
	want := []callgraph.Cell{delta(0, s.base, concurrentWriters*requestsPerWriter)}
	for w := range concurrentWriters {
		want = append(want, delta(w+1, s.base, requestsPerWriter))
	}
	requireCounted(t, s, want...)
}

// calls are those of all cells of a calling operation.
func (s *subject) calls(ctx context.Context, operation string) (n uint64, err error) {
	err = s.Cells(ctx, everywhen(), func(cells []callgraph.Cell) error {
		for i := range cells {
			if cells[i].Edge.Caller.Name == operation {
				n += cells[i].Calls()
			}
		}
		return nil
	})
	return n, err
}

// intervalsEqual also holds that a repeated interval is not acknowledged before
// its counts can be read.
func intervalsEqual(t *testing.T, s *subject) {
	var added atomic.Int64
	inParallel(t, func(int) error {
		for r := range requestsPerWriter {
			repeated, err := s.WriteInterval(t.Context(), interval("a", uint64(r+1), delta(0, s.base, 1)))
			if err == nil && !repeated {
				added.Add(1)
			}
			if err == nil && r%readsWhileWriting == 0 {
				var n uint64
				if n, err = s.calls(t.Context(), "GET /0"); n < uint64(r+1) {
					err = errors.Join(err, fmt.Errorf("read %d calls of at least %d", n, r+1))
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	require.EqualValues(t, requestsPerWriter, added.Load())
	requireCounted(t, s, delta(0, s.base, requestsPerWriter))
}

func intervalsAfterFailure(t *testing.T, s *subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := interval("a", 1, delta(1, s.base, 1))
	repeated, err := s.WriteInterval(ctx, in)
	require.False(t, repeated)
	require.Equal(t, err == nil, adds(t, s, in))
	requireCounted(t, s, delta(1, s.base, 1))
}

func intervalsNotKept(t *testing.T, s *subject) {
	c := delta(1, s.base, 1)
	adds(t, s, interval("a", 1, c))
	c.Client.Bins[0].Count = 99
	requireCounted(t, s, delta(1, s.base, 1))
}

func intervalsClosed(t *testing.T, s *subject) {
	require.NoError(t, s.Close())
	_, err := s.WriteInterval(t.Context(), interval("a", 1, delta(1, s.base, 1)))
	require.ErrorIs(t, err, storage.ErrClosed)
}

func reopenedIntervals(t *testing.T, s *subject) {
	var last uint64
	for n := uint64(1); n <= 3; n++ {
		in := interval("a", n, delta(1, s.base, 1))
		require.False(t, adds(t, s, in))
		s.restart(t)
		require.True(t, adds(t, s, in))
		found, _ := changes(t, s, "")
		require.Greater(t, newest(found), last)
		last = newest(found)
	}
	requireCounted(t, s, delta(1, s.base, 3))
}
