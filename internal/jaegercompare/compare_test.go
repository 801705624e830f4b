package jaegercompare

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

// recorded is how many requests of the demo shop are sent.
const recorded = 300

func TestAnswersDifferFromJaegersInDeclaredWaysOnly(t *testing.T) {
	theirs, ours := startJaeger(t), startOurs(t)
	start := time.Now().Add(-10 * time.Minute).Truncate(time.Microsecond)
	td := quirks(start)
	unused := ask(t, theirs, ours, td, append(questions(start, td), special(start)...))
	require.Empty(t, slices.Sorted(maps.Keys(unused)), "differences that are declared and were not seen")
}

func TestAnswersAboutRealTracesDifferFromJaegersInDeclaredWaysOnly(t *testing.T) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		t.Skip("JCG_TRACES is not set: no real traces to compare by")
	}
	theirs, ours := startJaeger(t), startOurs(t)
	td := ptrace.NewTraces()
	requests := 0
	for request, err := range otlpdump.Files(filepath.Join(root, "otel-demo", "astronomy-oteltraces.zst")) {
		require.NoError(t, err)
		request.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
		if requests++; requests == recorded {
			break
		}
	}
	start := endAt(td, time.Now().Add(-time.Minute))
	ask(t, theirs, ours, td, questions(start, td))
}

// endAt shifts all times so that the newest span begins at the given time. It
// returns when the oldest begins.
func endAt(td ptrace.Traces, end time.Time) (start time.Time) {
	newest, oldest := pcommon.Timestamp(0), ^pcommon.Timestamp(0)
	for s := range spans(td) {
		newest, oldest = max(newest, s.StartTimestamp()), min(oldest, s.StartTimestamp())
	}
	by := pcommon.NewTimestampFromTime(end.Truncate(time.Microsecond)) - newest/1000*1000
	for s := range spans(td) {
		s.SetStartTimestamp(s.StartTimestamp() + by)
		s.SetEndTimestamp(s.EndTimestamp() + by)
		for _, e := range s.Events().All() {
			e.SetTimestamp(e.Timestamp() + by)
		}
	}
	return (oldest + by).AsTime()
}

// ask sends both the same and compares their answers. It returns the declared
// differences that it did not see.
func ask(t *testing.T, theirs, ours server, td ptrace.Traces, questions []string) (unused map[string]bool) {
	t.Helper()
	for _, s := range []server{theirs, ours} {
		s.send(t, td)
		for id := range traceIDs(td) {
			eventually(t, s.name+" holds "+id, nil, func() bool { return s.holds(t.Context(), id) })
		}
	}
	unused = map[string]bool{}
	for _, d := range declared {
		unused[d.name] = true
	}
	undeclared := 0
	for _, q := range questions {
		a, b := theirs.answer(t, q), ours.answer(t, q)
		for _, d := range differencesOf(q, a, b) {
			name := declaration(d)
			delete(unused, name)
			if name == "" && undeclared < 30 {
				undeclared++
				t.Errorf("undeclared: %s", d)
			}
		}
	}
	t.Logf("%d questions about %d spans", len(questions), td.SpanCount())
	return unused
}

func differencesOf(question string, theirs, ours answer) (all []difference) {
	found := func(path string, x, y any) { all = append(all, difference{question, path, x, y}) }
	if theirs.status != ours.status {
		found("status", theirs.status, ours.status)
		return all
	}
	compare("", normal(flat(theirs.body)), normal(flat(ours.body)), found)
	return all
}

func spans(td ptrace.Traces) func(func(ptrace.Span) bool) {
	return func(yield func(ptrace.Span) bool) {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if !yield(s) {
						return
					}
				}
			}
		}
	}
}

func traceIDs(td ptrace.Traces) map[string]bool {
	ids := map[string]bool{}
	for s := range spans(td) {
		id := s.TraceID()
		ids[hex.EncodeToString(id[:])] = true
	}
	return ids
}

// questions are asked of any traces: everything that can be listed, and each
// trace; of searches those that find all that there is.
func questions(start time.Time, td ptrace.Traces) []string {
	all := []string{"/api/services", "/api/v3/services"}
	operations := map[[2]string]bool{}
	for _, rs := range td.ResourceSpans().All() {
		name, named := rs.Resource().Attributes().Get("service.name")
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				operations[[2]string{name.AsString(), s.Name()}] = named
			}
		}
	}
	services := map[string]bool{}
	for o, named := range operations {
		if !named {
			continue
		}
		services[o[0]] = true
		all = append(all, search(start, "service", o[0], "operation", o[1]))
	}
	for s := range services {
		e := url.QueryEscape(s)
		all = append(all, "/api/services/"+url.PathEscape(s)+"/operations", "/api/operations?service="+e, "/api/operations?spanKind=server&service="+e,
			"/api/v3/operations?service="+e, "/api/v3/operations?span_kind=client&service="+e,
			search(start, "service", s), search(start, "service", s, "tags", `{"error":"true"}`),
			search(start, "service", s, "minDuration", "10ms"), search(start, "service", s, "maxDuration", "20ms"),
			search3(start, "query.service_name", s))
	}
	for _, id := range slices.Sorted(maps.Keys(traceIDs(td)))[:min(100, len(traceIDs(td)))] {
		all = append(all, "/api/traces/"+id, "/api/v3/traces/"+id)
	}
	slices.Sort(all)
	return all
}

