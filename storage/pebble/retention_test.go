package pebble

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// clock is what a store takes for the time. The store does not look at it behind
// the test's back: the test calls maintain.
type clock struct{ now time.Time }

func (c *clock) options() Options {
	return Options{Now: func() time.Time { return c.now }, maintenance: 1 << 62}
}

// large are the bytes of a span that writeLarge writes.
const large = 256 << 10

// writeLarge writes a span that does not compress.
func writeLarge(t testing.TB, s *Store, trace byte) {
	t.Helper()
	td := oneSpan(trace, 1)
	random := make([]byte, large)
	_, err := rand.Read(random)
	require.NoError(t, err)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutEmptyBytes("large").FromRaw(random)
	_, err = s.WriteSpans(context.Background(), td)
	require.NoError(t, err)
}

// TestRetention counts from arrival: an old span that arrived lately stays, a
// young one that arrived long ago goes, and its space is freed.
func TestRetention(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC)}
	o := c.options()
	o.Retention = 24 * time.Hour
	s := openStore(t, o)
	for n := range byte(10) {
		writeLarge(t, s, n+1)
	}
	require.NoError(t, s.db.Flush())
	c.now = c.now.Add(12 * time.Hour)
	writeLarge(t, s, 11)
	c.now = c.now.Add(13 * time.Hour)
	s.maintain(t.Context(), c.now)
	s.settleIndexes(t)
	s.maintain(t.Context(), c.now)
	requireTraces(t, s, 11, 11)
	require.EqualValues(t, 10, s.Stats().DroppedSpans)
	// What recycled logs take is bounded and not counted here.
	require.Eventually(t, func() bool { return s.db.Metrics().Total().TablesSize < 2*large }, time.Minute, time.Millisecond)
	s = reopen(t, s)
	requireTraces(t, s, 11, 11)
	c.now = c.now.Add(48 * time.Hour)
	for range 2 {
		s.maintain(t.Context(), c.now)
		s.settleIndexes(t)
	}
	requireTraces(t, s, 12, 11)
	writeLarge(t, s, 12)
	s = reopen(t, s)
	requireTraces(t, s, 12, 12)
}

// requireTraces expects the traces from first to last and no earlier ones.
func requireTraces(t *testing.T, s *Store, first, last byte) {
	t.Helper()
	for n := byte(1); n <= last; n++ {
		_, err := s.Trace(t.Context(), oneID(n))
		if n < first {
			require.ErrorIsf(t, err, storage.ErrNotFound, "trace %d", n)
		} else {
			require.NoErrorf(t, err, "trace %d", n)
		}
	}
	found, err := s.Search(t.Context(), storage.Query{Operation: "op", Limit: 100})
	require.NoError(t, err)
	require.Len(t, found, int(last)+1-int(first))
}

// TestMaxBytes drops the oldest chunks, as many as needed.
func TestMaxBytes(t *testing.T) {
	s := openStore(t, Options{MaxBytes: 5 * large})
	for n := range byte(12) {
		writeLarge(t, s, n+1)
		s.settleIndexes(t)
	}
	requireTraces(t, s, 9, 12)
	require.EqualValues(t, 8, s.Stats().DroppedSpans)
	requireTraces(t, reopen(t, s), 9, 12)
}

func TestNamesAreForgotten(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC)}
	s := openStore(t, c.options())
	writeOne(t, s, 1)
	c.now = c.now.Add(200 * time.Hour)
	require.NoError(t, s.dropOldNames(c.now))
	services, err := reopen(t, s).Services(t.Context())
	require.NoError(t, err)
	require.Empty(t, services)
}

