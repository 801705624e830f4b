package storagetest

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func keyCases() []contractCase {
	return []contractCase{
		{"keys/unknown", keyUnknown},
		{"keys/traces by rising start, then ID", keyOrder},
		{"keys/pages meet without gap or overlap", keyPages},
		{"keys/written again", keyAgain},
		{"keys/the earliest start holds", keyEarliest},
		{"keys/extent", keyExtent},
		{"keys/environments are apart", keyEnvironments},
		{"keys/of a trace, in order", keysOfTrace},
		{"keys/found by value, in order", keysByValue},
		{"keys/found by kind and value, whatever other kinds there are", keysByKind},
		{"keys/links within and across calls", keyLinks},
		{"keys/links, many of a trace", keyLinksOfMany},
		{"keys/links, limited", keyLinksLimited},
		{"keys/any bytes", keyBytes},
		{"keys/not valid", keyInvalid},
		{"keys/more than a trace may carry", keyTooMany},
		{"keys/the answer belongs to the caller", keyAnswerIsOwned},
		{"keys/a prefix is another key", keyPrefixes},
		{"keys/closed", keyClosed},
	}
}

func chainKey(kind, value string) callgraph.ChainKey {
	return callgraph.ChainKey{Kind: kind, Value: value}
}

var order = chainKey("order", "4711")

// sighted is a sighting of a numbered trace, that many seconds after the base.
func (s *subject) sighted(k callgraph.ChainKey, trace int, seconds int) callgraph.Sighting {
	return callgraph.Sighting{Key: k, TraceID: traceID(trace), Start: s.base.Add(time.Duration(seconds) * time.Second)}
}

// byPlace sorts sightings as readers get them.
func byPlace(all []callgraph.Sighting) {
	slices.SortFunc(all, func(x, y callgraph.Sighting) int {
		return cmp.Or(x.Start.Compare(y.Start), slices.Compare(x.TraceID[:], y.TraceID[:]))
	})
}

func (s *subject) sight(t *testing.T, sightings ...callgraph.Sighting) {
	t.Helper()
	require.NoError(t, s.WriteSightings(t.Context(), sightings))
}

func (s *subject) sightings(t *testing.T, k callgraph.ChainKey) []callgraph.Sighting {
	t.Helper()
	found, err := s.Sightings(t.Context(), k, storage.Place{}, 1<<20)
	require.NoError(t, err)
	return found
}

func (s *subject) extent(t *testing.T, k callgraph.ChainKey) storage.Extent {
	t.Helper()
	x, err := s.KeyExtent(t.Context(), k)
	require.NoError(t, err)
	return x
}

func (s *subject) keysOf(t *testing.T, trace int) []callgraph.ChainKey {
	t.Helper()
	keys, err := s.KeysOf(t.Context(), traceID(trace))
	require.NoError(t, err)
	return keys
}

func (s *subject) find(t *testing.T, value string, limit int) []callgraph.ChainKey {
	t.Helper()
	return s.findOfKind(t, "", value, limit)
}

func (s *subject) findOfKind(t *testing.T, kind, value string, limit int) []callgraph.ChainKey {
	t.Helper()
	keys, err := s.FindKeys(t.Context(), kind, value, limit)
	require.NoError(t, err)
	return keys
}

// linked are the keys linked with one; each is named by a trace that carries both.
func (s *subject) linked(t *testing.T, k callgraph.ChainKey, limit int) (keys []callgraph.ChainKey) {
	t.Helper()
	links, err := s.Links(t.Context(), k, limit)
	require.NoError(t, err)
	for _, l := range links {
		both, err := s.KeysOf(t.Context(), l.TraceID)
		require.NoError(t, err)
		require.Contains(t, both, k)
		require.Contains(t, both, l.Key)
		keys = append(keys, l.Key)
	}
	return keys
}

func keyUnknown(t *testing.T, s *subject) {
	require.Empty(t, s.sightings(t, order))
	require.Zero(t, s.extent(t, order))
	require.Empty(t, s.keysOf(t, 1))
	require.Empty(t, s.linked(t, order, 10))
	require.Empty(t, s.find(t, order.Value, 10))
}

