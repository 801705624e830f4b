package ledger_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency/ledger"
	"github.com/jcallgraph/jcallgraph/storage"
)

var errDown = errors.New("down")

// store keeps records and fails as it is told.
type store struct {
	records  map[strength.Key]strength.Record
	reads    int
	failRead bool
	// failWrite is how many records of a write are kept before it fails; below 0
	// none fails.
	failWrite int
}

func newStore() *store { return &store{records: map[strength.Key]strength.Record{}, failWrite: -1} }

func (s *store) WriteEvidence(_ context.Context, records []strength.Record) error {
	for i, r := range records {
		if i == s.failWrite {
			return errDown
		}
		s.records[r.Key] = copyOf(r)
	}
	if s.failWrite >= 0 {
		return errDown
	}
	return nil
}

func (s *store) Evidence(_ context.Context, q storage.EvidenceQuery, yield func([]strength.Record) error) error {
	s.reads++
	if s.failRead {
		return errDown
	}
	for k, r := range s.records {
		if k.Day < q.FromDay || k.Day > q.ToDay || q.Writer != 0 && q.Writer != k.Writer || !has(q.Sites, k.Site) {
			continue
		}
		if err := yield([]strength.Record{copyOf(r)}); err != nil {
			return err
		}
	}
	return nil
}

func has(sites []callgraph.StaticID, site callgraph.StaticID) bool {
	for _, s := range sites {
		if s == site {
			return true
		}
	}
	return false
}

// copyOf shares nothing with a record, as a store's bytes do not.
func copyOf(r strength.Record) strength.Record {
	c, err := strength.ParseRecord(r.Append(nil))
	if err != nil {
		panic(err)
	}
	return c
}

func seen(site callgraph.StaticID, day int64, n uint64) strength.Record {
	s := strength.Site{Callee: strength.Callee{Peer: string(rune('a' + site))}}
	return strength.Record{
		Key: strength.Key{Site: s.ID(), Day: day}, Site: s,
		Evidence: strength.Evidence{Calls: n, OK: strength.Tally{Seen: n}},
	}
}

// book hands out what was newly seen, as an observer does.
type book struct{ seen []strength.Record }

func (b *book) take(limit int) (taken []strength.Record) {
	n := min(limit, len(b.seen))
	taken, b.seen = b.seen[:n:n], b.seen[n:]
	return taken
}

func TestRecordsAreAbsoluteAndTheWritersOwn(t *testing.T) {
	s := newStore()
	other := ledger.New(s, 7, 10)
	require.NoError(t, other.Flush(t.Context(), (&book{[]strength.Record{seen(1, 5, 100)}}).take))
	for range 3 { // three runs
		l := ledger.New(s, 8, 10)
		require.NoError(t, l.Flush(t.Context(), (&book{[]strength.Record{seen(1, 5, 1), seen(1, 6, 1), seen(1, 5, 1)}}).take))
		require.Zero(t, l.Owed())
	}
	counts := map[[2]int64]uint64{}
	for k, r := range s.records {
		counts[[2]int64{int64(k.Writer), k.Day}] = r.Evidence.Calls
	}
	require.Equal(t, map[[2]int64]uint64{{7, 5}: 100, {8, 5}: 6, {8, 6}: 3}, counts)
}

func TestWhatIsAtHandIsNotReadAgain(t *testing.T) {
	s := newStore()
	l := ledger.New(s, 8, 1)
	flush := func(sites ...callgraph.StaticID) int {
		before := s.reads
		b := &book{}
		for _, site := range sites {
			b.seen = append(b.seen, seen(site, 5, 1))
		}
		require.NoError(t, l.Flush(t.Context(), b.take))
		return s.reads - before
	}
	require.Equal(t, 1, flush(1))
	require.Equal(t, 0, flush(1))
	require.Equal(t, 1, flush(2), "pushes the first one out")
	require.Equal(t, 1, l.Kept())
	require.Equal(t, 1, flush(1))
	for _, r := range s.records {
		require.LessOrEqual(t, r.Evidence.Calls, uint64(3))
	}
}

func TestAStoreThatIsDownStopsTheTaking(t *testing.T) {
	s := newStore()
	l := ledger.New(s, 8, 10)
	b := &book{}
	for i := range 3 * ledger.AtOnce {
		b.seen = append(b.seen, seen(callgraph.StaticID(i), 5, 1))
	}
	s.failRead = true
	for range 3 {
		require.ErrorIs(t, l.Flush(t.Context(), b.take), errDown)
		require.Len(t, b.seen, 2*ledger.AtOnce)
		require.Equal(t, ledger.AtOnce, l.Owed())
	}
	s.failRead, s.failWrite = false, 3
	for range 3 {
		require.ErrorIs(t, l.Flush(t.Context(), b.take), errDown)
		require.Len(t, b.seen, 2*ledger.AtOnce)
		require.Equal(t, ledger.AtOnce, l.Owed())
	}
	s.failWrite = -1
	require.NoError(t, l.Flush(t.Context(), b.take))
	require.Len(t, s.records, 3*ledger.AtOnce)
	for _, r := range s.records {
		require.EqualValues(t, 1, r.Evidence.Calls)
	}
}

func TestRecordsStayBounded(t *testing.T) {
	s := newStore()
	l := ledger.New(s, 8, 10)
	for i := range 10 * strength.CalleesKept {
		r := seen(1, 5, 1)
		r.Evidence.Callees = []strength.Named{{Operation: callgraph.Operation{Name: string(rune('a' + i))}, Chains: 1}}
		require.NoError(t, l.Flush(t.Context(), (&book{[]strength.Record{r}}).take))
	}
	for _, r := range s.records {
		require.Len(t, r.Evidence.Callees, strength.CalleesKept)
	}
}

// TestNothingIsCountedTwice: whatever fails, and whenever the writer begins anew,
// the store has at most what was seen, and all of it in the end but what a run
// had not written when it ended.
func TestNothingIsCountedTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStore()
		kept := rapid.IntRange(1, 4).Draw(t, "kept")
		l, b := ledger.New(s, 8, kept), &book{}
		made, lost := map[strength.Key]uint64{}, map[strength.Key]uint64{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			for range rapid.IntRange(0, 4).Draw(t, "seen") {
				r := seen(callgraph.StaticID(rapid.IntRange(0, 4).Draw(t, "site")), int64(rapid.IntRange(5, 6).Draw(t, "day")), 1)
				b.seen = append(b.seen, r)
				r.Writer = 8
				made[r.Key]++
			}
			s.failRead = rapid.Bool().Draw(t, "read fails")
			s.failWrite = rapid.IntRange(-2, 3).Draw(t, "write fails after")
			failed := l.Flush(t.Context(), b.take) != nil
			for k, r := range s.records {
				require.LessOrEqual(t, r.Evidence.Calls, made[k])
			}
			if failed && rapid.Bool().Draw(t, "crash") {
				l, b = ledger.New(s, 8, kept), &book{}
				for k, n := range made {
					lost[k] = n - s.records[k].Evidence.Calls
				}
				for k := range made {
					made[k] -= lost[k]
				}
			}
		}
		s.failRead, s.failWrite = false, -1
		require.NoError(t, l.Flush(t.Context(), b.take))
		for k, n := range made {
			require.Equal(t, n, s.records[k].Evidence.Calls)
		}
	})
}
