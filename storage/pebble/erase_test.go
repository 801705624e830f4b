package pebble

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// secret is what is erased: its end is what files are searched for, since tables
// leave out what a key shares with the one before.
var secret = callgraph.ChainKey{Environment: "prod", Kind: "order", Value: "A-93827461550172"}

var others = []callgraph.ChainKey{
	{Environment: "prod", Kind: "order", Value: "A-10000000000001"}, {Environment: "prod", Kind: "order", Value: "B-10000000000002"}, {Environment: "prod", Kind: "payment", Value: "P-77"},
}

// sight lets a trace carry some keys.
func sight(t testing.TB, s *Store, trace byte, keys ...callgraph.ChainKey) {
	t.Helper()
	var all []callgraph.Sighting
	for _, k := range keys {
		all = append(all, callgraph.Sighting{Key: k, TraceID: oneID(trace), Start: time.Unix(1_800_000_000, int64(trace))})
	}
	require.NoError(t, s.WriteSightings(context.Background(), all))
}

// carrying writes a trace with a span that carries a key, and one that does not.
func carrying(t testing.TB, s *Store, trace byte, k callgraph.ChainKey) {
	t.Helper()
	td := oneSpan(trace, 1)
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	x := spans.AppendEmpty()
	spans.At(0).CopyTo(x)
	x.SetSpanID(pcommon.SpanID{0: 2, 7: trace})
	x.SetName("order " + k.Value)
	x.Attributes().PutStr("order.number", k.Value)
	_, err := s.WriteSpans(context.Background(), td)
	require.NoError(t, err)
	sight(t, s, trace, k, others[2])
}

// eraseSecret erases the key and the spans that carry it.
func eraseSecret(ctx context.Context, s *Store, traces ...byte) (int, error) {
	var ids []pcommon.TraceID
	for _, n := range traces {
		ids = append(ids, oneID(n))
	}
	n, err := s.EraseSpans(ctx, ids, func(_ pcommon.Resource, _ pcommon.InstrumentationScope, x ptrace.Span) bool {
		v, ok := x.Attributes().Get("order.number")
		return ok && v.Str() == secret.Value
	})
	if err == nil {
		err = s.EraseKey(ctx, secret)
	}
	return n, err
}

// filesWith are the files of a store that hold some bytes.
func filesWith(t testing.TB, s *Store, texts ...[]byte) (found []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.options.Directory, "*"))
	require.NoError(t, err)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if !os.IsNotExist(err) { // gone meanwhile
			require.NoError(t, err)
		}
		for i, text := range texts {
			if bytes.Contains(b, text) {
				found = append(found, fmt.Sprintf("%s holds text %d", filepath.Base(name), i))
			}
		}
	}
	return found
}

// traces of a store in which old bytes may lie: ends of segments as they were,
// and of the key.
func oldBytes(t testing.TB, s *Store, traces ...byte) (texts [][]byte) {
	t.Helper()
	texts = append(texts, []byte(secret.Value[6:]))
	for _, n := range traces {
		numbers, err := s.withShortID(t.Context(), uint32(callgraph.ShortIDOf(oneID(n))))
		require.NoError(t, err)
		for _, number := range numbers {
			value, err := s.value(numberKey(prefixSegment, number))
			require.NoError(t, err)
			texts = append(texts, value[len(value)-40:])
		}
	}
	return texts
}

// TestErasedBytesLeaveTheMedium, wherever they lay: in the log, in a table, deep
// in the tree, or in several of them; and in the list of tables.
func TestErasedBytesLeaveTheMedium(t *testing.T) {
	everything := func(s *Store) error { return s.db.Compact(context.Background(), []byte{0}, []byte{0xff}, false) }
	for name, settle := range map[string]func(s *Store, trace byte) error{
		"in the log": func(*Store, byte) error { return nil },
		"in tables":  func(s *Store, _ byte) error { return s.db.Flush() },
		"deep":       func(s *Store, _ byte) error { return everything(s) },
		"in all parts": func(s *Store, n byte) error {
			return []func() error{func() error { return everything(s) }, s.db.Flush, func() error { return nil }}[n%3]()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, Options{})
			for n := byte(1); n <= 6; n++ {
				carrying(t, s, n, slices.Concat([]callgraph.ChainKey{secret}, others[:1])[n%2])
				require.NoError(t, settle(s, n))
			}
			texts := oldBytes(t, s, 2, 4, 6)
			require.NotEmpty(t, filesWith(t, s, texts[0]))
			n, err := eraseSecret(t.Context(), s, 1, 2, 3, 4, 5, 6)
			require.NoError(t, err)
			require.Equal(t, 3, n)
			require.Empty(t, filesWith(t, s, texts...))
			requireNoSpanHas(t, s, secret.Value)
			mark, err := s.value(metaKey(unclean))
			require.NoError(t, err)
			require.Nil(t, mark)
			require.Equal(t, 9, spansOf(t, s), "the others stay")
			s = reopen(t, s)
			require.Empty(t, filesWith(t, s, texts...))
			require.Equal(t, 9, spansOf(t, s))
		})
	}
}

