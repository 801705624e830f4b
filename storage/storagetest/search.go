package storagetest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func searchCases() []contractCase {
	return []contractCase{
		{"search/nothing found is no error", searchNothing},
		{"search/no condition accepts all", searchAll},
		{"search/service", searchService},
		{"search/operation", searchOperation},
		{"search/attribute of span, scope or resource", searchAttributeOwners},
		{"search/attribute of every type by its string", searchAttributeTypes},
		{"search/attributes of events are not searched", searchEventAttributes},
		{"search/conditions meet in one span", searchOneSpan},
		{"search/failed", searchFailed},
		{"search/durations with their bounds", searchDurations},
		{"search/window", searchWindow},
		{"search/newest first", searchOrder},
		{"search/start is that of the newest match", searchNewestMatch},
		{"search/limit", searchLimit},
		{"search/written is found at once", searchAtOnce},
		{"search/equals a scan", searchEqualsScan},
	}
}

func search(t *testing.T, b storage.TraceReader, q storage.Query) []storage.Match {
	t.Helper()
	found, err := b.Search(t.Context(), q)
	require.NoErrorf(t, err, "search %+v", q)
	return found
}

// searchNumbers are the numbers, up to most, of the traces found, in order.
func searchNumbers(t *testing.T, b storage.TraceReader, most int, q storage.Query) []int {
	t.Helper()
	numbers := []int{}
	for _, m := range search(t, b, q) {
		numbers = append(numbers, numberOf(t, m.TraceID, most))
	}
	return numbers
}

func numberOf(t *testing.T, id pcommon.TraceID, most int) int {
	t.Helper()
	for n := 1; n <= most; n++ {
		if traceID(n) == id {
			return n
		}
	}
	require.Failf(t, "unknown trace", "%s", id)
	return 0
}

func searchNothing(t *testing.T, s *subject) {
	require.Empty(t, search(t, s, storage.Query{Limit: 1}))
	write(t, s, traces(s.base, span{trace: 1, id: 1, service: "web"}))
	require.Empty(t, search(t, s, storage.Query{Service: callgraph.Service{Name: "cart"}, Limit: 1}))
	require.Empty(t, search(t, s, storage.Query{Attributes: map[string]string{"no": "such"}, Limit: 1}))
}

func searchAll(t *testing.T, s *subject) {
	write(t, s, traces(s.base, span{trace: 1, id: 1}, span{trace: 2, id: 2, at: time.Second, service: "web"}))
	require.Equal(t, []int{2, 1}, searchNumbers(t, s, 2, storage.Query{Limit: 10}))
}

func searchService(t *testing.T, s *subject) {
	write(t, s, traces(s.base,
		span{trace: 1, id: 1, at: 1, service: "web"},
		span{trace: 2, id: 2, at: 2, service: "web", resource: place("prod", "shop")},
		span{trace: 3, id: 3, at: 3, service: "web", resource: place("prod", "desk")},
		span{trace: 4, id: 4, at: 4, service: "web", resource: place("test", "shop")},
		span{trace: 5, id: 5, at: 5, service: "cart", resource: place("prod", "shop")},
		span{trace: 6, id: 6, at: 6, service: "web", resource: map[string]any{callgraph.EnvironmentKeyOlder: "older"}},
		span{trace: 7, id: 7, at: 7},
	))
	for _, c := range []struct {
		service callgraph.Service
		want    []int
	}{
		{callgraph.Service{Name: "web"}, []int{6, 4, 3, 2, 1}},
		{callgraph.Service{Name: "web", Environment: "prod"}, []int{3, 2}},
		{callgraph.Service{Name: "web", Namespace: "shop"}, []int{4, 2}},
		{callgraph.Service{Name: "web", Environment: "prod", Namespace: "shop"}, []int{2}},
		{callgraph.Service{Environment: "prod", Namespace: "shop"}, []int{5, 2}},
		{callgraph.Service{Name: "web", Environment: "older"}, []int{6}},
		{callgraph.Service{Name: callgraph.UnknownService}, []int{7}},
		{callgraph.Service{Name: "we"}, []int{}},
	} {
		require.Equal(t, c.want, searchNumbers(t, s, 7, storage.Query{Service: c.service, Limit: 10}), "%+v", c.service)
	}
}

func place(environment, namespace string) map[string]any {
	return map[string]any{"deployment.environment.name": environment, "service.namespace": namespace}
}

