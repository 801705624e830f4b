package storagetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/storage"
)

func eraseCases() []contractCase {
	return []contractCase{
		{"erase/nothing", eraseNothing},
		{"erase/some spans of a trace", eraseSomeSpans},
		{"erase/by all that is known of a span", eraseBySurroundings},
		{"erase/several traces, several requests", eraseSeveral},
		{"erase/a whole trace", eraseWholeTrace},
		{"erase/nothing of it is found", eraseFinds},
		{"erase/names that nobody else uses", eraseNames},
		{"erase/a trace goes on", eraseThenWrite},
		{"erase/a key", eraseKey},
		{"erase/a key of many traces and links", eraseKeyOfMany},
		{"erase/a key, given up on the way", eraseKeyGivenUp},
		{"erase/closed", eraseClosed},
		{"erase/while others write", eraseConcurrently},
	}
}

// eraseNamed erases spans by name and expects how many these are.
func (s *subject) eraseNamed(t *testing.T, name string, want int, numbers ...int) {
	t.Helper()
	var ids []pcommon.TraceID
	for _, n := range numbers {
		ids = append(ids, traceID(n))
	}
	n, err := s.EraseSpans(t.Context(), ids, func(_ pcommon.Resource, _ pcommon.InstrumentationScope, x ptrace.Span) bool { return x.Name() == name })
	require.NoError(t, err)
	require.Equal(t, want, n)
}

func eraseNothing(t *testing.T, s *subject) {
	s.eraseNamed(t, "op", 0)
	s.eraseNamed(t, "op", 0, 1)
	td := traces(s.base, span{trace: 1, id: 1, name: "stays"})
	write(t, s, td)
	s.eraseNamed(t, "op", 0, 1, 2)
	requireSame(t, td, readTrace(t, s, 1))
	require.NoError(t, s.EraseKey(t.Context(), order))
}

func eraseSomeSpans(t *testing.T, s *subject) {
	from := s.base
	rest := []span{
		{trace: 1, id: 1, name: "stays", service: "web", attributes: map[string]any{"a": "b"}},
		{trace: 1, id: 3, parent: 2, name: "stays", service: "cart", failed: true},
		{trace: 2, id: 4, name: "gone", service: "web"},
	}
	write(t, s, traces(from, append(slices.Clone(rest), span{trace: 1, id: 2, parent: 1, name: "gone", service: "web"})...))
	for _, n := range []int{1, 0} {
		s.eraseNamed(t, "gone", n, 1)
		requireSame(t, traces(from, rest[0], rest[1]), readTrace(t, s, 1))
		requireSame(t, traces(from, rest[2]), readTrace(t, s, 2))
	}
}

// eraseBySurroundings shows resource and scope to who says what goes.
func eraseBySurroundings(t *testing.T, s *subject) {
	td := traces(s.base, span{trace: 1, id: 1, name: "gone", service: "web"}, span{trace: 1, id: 2, name: "gone", service: "cart"})
	for _, rs := range td.ResourceSpans().All() {
		rs.ScopeSpans().At(0).Scope().SetName("scope of " + calltree.ServiceOf(rs.Resource()).Name)
	}
	write(t, s, td)
	n, err := s.EraseSpans(t.Context(), []pcommon.TraceID{traceID(1)}, func(r pcommon.Resource, scope pcommon.InstrumentationScope, x ptrace.Span) bool {
		service := calltree.ServiceOf(r).Name
		return scope.Name() == "scope of "+service && service == "cart" && x.Name() == "gone"
	})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, 1, readTrace(t, s, 1).SpanCount())
}

func eraseSeveral(t *testing.T, s *subject) {
	from := s.base
	var ids []int
	for i := 1; i <= 30; i++ {
		write(t, s, traces(from, span{trace: i, id: 1, name: "stays"}, span{trace: i, id: 2, name: "gone"}))
		write(t, s, traces(from, span{trace: i, id: 3, name: "gone", service: "web"}))
		ids = append(ids, i)
	}
	s.eraseNamed(t, "gone", 58, ids[:29]...)
	for i := 1; i <= 29; i++ {
		requireSame(t, traces(from, span{trace: i, id: 1, name: "stays"}), readTrace(t, s, i))
	}
	require.Equal(t, 3, readTrace(t, s, 30).SpanCount())
}