// requireNoSpanHas reads all segments.
func requireNoSpanHas(t testing.TB, s *Store, text string) {
	t.Helper()
	require.NoError(t, s.Arrived(t.Context(), time.Time{}, func(_ time.Time, td ptrace.Traces) error {
		b, err := new(ptrace.JSONMarshaler).MarshalTraces(td)
		require.NoError(t, err)
		require.NotContains(t, string(b), text)
		return nil
	}))
}

func spansOf(t testing.TB, s *Store) (n int) {
	t.Helper()
	require.NoError(t, s.Arrived(t.Context(), time.Time{}, func(_ time.Time, td ptrace.Traces) error { n += td.SpanCount(); return nil }))
	return n
}

// TestErasureThatWasInterrupted is cleaned up after by the next one, also after
// a restart, and though there is nothing left to erase.
func TestErasureThatWasInterrupted(t *testing.T) {
	for _, restart := range []bool{false, true} {
		s := openStore(t, Options{})
		carrying(t, s, 1, secret)
		carrying(t, s, 2, others[0])
		require.NoError(t, s.db.Flush())
		texts := oldBytes(t, s, 1)
		require.NoError(t, s.eraseRows(t.Context(), secret, &residue{}))
		require.NotEmpty(t, filesWith(t, s, texts[0]))
		if restart {
			s = reopen(t, s)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.EraseKey(ctx, secret), context.Canceled)
		require.NoError(t, s.EraseKey(t.Context(), others[1]))
		n, err := eraseSecret(t.Context(), s, 1)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Empty(t, filesWith(t, s, texts...))
	}
}

// TestErasureInAllStates of a segment: in the tail, in a full chunk, in a chunk on
// disk; the number of a segment without spans is not given again.
func TestErasureInAllStates(t *testing.T) {
	s := openStore(t, Options{})
	for n := byte(1); n <= 3; n++ {
		carrying(t, s, n, secret)
		switch n {
		case 1:
			s.settleIndexes(t)
		case 2:
			s.indexing.Lock()
			s.ledger.sealBefore(1<<63 - 1)
			s.indexing.Unlock()
		}
	}
	all := func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool { return true }
	n, err := s.EraseSpans(t.Context(), []pcommon.TraceID{oneID(1), oneID(2), oneID(3)}, all)
	require.NoError(t, err)
	require.Equal(t, 6, n)
	require.Zero(t, s.Stats().TailSpans)
	for range 2 {
		s = reopen(t, s)
		require.Zero(t, spansOf(t, s))
		s.settleIndexes(t)
	}
	writeOne(t, s, 4)
	s.settleIndexes(t)
	s = reopen(t, s)
	require.Equal(t, 1, spansOf(t, s))
	require.Zero(t, s.Stats().CorruptSegments)
	_, err = s.Trace(t.Context(), oneID(4))
	require.NoError(t, err)
}

// TestKeyRetention counts from arrival, key by key of a trace.
func TestKeyRetention(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC)}
	o := c.options()
	o.Retention = 24 * time.Hour
	s := openStore(t, o)
	sight(t, s, 1, secret, others[0])
	for n := range byte(linkedKeys + 5) {
		sight(t, s, 9, callgraph.ChainKey{Kind: "item", Value: string('a' + rune(n))})
	}
	c.now = c.now.Add(12 * time.Hour)
	sight(t, s, 1, others[1])
	sight(t, s, 2, others[0], others[1])
	s.maintain(t.Context(), c.now.Add(11*time.Hour))
	require.Zero(t, s.Stats().DroppedSightings)
	c.now = c.now.Add(13 * time.Hour)
	s.maintain(t.Context(), c.now)
	require.EqualValues(t, 2+linkedKeys+5, s.Stats().DroppedSightings)
	keys, err := s.KeysOf(t.Context(), oneID(1))
	require.NoError(t, err)
	require.Equal(t, others[1:2], keys)
	links, err := s.Links(t.Context(), others[0], 10)
	require.NoError(t, err)
	require.Equal(t, []callgraph.KeyLink{{Key: others[1], TraceID: oneID(2)}}, links)
	c.now = c.now.Add(24 * time.Hour)
	s.maintain(t.Context(), c.now)
	require.NoError(t, s.scanKeys([]byte{prefixCarried}, prefixEnd(prefixCrowd), func(row []byte) error {
		return fmt.Errorf("row %q is left", row)
	}))
}

// TestKeysThatCrowdOutSpansGoEarly as cells do.
func TestKeysThatCrowdOutSpansGoEarly(t *testing.T) {
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	o := c.options()
	o.MaxBytes = 1 << 10
	s := openStore(t, o)
	for n := range byte(100) { // one an hour
		sight(t, s, n, callgraph.ChainKey{Kind: "order", Value: fmt.Sprint(int(n) * 7919)})
		c.now = c.now.Add(time.Hour)
	}
	require.NoError(t, s.db.Flush())
	s.maintain(t.Context(), c.now)
	require.Positive(t, s.Stats().DroppedSightings)
	require.Less(t, s.Stats().DroppedSightings, uint64(100))
	require.NotZero(t, s.keyBytes())
}