func searchOperation(t *testing.T, s *subject) {
	write(t, s, traces(s.base,
		span{trace: 1, id: 1, at: 1, service: "web", name: "GET /"},
		span{trace: 2, id: 2, at: 2, service: "cart", name: "GET /"},
		span{trace: 3, id: 3, at: 3, service: "cart", name: "GET"},
		span{trace: 4, id: 4, at: 4, service: "web", name: "POST /"}, span{trace: 4, id: 5, at: 5, service: "cart", name: "GET /"},
	))
	require.Equal(t, []int{4, 2, 1}, searchNumbers(t, s, 4, storage.Query{Operation: "GET /", Limit: 10}))
	q := storage.Query{Service: callgraph.Service{Name: "web"}, Operation: "GET /", Limit: 10}
	require.Equal(t, []int{1}, searchNumbers(t, s, 4, q), "service and operation of one span")
}

func searchAttributeOwners(t *testing.T, s *subject) {
	tag := map[string]any{"tag": "v"}
	write(t, s, traces(s.base,
		span{trace: 1, id: 1, at: 1, attributes: tag},
		span{trace: 2, id: 2, at: 2, scope: tag},
		span{trace: 3, id: 3, at: 3, resource: tag},
		span{trace: 4, id: 4, at: 4, attributes: map[string]any{"tag": "w", "v": "tag"}},
	))
	require.Equal(t, []int{3, 2, 1}, searchNumbers(t, s, 4, storage.Query{Attributes: map[string]string{"tag": "v"}, Limit: 10}))
}

func searchAttributeTypes(t *testing.T, s *subject) {
	td := traces(s.base, span{trace: 1, id: 1}, span{trace: 2, id: 2})
	m := spanAt(td, 0).Attributes()
	putEveryValue(m)
	write(t, s, td)
	for k, v := range m.All() {
		q := storage.Query{Attributes: map[string]string{k: v.AsString()}, Limit: 10}
		require.Equal(t, []int{1}, searchNumbers(t, s, 2, q), "%q = %q", k, v.AsString())
		q.Attributes[k] += "?"
		require.Empty(t, search(t, s, q), "%q = %q", k, q.Attributes[k])
	}
}

func searchEventAttributes(t *testing.T, s *subject) {
	td := traces(s.base, span{trace: 1, id: 1})
	spanAt(td, 0).Events().AppendEmpty().Attributes().PutStr("exception.type", "E")
	write(t, s, td)
	require.Empty(t, search(t, s, storage.Query{Attributes: map[string]string{"exception.type": "E"}, Limit: 10}))
}

// searchOneSpan has many spans with one tag and many with another, in the same
// traces, and one trace where both meet.
func searchOneSpan(t *testing.T, s *subject) {
	var all []span
	for i := range 200 {
		all = append(all,
			span{trace: i + 1, id: 1, at: time.Duration(i), name: "a", attributes: map[string]any{"left": "yes"}},
			span{trace: i + 1, id: 2, at: time.Duration(i), name: "b", resource: map[string]any{"right": "yes"}})
	}
	all = append(all, span{trace: 77, id: 3, attributes: map[string]any{"left": "yes"}, resource: map[string]any{"right": "yes"}, failed: true})
	write(t, s, traces(s.base, all...))
	both := map[string]string{"left": "yes", "right": "yes"}
	require.Equal(t, []int{77}, searchNumbers(t, s, 200, storage.Query{Attributes: both, Limit: 10}))
	require.Empty(t, search(t, s, storage.Query{Attributes: both, Operation: "a", Limit: 10}))
	require.Empty(t, search(t, s, storage.Query{Attributes: map[string]string{"left": "yes"}, Operation: "b", Limit: 10}))
	require.Empty(t, search(t, s, storage.Query{Attributes: both, Failed: true, Operation: "b", Limit: 10}))
	require.Equal(t, []int{77}, searchNumbers(t, s, 200, storage.Query{Attributes: map[string]string{"right": "yes"}, Failed: true, Limit: 10}))
}

func searchFailed(t *testing.T, s *subject) {
	td := traces(s.base, span{trace: 1, id: 1, at: 1}, span{trace: 2, id: 2, at: 2, failed: true}, span{trace: 3, id: 3, at: 3})
	spanAt(td, 2).Status().SetCode(ptrace.StatusCodeOk)
	write(t, s, td)
	require.Equal(t, []int{2}, searchNumbers(t, s, 3, storage.Query{Failed: true, Limit: 10}))
	require.Equal(t, []int{3, 2, 1}, searchNumbers(t, s, 3, storage.Query{Limit: 10}))
}

