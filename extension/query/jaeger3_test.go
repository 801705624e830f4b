package query

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Grafana writes snake case and leaves times as they are; Jaeger's UI writes
// camel case and encodes.
func TestTheThirdAPIAsksTheStoreTheSameInEverySpelling(t *testing.T) {
	want := storage.Query{
		Service: callgraph.Service{Environment: "test", Name: "web"}, Operation: "GET /", Failed: true,
		Attributes:  map[string]string{"http.status_code": "500"},
		MinDuration: 10 * time.Millisecond, MaxDuration: time.Second, Limit: 7,
		Window: callgraph.Window{From: noon.Add(-time.Hour), To: noon},
	}
	const attributes = "query.attributes=%7B%22http.status_code%22:500,%22deployment.environment.name%22:%22test%22,%22otel.status_code%22:%22ERROR%22%7D"
	for spelling, query := range map[string]string{
		"snake case":    "query.service_name=web&query.operation_name=GET+/&query.duration_min=10ms&query.duration_max=1s&query.num_traces=7&query.raw_traces=true&query.start_time_min=2026-03-01T12:00:00+01:00&query.start_time_max=2026-03-01T13:00:00+01:00",
		"camel case":    "query.serviceName=web&query.operationName=GET+/&query.durationMin=10ms&query.durationMax=1s&query.searchDepth=7&query.startTimeMin=2026-03-01T11%3A00%3A00.000Z&query.startTimeMax=2026-03-01T12%3A00%3A00.000Z",
		"other numbers": "query.serviceName=web&query.operation_name=GET+/&query.durationMin=0.01s&query.duration_max=1000ms&query.search_depth=7&query.start_time_min=1772362800000000000&query.startTimeMax=now",
	} {
		for _, path := range []string{"/api/v3/traces", "/api/v3/trace-summaries"} {
			store := shop()
			w := ask(newServer(t, store), "GET", path+"?"+attributes+"&"+query)
			require.Equal(t, 200, w.Code, "%s %s: %s", path, spelling, w.Body)
			require.Equal(t, want, store.asked, "%s %s", path, spelling)
		}
	}
}

func TestTheThirdAPISearchesTheLastTwoDaysWhereNoTimesAreGiven(t *testing.T) {
	store := shop()
	ask(newServer(t, store), "GET", "/api/v3/traces?query.service_name=web")
	require.Equal(t, callgraph.Window{From: noon.Add(-48 * time.Hour), To: noon}, store.asked.Window)
	require.Equal(t, 100, store.asked.Limit)
}

func TestASearchOfTheThirdAPIHasAllSpansOfAllTraces(t *testing.T) {
	w := ask(newServer(t, shop()), "GET", "/api/v3/traces?query.service_name=web")
	var body struct{ Result json.RawMessage }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(body.Result)
	require.NoError(t, err)
	want := ptrace.NewTraces()
	for _, td := range shop().traces[1:] { // the first has a name that is no text
		td.ResourceSpans().MoveAndAppendTo(want.ResourceSpans())
	}
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool { return rs.Resource().Attributes().Len() == 0 })
	require.Equal(t, want, td)
}

func TestTheWindowOfAThirdAPITraceNarrowsShortIDs(t *testing.T) {
	store := shop()
	ask(newServer(t, store), "GET", "/api/v3/traces/0000beef?startTime=2026-03-01T12:00:00Z&end_time=2026-03-01T14:00:01+01:00")
	require.Equal(t, callgraph.Window{From: noon, To: noon.Add(time.Hour + time.Second)}, store.window)
}

func TestManyAttributesAreRefused(t *testing.T) {
	tags := map[string]string{}
	for i := range maxTags + 1 {
		tags[fmt.Sprint("key", i)] = "v"
	}
	text, err := json.Marshal(tags)
	require.NoError(t, err)
	w := ask(newServer(t, shop()), "GET", "/api/v3/traces?query.service_name=web&query.attributes="+string(text))
	require.Equal(t, 400, w.Code)
	require.Contains(t, w.Body.String(), "must be at most 32")
}

// summary of spans that lost their parents: no root, and nothing is guessed.
func TestASummaryOfAPartOfATrace(t *testing.T) {
	td := ptrace.NewTraces()
	id := pcommon.TraceID{15: 9}
	newSpan(td, "b", id, 2, 1, "late", ptrace.SpanKindServer, 2*time.Second, 3*time.Second)
	newSpan(td, "a", id, 3, 7, "early", ptrace.SpanKindServer, time.Second, 0)
	require.Equal(t, traceSummary{
		TraceID:  "00000000000000000000000000000009",
		MinStart: uint64(at(time.Second)), MaxEnd: uint64(at(3 * time.Second)), SpanCount: 2, OrphanSpanCount: 2,
		Services: []serviceSummary{{Name: "a", SpanCount: 1}, {Name: "b", SpanCount: 1}},
	}, summaryOf(td))
}