func keyOrder(t *testing.T, s *subject) {
	want := []callgraph.Sighting{s.sighted(order, 4, -7200), s.sighted(order, 9, 0), s.sighted(order, 1, 5), s.sighted(order, 2, 5), s.sighted(order, 3, 5)}
	want[1].Start = want[1].Start.Add(time.Nanosecond)
	for _, i := range []int{3, 0, 4, 2, 1} {
		s.sight(t, want[i])
	}
	byPlace(want)
	require.Equal(t, want, s.sightings(t, order))
}

func keyPages(t *testing.T, s *subject) {
	var want []callgraph.Sighting
	for i := range 100 {
		want = append(want, s.sighted(order, i+1, i/3))
	}
	s.sight(t, want...)
	byPlace(want)
	s.sight(t, s.sighted(chainKey("order", "4710"), 1, 0), s.sighted(chainKey("order", "4712"), 1, 0))
	for _, limit := range []int{1, 7, 100, 101} {
		var all []callgraph.Sighting
		for after := (storage.Place{}); ; {
			page, err := s.Sightings(t.Context(), order, after, limit)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), limit)
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
			last := page[len(page)-1]
			after = storage.Place{Start: last.Start.UnixNano(), TraceID: last.TraceID}
		}
		require.Equal(t, want, all, "pages of %d", limit)
	}
	none, err := s.Sightings(t.Context(), order, storage.Place{}, 0)
	require.NoError(t, err)
	require.Empty(t, none)
}

func keyAgain(t *testing.T, s *subject) {
	payment := chainKey("payment", "p1")
	for range 3 {
		s.sight(t, s.sighted(order, 1, 1), s.sighted(payment, 1, 1), s.sighted(order, 1, 1))
	}
	require.Equal(t, []callgraph.Sighting{s.sighted(order, 1, 1)}, s.sightings(t, order))
	require.Equal(t, []callgraph.ChainKey{order, payment}, s.keysOf(t, 1))
	require.Equal(t, 1, s.extent(t, order).Traces)
}

func keyEarliest(t *testing.T, s *subject) {
	for _, seconds := range []int{5, 3, 4, -100, 7} {
		s.sight(t, s.sighted(order, 1, seconds))
	}
	s.sight(t, s.sighted(order, 2, 9), s.sighted(order, 2, 8), s.sighted(order, 2, 10))
	want := []callgraph.Sighting{s.sighted(order, 1, -100), s.sighted(order, 2, 8)}
	require.Equal(t, want, s.sightings(t, order))
	require.Equal(t, storage.Extent{Traces: 2, First: want[0].Start.UnixNano(), Last: want[1].Start.UnixNano()}, s.extent(t, order))
}

func keyExtent(t *testing.T, s *subject) {
	s.sight(t, s.sighted(order, 1, 30), s.sighted(order, 2, 10), s.sighted(order, 3, 20), s.sighted(chainKey("order", "47110"), 4, 0))
	require.Equal(t, storage.Extent{
		Traces: 3, First: s.base.Add(10 * time.Second).UnixNano(), Last: s.base.Add(30 * time.Second).UnixNano(),
	}, s.extent(t, order))
}

func keyEnvironments(t *testing.T, s *subject) {
	test := order
	test.Environment = "test"
	s.sight(t, s.sighted(order, 1, 1), s.sighted(test, 2, 2))
	require.Equal(t, []callgraph.Sighting{s.sighted(order, 1, 1)}, s.sightings(t, order))
	require.Equal(t, []callgraph.Sighting{s.sighted(test, 2, 2)}, s.sightings(t, test))
	require.Equal(t, []callgraph.ChainKey{order, test}, s.find(t, "4711", 10))
	require.Empty(t, s.linked(t, order, 10))
}

func keysOfTrace(t *testing.T, s *subject) {
	keys := []callgraph.ChainKey{
		chainKey("order", "1"), chainKey("order", "10"), chainKey("order", "2"), {Environment: "test", Kind: "order", Value: "2"}, chainKey("payment", "0"),
	}
	for _, i := range []int{4, 1, 3, 0, 2} {
		s.sight(t, s.sighted(keys[i], 1, 1))
	}
	s.sight(t, s.sighted(chainKey("order", "of another trace"), 2, 1))
	require.Equal(t, keys, s.keysOf(t, 1))
}