// searchDurations has spans of 1 to 10 ms; both bounds are inclusive.
func searchDurations(t *testing.T, s *subject) {
	var all []span
	for i := range 10 {
		all = append(all, span{trace: i + 1, id: 1, at: time.Duration(i), lasts: time.Duration(i+1) * time.Millisecond})
	}
	all = append(all, span{trace: 11, id: 1, at: -1, lasts: -time.Hour})
	write(t, s, traces(s.base, all...))
	const ms = time.Millisecond
	for _, c := range []struct {
		least, most time.Duration
		want        []int
	}{
		{8 * ms, 0, []int{10, 9, 8}},
		{8*ms + 1, 0, []int{10, 9}},
		{0, 2 * ms, []int{2, 1, 11}},
		{0, 2*ms - 1, []int{1, 11}},
		{4 * ms, 5 * ms, []int{5, 4}},
		{4*ms + 1, 5*ms - 1, []int{}},
		{time.Hour, 0, []int{}},
	} {
		q := storage.Query{MinDuration: c.least, MaxDuration: c.most, Limit: 20}
		require.Equal(t, c.want, searchNumbers(t, s, 11, q), "%v to %v", c.least, c.most)
	}
}

func searchWindow(t *testing.T, s *subject) {
	from := s.base
	write(t, s, traces(from,
		span{trace: 1, id: 1, at: 0, lasts: time.Hour},
		span{trace: 2, id: 2, at: 10 * time.Second},
		span{trace: 3, id: 3, at: 20 * time.Second},
	))
	w := callgraph.Window{From: from.Add(1), To: from.Add(20 * time.Second)}
	require.Equal(t, []int{2}, searchNumbers(t, s, 3, storage.Query{Window: w, Limit: 10}))
	w.From, w.To = from, w.To.Add(1)
	require.Equal(t, []int{3, 2, 1}, searchNumbers(t, s, 3, storage.Query{Window: w, Limit: 10}))
}

// searchOrder writes in an order that is not that of the starts.
func searchOrder(t *testing.T, s *subject) {
	for _, i := range []int{3, 1, 5, 2, 4} {
		write(t, s, traces(s.base, span{trace: i, id: 1, at: time.Duration(i) * time.Second, name: "op"}))
	}
	require.Equal(t, []int{5, 4, 3, 2, 1}, searchNumbers(t, s, 5, storage.Query{Operation: "op", Limit: 10}))
}

func searchNewestMatch(t *testing.T, s *subject) {
	from := s.base
	write(t, s, traces(from, span{trace: 1, id: 1, at: 1, name: "op"}, span{trace: 2, id: 2, at: 2, name: "op"}))
	write(t, s, traces(from, span{trace: 1, id: 3, at: 3, name: "op"}, span{trace: 1, id: 4, at: 9, name: "other"}))
	found := search(t, s, storage.Query{Operation: "op", Limit: 10})
	require.Len(t, found, 2)
	require.Equal(t, traceID(1), found[0].TraceID)
	require.True(t, from.Add(3).Equal(found[0].Start), "%v", found[0].Start)
	found = search(t, s, storage.Query{Operation: "op", Window: callgraph.Window{From: from, To: from.Add(3)}, Limit: 10})
	require.Equal(t, []pcommon.TraceID{traceID(2), traceID(1)}, []pcommon.TraceID{found[0].TraceID, found[1].TraceID})
	require.True(t, from.Add(1).Equal(found[1].Start), "a span outside the window does not count")
}

// searchLimit has more spans than traces, so that a limit of spans shows.
func searchLimit(t *testing.T, s *subject) {
	for i := range 30 {
		at := time.Duration(i)
		write(t, s, traces(s.base, span{trace: i/3 + 1, id: i + 1, at: at, name: "op"}))
	}
	require.Equal(t, []int{10, 9, 8, 7}, searchNumbers(t, s, 10, storage.Query{Operation: "op", Limit: 4}))
	require.Len(t, search(t, s, storage.Query{Operation: "op", Limit: 1}), 1)
	require.Len(t, search(t, s, storage.Query{Operation: "op", Limit: math.MaxInt32}), 10)
}

func searchAtOnce(t *testing.T, s *subject) {
	for i := 1; i <= 50; i++ {
		tag := map[string]any{"n": int64(i)}
		write(t, s, traces(s.base, span{trace: i, id: 1, attributes: tag}))
		q := storage.Query{Attributes: map[string]string{"n": fmt.Sprint(i)}, Limit: 1}
		require.Equal(t, []int{i}, searchNumbers(t, s, 50, q))
	}
}

// ordered reports whether matches are newest first.
func ordered(found []storage.Match) bool {
	return slices.IsSortedFunc(found, func(a, b storage.Match) int { return b.Start.Compare(a.Start) })
}