func eraseWholeTrace(t *testing.T, s *subject) {
	from := s.base
	write(t, s, traces(from, span{trace: 1, id: 1, name: "gone"}, span{trace: 1, id: 2, name: "gone", service: "web"}))
	write(t, s, traces(from, span{trace: 1, id: 1, name: "gone"}, span{trace: 2, id: 1, name: "stays"}))
	s.eraseNamed(t, "gone", 2, 1) // equal ones count once
	_, err := s.Trace(t.Context(), traceID(1))
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.Empty(t, byShortID(t, s, callgraph.ShortIDOf(traceID(1)), around(from, time.Hour)))
	requireSame(t, traces(from, span{trace: 2, id: 1, name: "stays"}), readTrace(t, s, 2))
}

func eraseFinds(t *testing.T, s *subject) {
	from := s.base
	secret := map[string]any{"order": "4711"}
	write(t, s, traces(from, span{trace: 1, id: 1, name: "gone", service: "web", attributes: secret}, span{trace: 1, id: 2, name: "stays", service: "web"}))
	q := storage.Query{Attributes: map[string]string{"order": "4711"}, Limit: 10}
	require.Len(t, search(t, s, q), 1)
	s.eraseNamed(t, "gone", 1, 1)
	require.Empty(t, search(t, s, q))
	require.Len(t, search(t, s, storage.Query{Operation: "stays", Limit: 10}), 1)
	for _, a := range arrived(t, s, time.Time{}) {
		requireSame(t, traces(from, span{trace: 1, id: 2, name: "stays", service: "web"}), a.td)
	}
}

func eraseNames(t *testing.T, s *subject) {
	from := s.base
	write(t, s, traces(from, span{trace: 1, id: 1, name: "order 4711", service: "web"}, span{trace: 1, id: 2, name: "shared", service: "web"}, span{trace: 2, id: 3, name: "shared", service: "web"}))
	n, err := s.EraseSpans(t.Context(), []pcommon.TraceID{traceID(1)}, func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool { return true })
	require.NoError(t, err)
	require.Equal(t, 2, n)
	requireOperations(t, s, callgraph.Service{Name: "web"}, []storage.OperationName{{Name: "shared"}})
	write(t, s, traces(from, span{trace: 3, id: 1, name: "order 4711", service: "web"}))
	requireOperations(t, s, callgraph.Service{Name: "web"}, []storage.OperationName{{Name: "order 4711"}, {Name: "shared"}})
}

func eraseThenWrite(t *testing.T, s *subject) {
	from := s.base
	first := traces(from, span{trace: 1, id: 1, name: "gone", attributes: map[string]any{"long": "a value that is long"}})
	write(t, s, first)
	s.eraseNamed(t, "gone", 1, 1)
	require.True(t, writes(t, s, first), "a request that is repeated does not bring it back")
	_, err := s.Trace(t.Context(), traceID(1))
	require.ErrorIs(t, err, storage.ErrNotFound)
	for i := 2; i < 5; i++ {
		write(t, s, traces(from, span{trace: 1, id: i, name: "stays"}))
	}
	require.Equal(t, 3, readTrace(t, s, 1).SpanCount())
	require.Len(t, search(t, s, storage.Query{Operation: "stays", Limit: 10}), 1)
	require.Len(t, byShortID(t, s, callgraph.ShortIDOf(traceID(1)), around(from, time.Hour)), 1)
}

func eraseKey(t *testing.T, s *subject) {
	payment, other := chainKey("payment", "p1"), chainKey("order", "4712")
	s.sight(t, s.sighted(order, 1, 1), s.sighted(order, 2, 2), s.sighted(payment, 1, 1), s.sighted(other, 2, 2), s.sighted(payment, 3, 3))
	for range 2 {
		require.NoError(t, s.EraseKey(t.Context(), order))
		require.Empty(t, s.sightings(t, order))
		require.Zero(t, s.extent(t, order))
		require.Empty(t, s.find(t, order.Value, 10))
		require.Equal(t, []callgraph.ChainKey{payment}, s.keysOf(t, 1))
		require.Empty(t, s.linked(t, payment, 10))
		require.Empty(t, s.linked(t, order, 10))
		require.Len(t, s.sightings(t, payment), 2)
		require.Equal(t, []callgraph.ChainKey{other}, s.find(t, other.Value, 10))
	}
	s.sight(t, s.sighted(order, 1, 1))
	require.Equal(t, []callgraph.ChainKey{payment}, s.linked(t, order, 10), "it may come again")
}

