package query

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// inARow is a trace in which each of "service operation" calls the next one;
// the last byte of its ID is given.
func inARow(last byte, calls ...string) ptrace.Traces {
	td := ptrace.NewTraces()
	for i, call := range calls {
		service, operation, _ := strings.Cut(call, " ")
		span := byte(2 * i)
		newSpan(td, service, pcommon.TraceID{15: last}, span+1, span, operation, ptrace.SpanKindServer, 0, time.Second)
		newSpan(td, service, pcommon.TraceID{15: last}, span+2, span+1, "send", ptrace.SpanKindClient, 0, time.Second)
	}
	return td
}

// pathsOf is the answer as lines of text.
func pathsOf(t *testing.T, store *fakeStore, query string) (lines []string) {
	w := ask(newServer(t, store), "GET", "/analytics/v1/dependencies?"+query)
	require.Equal(t, 200, w.Code, w.Body)
	var body struct{ Dependencies []callPath }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	for _, d := range body.Dependencies {
		var line []string
		for _, s := range d.Path {
			line = append(line, s.Service+" "+s.Operation)
		}
		require.Len(t, d.Attributes, 1)
		require.Equal(t, "exemplar_trace_id", d.Attributes[0].Key)
		lines = append(lines, strings.Join(line, " -> ")+" in "+d.Attributes[0].Value[30:])
	}
	return lines
}

func TestPathsGoThroughTheServiceEachOnce(t *testing.T) {
	store := &fakeStore{traces: []ptrace.Traces{
		inARow(3, "web GET", "cart add", "db insert"),
		inARow(2, "web GET", "cart add"), // the beginning of the first
		inARow(1, "app GET", "cart add", "db insert"),
		inARow(4, "web GET", "cart add", "db insert"), // the same again
		inARow(5, "web GET", "catalogue list"),        // without cart
	}}
	require.Equal(t, []string{
		"web GET -> cart add -> db insert in 03",
		"app GET -> cart add -> db insert in 01",
	}, pathsOf(t, store, "service=cart"))
	require.Equal(t, callgraph.Window{From: noon.Add(-48 * time.Hour), To: noon}, store.asked.Window)
	require.Equal(t, pathTraces, store.asked.Limit)
	require.Equal(t, []string{
		"web GET -> cart add -> db insert in 03",
		"web GET -> catalogue list in 05",
	}, pathsOf(t, store, "service=web&operation=GET"))
}

func TestPathsOfASpanThatIsNoCallAreFound(t *testing.T) {
	store := &fakeStore{traces: []ptrace.Traces{inARow(1, "web GET", "cart add")}}
	require.Equal(t, []string{"web GET -> cart add -> cart send in 01"}, pathsOf(t, store, "service=cart&operation=send"))
}

func TestPathsAreBounded(t *testing.T) {
	td := ptrace.NewTraces()
	newSpan(td, "web", pcommon.TraceID{15: 1}, 1, 0, "GET", ptrace.SpanKindServer, 0, time.Second)
	for i := range maxPaths + 10 {
		s := newSpan(td, "cart", pcommon.TraceID{15: 1}, 0, 1, fmt.Sprint("operation ", i), ptrace.SpanKindServer, 0, time.Second)
		s.SetSpanID(pcommon.SpanID{0: 1, 6: byte(i / 256), 7: byte(i)})
	}
	require.Len(t, pathsOf(t, &fakeStore{traces: []ptrace.Traces{td}}, "service=web"), maxPaths)
}