func keysByValue(t *testing.T, s *subject) {
	want := []callgraph.ChainKey{
		chainKey("order", "4711"), {Environment: "test", Kind: "order", Value: "4711"}, chainKey("orders", "4711"), chainKey("payment", "4711"),
	}
	for i := range want {
		for trace := range 3 {
			s.sight(t, s.sighted(want[3-i], trace+1, trace))
		}
	}
	s.sight(t, s.sighted(chainKey("order", "47110"), 1, 1), s.sighted(chainKey("order", "471"), 1, 1), s.sighted(chainKey("4711", "order"), 1, 1))
	require.Equal(t, want, s.find(t, "4711", 10))
	require.Equal(t, want[:2], s.find(t, "4711", 2))
	require.Empty(t, s.find(t, "4711", 0))
	require.Empty(t, s.find(t, "", 10))
}

func keysByKind(t *testing.T, s *subject) {
	want := []callgraph.ChainKey{order, {Environment: "test", Kind: "order", Value: "4711"}}
	all := []callgraph.Sighting{s.sighted(want[0], 1, 1), s.sighted(want[1], 2, 1)}
	for _, kind := range []string{"a", "b", "orde", "orders", "order\x00"} {
		all = append(all, s.sighted(chainKey(kind, "4711"), 3, 1))
	}
	s.sight(t, append(all, s.sighted(chainKey("order", "47"), 3, 1))...)
	require.Equal(t, want, s.findOfKind(t, "order", "4711", 2))
	require.Equal(t, want, s.findOfKind(t, "order", "4711", 10))
	require.Equal(t, want[:1], s.findOfKind(t, "order", "4711", 1))
	require.Empty(t, s.findOfKind(t, "order", "4711", 0))
	require.Empty(t, s.findOfKind(t, "ord", "4711", 10))
	require.Empty(t, s.findOfKind(t, "order", "", 10))
}

func keyLinks(t *testing.T, s *subject) {
	payment, waybill, other := chainKey("payment", "p1"), chainKey("waybill", "w1"), chainKey("order", "4712")
	s.sight(t, s.sighted(order, 1, 1), s.sighted(payment, 1, 1))
	s.sight(t, s.sighted(payment, 2, 2))
	s.sight(t, s.sighted(waybill, 2, 2))
	s.sight(t, s.sighted(other, 3, 3))
	require.Equal(t, []callgraph.ChainKey{payment}, s.linked(t, order, 10))
	require.Equal(t, []callgraph.ChainKey{order, waybill}, s.linked(t, payment, 10))
	require.Equal(t, []callgraph.ChainKey{payment}, s.linked(t, waybill, 10))
	require.Empty(t, s.linked(t, other, 10))
}

// keyLinksOfMany has more keys in a trace than are worth a link each.
func keyLinksOfMany(t *testing.T, s *subject) {
	var keys []callgraph.ChainKey
	for i := range 100 {
		keys = append(keys, chainKey("order", "o"+strings.Repeat("x", i)))
		s.sight(t, s.sighted(keys[i], 1, 1))
	}
	elsewhere := chainKey("payment", "p")
	s.sight(t, s.sighted(keys[3], 2, 1), s.sighted(elsewhere, 2, 1))
	for _, i := range []int{0, 3, 15, 16, 17, 99} {
		want := slices.Delete(slices.Clone(keys), i, i+1)
		if i == 3 {
			want = append(want, elsewhere)
		}
		require.Equal(t, want, s.linked(t, keys[i], 1000))
	}
}

func keyLinksLimited(t *testing.T, s *subject) {
	var want []callgraph.ChainKey
	for i := range 10 {
		want = append(want, chainKey("payment", string(rune('a'+i))))
		s.sight(t, s.sighted(order, i+1, i), s.sighted(want[i], i+1, i))
	}
	require.Equal(t, want[:4], s.linked(t, order, 4))
	require.Empty(t, s.linked(t, order, 0))
	require.Equal(t, want, s.linked(t, order, 10))
}

func keyBytes(t *testing.T, s *subject) {
	values := []string{"\x00", "\x00\x00", "\x00\x01", "\x00\xff", "a\x00", "a\x00\x01b", "a/b:c\"d\\", "\xff\xfe", "ümläut 😀", strings.Repeat("\x00", callgraph.MaxKeyValue)}
	for i, v := range values {
		k := callgraph.ChainKey{Environment: v, Kind: v[:min(len(v), callgraph.MaxKeyKind)], Value: v}
		s.sight(t, s.sighted(k, i+1, 1))
		require.Equal(t, []callgraph.Sighting{s.sighted(k, i+1, 1)}, s.sightings(t, k))
		require.Equal(t, []callgraph.ChainKey{k}, s.keysOf(t, i+1))
		require.Equal(t, []callgraph.ChainKey{k}, s.find(t, v, 10))
	}
}