// search is of all traces that begin at start or after.
func search(start time.Time, parameters ...string) string {
	v := values(parameters)
	v.Set("start", fmt.Sprint(start.Add(-time.Minute).UnixMicro()))
	v.Set("end", fmt.Sprint(start.Add(time.Hour).UnixMicro()))
	v.Set("limit", "1500")
	return "/api/traces?" + v.Encode()
}

func search3(start time.Time, parameters ...string) string {
	v := values(parameters)
	v.Set("query.start_time_min", start.Add(-time.Minute).Format(time.RFC3339Nano))
	v.Set("query.start_time_max", start.Add(time.Hour).Format(time.RFC3339Nano))
	v.Set("query.num_traces", "1500")
	return "/api/v3/traces?" + v.Encode()
}

func values(pairs []string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// special are questions about the quirks, and those that have no answer.
func special(start time.Time) []string {
	window := fmt.Sprintf("&start=%d&end=%d&limit=1500", start.Add(-time.Minute).UnixMicro(), start.Add(time.Hour).UnixMicro())
	known := hex.EncodeToString([]byte{0: 0x4a, 7: 1, 15: 1})
	all := []string{
		"/api/traces/ab000000000000cd", "/api/v3/traces/ab000000000000cd", // a 64-bit ID
		"/api/traces/" + known + "?raw=true", "/api/v3/traces/" + known + "?raw_traces=true",
		"/api/traces/77", "/api/v3/traces/77", "/api/traces/nonsense", "/api/v3/traces/nonsense", "/api/traces/00000000000000000000000000000000",
		"/api/traces/" + known + "?start=soon", "/api/v3/traces/" + known + "?start_time=soon", "/api/v3/traces/" + known + "?raw_traces=perhaps",
		"/api/traces?traceID=" + known, "/api/traces?traceID=77", "/api/traces?traceID=nonsense",
		"/api/services/nobody/operations", "/api/operations", "/api/operations?service=nobody", "/api/operations?service=web&spanKind=sideways",
		"/api/v3/operations", "/api/v3/operations?service=nobody", "/api/v3/operations?service=web&span_kind=sideways",
		"/api/traces", "/api/traces?service=nobody" + window, "/api/traces?service=web&start=soon", "/api/traces?service=web&end=soon",
		"/api/traces?service=web&limit=many", "/api/traces?service=web&limit=0", "/api/traces?service=web&limit=-1",
		"/api/traces?service=web&minDuration=long", "/api/traces?service=web&minDuration=2s&maxDuration=1s", "/api/traces?service=web&tags=nonsense",
		"/api/traces?service=web&tag=nonsense", "/api/traces?service=web&tags=" + url.QueryEscape(`{"a":["b"]}`),
		"/api/v3/traces", "/api/v3/traces?query.service_name=web", "/api/v3/traces?query.service_name=web&query.start_time_min=soon&query.start_time_max=later",
		search3(start, "query.service_name", "nobody"), search3(start, "query.service_name", "web", "query.duration_min", "long"),
		search3(start, "query.service_name", "web", "query.duration_min", "10ms"), search3(start, "query.service_name", "cart", "query.operation_name", "SELECT"),
		"/api/dependencies", "/api/dependencies?endTs=soon", "/api/dependencies?lookback=long",
		fmt.Sprintf("/api/dependencies?endTs=%d&lookback=7200000", start.Add(time.Hour).UnixMilli()),
		fmt.Sprintf("/api/dependencies?endTs=%d&lookback=7200000&service=cart", start.Add(time.Hour).UnixMilli()),
		"/api/v3/trace-summaries?" + search3(start, "query.service_name", "web")[len("/api/v3/traces?"):],
		"/api/metrics/calls?service=web", "/api/nothing",
	}
	for _, tags := range []string{
		`{"http.route":"/cart"}`, `{"bool":"false"}`, `{"int":"-7"}`, `{"int.large":"9223372036854775807"}`, `{"double":"0.25"}`, `{"double.whole":"3"}`,
		`{"empty":""}`, `{"bytes":"AP8="}`, `{"list":"[\"a\"]"}`, `{"map":"{\"k\":1}"}`, `{"host.name":"host-of-web"}`, `{"span.kind":"server"}`,
		`{"error":"true"}`, `{"error":"false"}`, `{"otel.status_code":"ERROR"}`, `{"exception.type":"OutOfStock"}`, `{"deployment.environment.name":"staging"}`,
		`{"http.route":"/cart","host.name":"host-of-web"}`, `{"http.route":"/cart","absent":"x"}`, `{"otel.scope.name":"instrumentation"}`,
	} {
		all = append(all, search(start, "service", "web", "tags", tags), search(start, "service", "cart", "tags", tags))
	}
	return append(all, search(start, "service", "envoy", "tags", `{"error":"true"}`), search(start, "service", "web", "tag", "http.route:/cart"))
}