func eraseKeyOfMany(t *testing.T, s *subject) {
	var all []callgraph.Sighting
	for i := range 100 {
		all = append(all, s.sighted(order, i+1, i), s.sighted(chainKey("item", string(rune('A'+i))), 1, 0))
	}
	s.sight(t, all...)
	require.NoError(t, s.EraseKey(t.Context(), order))
	require.Empty(t, s.sightings(t, order))
	require.Len(t, s.keysOf(t, 1), 100)
	require.Empty(t, s.keysOf(t, 2))
	require.Len(t, s.linked(t, chainKey("item", "A"), 1000), 99)
}

// givenUp is a context that is cancelled once it was asked some times.
type givenUp struct {
	context.Context
	asked atomic.Int32
	after int32
}

func (c *givenUp) Err() error {
	if c.asked.Add(1) > c.after {
		return context.Canceled
	}
	return nil
}

// eraseKeyGivenUp asks again after an erasure that was given up: while anything
// is left the key is found.
func eraseKeyGivenUp(t *testing.T, s *subject) {
	given := 0
	for after := range int32(8) {
		for i := range 5 {
			s.sight(t, s.sighted(order, i+1, i), s.sighted(chainKey("item", string(rune('A'+i))), i+1, 0))
		}
		err := s.EraseKey(&givenUp{Context: t.Context(), after: after}, order)
		left := len(s.sightings(t, order))
		for i := range 5 {
			left += len(s.linked(t, chainKey("item", string(rune('A'+i))), 10))
		}
		if err != nil {
			given++
			require.ErrorIs(t, err, context.Canceled)
		}
		if left > 0 {
			require.Error(t, err)
			require.Equal(t, []callgraph.ChainKey{order}, s.find(t, order.Value, 10))
		}
		require.NoError(t, s.EraseKey(t.Context(), order))
		require.Empty(t, s.sightings(t, order))
		require.Empty(t, s.find(t, order.Value, 10))
		for i := range 5 {
			require.Equal(t, []callgraph.ChainKey{chainKey("item", string(rune('A'+i)))}, s.keysOf(t, i+1))
		}
	}
	require.Positive(t, given)
}

func eraseClosed(t *testing.T, s *subject) {
	require.NoError(t, s.Close())
	_, err := s.EraseSpans(t.Context(), []pcommon.TraceID{traceID(1)}, nil)
	require.ErrorIs(t, err, storage.ErrClosed)
	require.ErrorIs(t, s.EraseKey(t.Context(), order), storage.ErrClosed)
}

// writeAgain writes as senders do: what the store has no room for, as its
// indexes may wait for an erasure, is sent again.
func (s *subject) writeAgain(ctx context.Context, td ptrace.Traces) error {
	for {
		_, err := s.WriteSpans(ctx, td)
		if !errors.Is(err, storage.ErrFull) || ctx.Err() != nil {
			return err
		}
		runtime.Gosched()
	}
}

// eraseConcurrently loses nothing that others write to the traces that it erases in.
func eraseConcurrently(t *testing.T, s *subject) {
	from := s.base
	inParallel(t, func(w int) error {
		for r := range 5 {
			err := s.writeAgain(t.Context(), traces(from, span{trace: r + 1, id: 2*w + 1, name: "stays"}, span{trace: r + 1, id: 2*w + 2, name: "gone"}))
			if err == nil {
				err = s.WriteSightings(t.Context(), []callgraph.Sighting{s.sighted(order, r*concurrentWriters+w+1, w), s.sighted(chainKey("item", string(rune('A'+w))), r*concurrentWriters+w+1, w)})
			}
			if err == nil && w == 0 {
				err = s.eraseGone(t.Context(), r+1)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	for r := range 5 {
		require.NoError(t, s.eraseGone(t.Context(), r+1))
		require.Equal(t, concurrentWriters, readTrace(t, s, r+1).SpanCount())
	}
	require.Len(t, s.sightings(t, order), 5*concurrentWriters)
	require.Len(t, s.linked(t, order, 1000), concurrentWriters)
}

func (s *subject) eraseGone(ctx context.Context, trace int) error {
	_, err := s.EraseSpans(ctx, []pcommon.TraceID{traceID(trace)}, func(_ pcommon.Resource, _ pcommon.InstrumentationScope, x ptrace.Span) bool {
		return x.Name() == "gone"
	})
	return err
}