func keyInvalid(t *testing.T, s *subject) {
	for _, c := range []struct {
		key  callgraph.ChainKey
		says string
	}{
		{chainKey("order", strings.Repeat("x", callgraph.MaxKeyValue+1)), "value has 257 bytes, it must have 1 to 256"},
		{chainKey("order", ""), "value has 0 bytes"},
		{chainKey("", "x"), "kind has 0 bytes"},
		{chainKey(strings.Repeat("x", callgraph.MaxKeyKind+1), "x"), "kind has 65 bytes, it must have 1 to 64"},
		{callgraph.ChainKey{Environment: strings.Repeat("x", 257), Kind: "order", Value: "x"}, "environment has 257 bytes"},
	} {
		err := s.WriteSightings(t.Context(), []callgraph.Sighting{s.sighted(order, 1, 1), s.sighted(c.key, 1, 1)})
		require.ErrorContains(t, err, c.says)
	}
	err := s.WriteSightings(t.Context(), []callgraph.Sighting{s.sighted(order, 1, 1), {Key: order}})
	require.ErrorContains(t, err, "zero trace ID")
	require.Empty(t, s.sightings(t, order), "nothing was written")
	longest := callgraph.ChainKey{
		Environment: strings.Repeat("e", callgraph.MaxKeyEnvironment), Kind: strings.Repeat("k", callgraph.MaxKeyKind), Value: strings.Repeat("v", callgraph.MaxKeyValue),
	}
	s.sight(t, s.sighted(longest, 1, 1))
	require.Len(t, s.sightings(t, longest), 1)
}

func keyTooMany(t *testing.T, s *subject) {
	var all []callgraph.Sighting
	for i := range storage.MaxTraceKeys + 5 {
		all = append(all, s.sighted(chainKey("order", string(rune('0'+i/100))+string(rune('0'+i%100))), 1, 1))
	}
	for range 2 {
		s.sight(t, all...)
	}
	require.Len(t, s.keysOf(t, 1), storage.MaxTraceKeys)
	require.Len(t, s.sightings(t, all[0].Key), 1)
	require.Empty(t, s.sightings(t, all[len(all)-1].Key))
	s.sight(t, s.sighted(all[0].Key, 1, -5))
	require.Equal(t, []callgraph.Sighting{s.sighted(all[0].Key, 1, -5)}, s.sightings(t, all[0].Key), "one that is there may become earlier")
}

func keyAnswerIsOwned(t *testing.T, s *subject) {
	want := s.sighted(order, 1, 1)
	s.sight(t, want)
	s.sightings(t, order)[0].TraceID = pcommon.TraceID{}
	s.keysOf(t, 1)[0] = callgraph.ChainKey{}
	require.Equal(t, []callgraph.Sighting{want}, s.sightings(t, order))
	require.Equal(t, []callgraph.ChainKey{order}, s.keysOf(t, 1))
}

func keyPrefixes(t *testing.T, s *subject) {
	keys := []callgraph.ChainKey{
		{Environment: "", Kind: "ab", Value: "c"}, {Environment: "", Kind: "a", Value: "bc"}, {Environment: "c", Kind: "b", Value: "a"}, {Environment: "b", Kind: "c", Value: "a"},
	}
	for i, k := range keys {
		s.sight(t, s.sighted(k, i+1, i))
	}
	for i, k := range keys {
		require.Equal(t, []callgraph.Sighting{s.sighted(k, i+1, i)}, s.sightings(t, k))
	}
}

func keyClosed(t *testing.T, s *subject) {
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.WriteSightings(t.Context(), []callgraph.Sighting{s.sighted(order, 1, 1)}), storage.ErrClosed)
	_, err := s.Sightings(t.Context(), order, storage.Place{}, 1)
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = s.KeyExtent(t.Context(), order)
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = s.KeysOf(t.Context(), traceID(1))
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = s.Links(t.Context(), order, 1)
	require.ErrorIs(t, err, storage.ErrClosed)
	_, err = s.FindKeys(t.Context(), "", "4711", 1)
	require.ErrorIs(t, err, storage.ErrClosed)
}
