package jaegercompare

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
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

// recorded is how many spans of the demo shop are sent.
const recorded = 500

func TestAnswersDifferFromJaegersInDeclaredWaysOnly(t *testing.T) {
	theirs, ours := startJaeger(t), startOurs(t)
	start := time.Now().Add(-10 * time.Minute).Truncate(time.Microsecond)
	td := quirks(start)
	send(t, td, theirs, ours)
	eventually(t, "calls that only their client saw are counted", nil, func() bool { // the collector waits for the callee
		code, text, err := ours.ask(t.Context(), "/api/dependencies")
		return err == nil && code == http.StatusOK && bytes.Contains(text, []byte("postgresql"))
	})
	unused := ask(t, theirs, ours, append(questions(start, td), special(start)...))
	require.Empty(t, slices.Sorted(maps.Keys(unused)), "differences that are declared and were not seen")
}

func TestAnswersAboutRealTracesDifferFromJaegersInDeclaredWaysOnly(t *testing.T) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		t.Skip("JCG_TRACES is not set: no real traces to compare by")
	}
	theirs, ours := startJaeger(t), startOurs(t)
	var requests []ptrace.Traces
	n := 0
	for request, err := range otlpdump.Files(filepath.Join(root, "otel-demo", "astronomy-oteltraces.zst")) {
		require.NoError(t, err)
		requests = append(requests, request)
		if n += request.SpanCount(); n >= recorded {
			break
		}
	}
	start := endAt(requests, time.Now().Add(-time.Minute))
	all := ptrace.NewTraces()
	for _, td := range requests {
		send(t, td, theirs, ours)
		td.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	ask(t, theirs, ours, questions(start, all))
}

// endAt shifts all times so that the newest span begins at the given time. It
// returns when the oldest begins.
func endAt(requests []ptrace.Traces, end time.Time) (start time.Time) {
	newest, oldest := pcommon.Timestamp(0), ^pcommon.Timestamp(0)
	for _, td := range requests {
		for s := range spans(td) {
			newest, oldest = max(newest, s.StartTimestamp()), min(oldest, s.StartTimestamp())
		}
	}
	by := pcommon.NewTimestampFromTime(end.Truncate(time.Microsecond)) - newest/1000*1000
	for _, td := range requests {
		for s := range spans(td) {
			s.SetStartTimestamp(s.StartTimestamp() + by)
			s.SetEndTimestamp(s.EndTimestamp() + by)
			for _, e := range s.Events().All() {
				e.SetTimestamp(e.Timestamp() + by)
			}
		}
	}
	return (oldest + by).AsTime()
}

// send returns once both can be asked about all traces of td. Jaeger does not
// wait until it has written what it acknowledges.
func send(t *testing.T, td ptrace.Traces, servers ...server) {
	t.Helper()
	for _, s := range servers {
		s.send(t, td)
		for id := range traceIDs(td) {
			eventually(t, s.name+" holds "+id, nil, func() bool { return s.holds(t.Context(), id) })
		}
	}
}

// ask compares both answers to each question. It returns the declared
// differences that it did not see.
func ask(t *testing.T, theirs, ours server, questions []string) (unused map[string]bool) {
	t.Helper()
	unused = map[string]bool{}
	for _, d := range declared {
		unused[d.name] = true
	}
	undeclared := map[string]bool{}
	for _, q := range questions {
		for _, d := range differencesOf(q, theirs.answer(t, q), ours.answer(t, q)) {
			name := declaration(d)
			delete(unused, name)
			if name == "" && !undeclared[d.kind()] && len(undeclared) < 40 {
				undeclared[d.kind()] = true
				t.Errorf("undeclared: %s", d)
			}
		}
	}
	t.Logf("%d questions", len(questions))
	return unused
}

func differencesOf(question string, theirs, ours answer) (all []difference) {
	found := func(path string, x, y any) { all = append(all, difference{question, path, x, y}) }
	if theirs.status != ours.status {
		found("status", theirs.status, ours.status)
		return all
	}
	if theirs.status >= http.StatusBadRequest {
		return nil // the words are their own; extension/query tests ours
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
	for service, operations := range names(td) {
		all = append(all, aboutService(start, service)...)
		for operation := range operations {
			all = append(all, search(start, "service", service, "operation", operation))
		}
	}
	ids := slices.Sorted(maps.Keys(traceIDs(td)))
	for _, id := range ids[:min(100, len(ids))] {
		all = append(all, "/api/traces/"+id, "/api/v3/traces/"+id)
	}
	slices.Sort(all)
	return all
}

func aboutService(start time.Time, service string) []string {
	e := url.QueryEscape(service)
	return []string{
		"/api/services/" + url.PathEscape(service) + "/operations", "/api/operations?service=" + e, "/api/operations?spanKind=server&service=" + e,
		"/api/v3/operations?service=" + e, "/api/v3/operations?span_kind=client&service=" + e,
		search(start, "service", service), search(start, "service", service, "tags", `{"error":"true"}`),
		search(start, "service", service, "minDuration", "10ms"), search(start, "service", service, "maxDuration", "20ms"),
		search3(start, "query.service_name", service),
	}
}

// names are the operations of each service that has a name.
func names(td ptrace.Traces) map[string]map[string]bool {
	services := map[string]map[string]bool{}
	for _, rs := range td.ResourceSpans().All() {
		name, named := rs.Resource().Attributes().Get("service.name")
		if !named {
			continue
		}
		if services[name.AsString()] == nil {
			services[name.AsString()] = map[string]bool{}
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				services[name.AsString()][s.Name()] = true
			}
		}
	}
	return services
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