func TestEdgeRetention(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	o := c.options()
	o.EdgeRetention = time.Hour
	s := openStore(t, o)
	old := hotCell("old", 1, c.now)
	old.Closed = c.now.Unix() + 60
	young := hotCell("young", 1, c.now.Add(-time.Hour))
	young.Opened = c.now.Add(2 * time.Hour).Unix()
	require.NoError(t, s.WriteCells(t.Context(), []callgraph.Cell{old, young}))
	for range 2 { // edges written since the last time are left alone
		require.NoError(t, s.dropOldCells(t.Context(), c.now.Add(time.Hour)))
	}
	require.Equal(t, []callgraph.Cell{young}, allCells(t, s))
	require.EqualValues(t, 1, s.Stats().DroppedCells)
	edges := 0
	require.NoError(t, s.scan([]byte{prefixEdge}, prefixEnd(prefixEdge), func(_, _ []byte) error { edges++; return nil }))
	require.Equal(t, 1, edges)
	old.Sequence++
	require.NoError(t, s.WriteCells(t.Context(), []callgraph.Cell{old}))
	require.Len(t, allCells(t, s), 2)
}

// TestCellsThatCrowdOutSpansGoEarly, told of once an hour, with what to do;
// the youngest stay.
func TestCellsThatCrowdOutSpansGoEarly(t *testing.T) {
	var log bytes.Buffer
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	o := c.options()
	o.MaxBytes, o.Logger = 1<<10, slog.New(slog.NewTextHandler(&log, nil))
	s := openStore(t, o)
	for i := range 100 { // one an hour
		require.NoError(t, s.WriteCells(t.Context(), []callgraph.Cell{hotCell(rand.Text(), 1, c.now.Add(-time.Duration(i)*time.Hour))}))
	}
	require.NoError(t, s.db.Flush())
	for range 3 {
		s.maintain(t.Context(), c.now)
	}
	require.Equal(t, 1, strings.Count(log.String(), "edge counts took more than half"))
	require.Len(t, allCells(t, s), 85, "those of 84 hours: half of 168")
	s.maintain(t.Context(), c.now.Add(time.Hour))
	require.Less(t, len(allCells(t, s)), 85)
	for i := range 10 {
		s.maintain(t.Context(), c.now.Add(time.Duration(i)*time.Hour))
	}
	require.NotEmpty(t, allCells(t, s), "of the last hour")
}

// TestOldGoesWheneverTheStoreIsOpen: a store that is never open at the full
// hour drops what is old all the same, and once an hour is enough.
func TestOldGoesWheneverTheStoreIsOpen(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 20, 0, 0, time.UTC)}
	s := openStore(t, c.options())
	writeOne(t, s, 1)
	require.NoError(t, s.WriteCells(t.Context(), []callgraph.Cell{hotCell("old", 1, c.now)}))
	c.now = c.now.Add(200 * time.Hour)
	s = reopen(t, s)
	s.maintain(t.Context(), c.now)
	require.Empty(t, allCells(t, s))
	services, err := s.Services(t.Context())
	require.NoError(t, err)
	require.Empty(t, services)
	require.NoError(t, s.WriteCells(t.Context(), []callgraph.Cell{hotCell("old", 1, c.now.Add(-200*time.Hour))}))
	s.maintain(t.Context(), c.now.Add(time.Minute))
	require.Len(t, allCells(t, s), 1)
	s.maintain(t.Context(), c.now.Add(time.Hour))
	require.Empty(t, allCells(t, s))
}

func allCells(t testing.TB, s *Store) (all []callgraph.Cell) {
	t.Helper()
	w := callgraph.Window{From: time.Unix(0, 0), To: time.Unix(1<<40, 0)}
	require.NoError(t, s.Cells(context.Background(), w, func(batch []callgraph.Cell) error {
		all = append(all, batch...)
		return nil
	}))
	return all
}

// hotCell is an open cell of n calls to a callee.
func hotCell(callee string, n uint64, at time.Time) (c callgraph.Cell) {
	c.Edge.Callee.Name = callee
	c.Bucket = callgraph.BucketAt(at, callgraph.HotWidth)
	c.Opened = at.Unix()
	c.Sequence = 1
	c.Client.Add(time.Millisecond, n)
	c.ServerOnly = n
	return c
}
