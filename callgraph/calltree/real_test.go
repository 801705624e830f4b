package calltree_test

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

// realTraces reads dumps of the folder JCG_TRACES; without it the test skips.
func realTraces(t testing.TB, patterns ...string) (records []ptrace.Traces) {
	folder := os.Getenv("JCG_TRACES")
	if folder == "" {
		t.Skip("JCG_TRACES is not set: no real traces")
	}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for td, err := range otlpdump.Files(files...) {
			require.NoError(t, err)
			records = append(records, td)
		}
	}
	return records
}

// join is a joiner run to expiry over whole records.
func join(t testing.TB, records []ptrace.Traces) ([]callgraph.Call, calltree.Stats) {
	j := calltree.NewJoiner(calltree.Options{MaxSpans: 1 << 24})
	var yielded []callgraph.Call
	for _, td := range records {
		j.Add(td, treescript.Epoch)
		yielded = append(yielded, j.Expire(treescript.Epoch)...)
	}
	yielded = append(yielded, j.Expire(treescript.Epoch.Add(time.Minute))...)
	j.Expire(treescript.Epoch.Add(time.Minute + time.Second))
	requireNoDebts(t, yielded)
	require.Zero(t, j.Stats().Held)
	return calltree.Settled(yielded), j.Stats()
}

func countEdges(calls []callgraph.Call, caller, callee callgraph.Node) map[string]int {
	edges := map[string]int{}
	for _, c := range calls {
		if c.Edge.Caller.Node == caller && c.Edge.Callee.Node == callee {
			edges[c.Edge.Caller.Service.Name+" "+c.Edge.Caller.Name+" -> "+c.Edge.Callee.Service.Name+" "+c.Edge.Callee.Name]++
		}
	}
	return edges
}

func sum(edges map[string]int) (n int) {
	for _, count := range edges {
		n += count
	}
	return n
}

func TestOTelDemo(t *testing.T) {
	records := realTraces(t, "otel-demo/*.zst")
	calls, stats := join(t, records)
	requireTrees(t, records, calls)
	require.EqualValues(t, 64151, stats.Spans)
	require.Zero(t, stats.Duplicates)
	observed := countEdges(calls, callgraph.Observed, callgraph.Observed)
	require.Len(t, observed, 21, "%v", slices.Sorted(maps.Keys(observed)))
	require.Equal(t, 8165, observed["frontend-proxy ingress -> frontend GET"])
	require.Equal(t, 3855, observed["frontend-proxy ingress -> imageprovider imageprovider"])
	require.Equal(t, 2128, observed["frontend GET /api/recommendations -> productcatalogservice oteldemo.ProductCatalogService/GetProduct"])
	require.Equal(t, 20225, sum(observed), "a call for each server span under a client span")
	require.Equal(t, 5135, sum(countEdges(calls, callgraph.Unknown, callgraph.Observed)), "server spans with an absent parent")
	require.Equal(t, 6096+1928+108, sum(countEdges(calls, callgraph.Outside, callgraph.Observed)), "roots: server, client and internal spans")
	require.Equal(t, 1424-1, sum(countEdges(calls, callgraph.Observed, callgraph.Virtual)), "clients without a server, but for one over another client")
	serverOnly := 0
	for _, c := range calls {
		if c.Edge.Caller.Node == callgraph.Observed && !c.Client.Seen {
			serverOnly++
		}
	}
	require.Equal(t, 26, serverOnly, "second servers of a client")
}

func TestTrainTicket(t *testing.T) {
	for set, spans := range map[string]int{"fault": 321068, "faultfree": 4890} {
		t.Run(set, func(t *testing.T) {
			records := realTraces(t, "trainticket/"+set+"/*.gz")
			calls, stats := join(t, records)
			require.EqualValues(t, spans, stats.Spans)
			kinds := countKinds(records)
			require.Equal(t, kinds[ptrace.SpanKindServer], countHalves(calls), "every server span is the server half of one call")
			requireTrees(t, records, calls)
		})
	}
}

// TestCRISP has server spans only: a call for each, from the one above.
func TestCRISP(t *testing.T) {
	records := realTraces(t, "crisp/otlp/*.gz")
	calls, _ := join(t, records)
	requireTrees(t, records, calls)
	require.Len(t, calls, countKinds(records)[ptrace.SpanKindServer])
}

func countKinds(records []ptrace.Traces) map[ptrace.SpanKind]int {
	kinds := map[ptrace.SpanKind]int{}
	for _, td := range records {
		for _, n := range treeNodes(td) {
			kinds[n.Span.Kind()]++
		}
	}
	return kinds
}

func countHalves(calls []callgraph.Call) (n int) {
	for _, c := range calls {
		if c.Server.Seen {
			n++
		}
	}
	return n
}

// requireTrees builds the tree of every trace: each span once, and the trees'
// calls are those of the stream.
func requireTrees(t *testing.T, records []ptrace.Traces, streamed []callgraph.Call) {
	var calls []callgraph.Call
	traces := byTrace(records)
	oddities := map[calltree.Oddity]int{}
	for _, td := range traces {
		requireTree(t, td)
		tree := calltree.Build(td)
		calls = append(calls, tree.Calls()...)
		for _, p := range tree.Problems() {
			oddities[p.Oddity]++
		}
	}
	t.Log(len(traces), "traces", oddities)
	require.Equal(t, tally(streamed), tally(calls))
}

// tally leaves out when the spans came.
func tally(calls []callgraph.Call) map[callgraph.Call]int {
	n := map[callgraph.Call]int{}
	for _, c := range calls {
		c.Arrival = time.Time{}
		n[c]++
	}
	return n
}

func byTrace(records []ptrace.Traces) (traces []ptrace.Traces) {
	index := map[pcommon.TraceID]ptrace.Traces{}
	for _, td := range records {
		for _, resource := range td.ResourceSpans().All() {
			byTraceIn(resource, index)
		}
	}
	ids := slices.SortedFunc(maps.Keys(index), func(a, b pcommon.TraceID) int { return cmp.Compare(string(a[:]), string(b[:])) })
	for _, id := range ids {
		traces = append(traces, index[id])
	}
	return traces
}

func byTraceIn(resource ptrace.ResourceSpans, index map[pcommon.TraceID]ptrace.Traces) {
	open := map[pcommon.TraceID]ptrace.SpanSlice{}
	for _, scope := range resource.ScopeSpans().All() {
		for _, span := range scope.Spans().All() {
			spans, ok := open[span.TraceID()]
			if !ok {
				td, known := index[span.TraceID()]
				if !known {
					td = ptrace.NewTraces()
					index[span.TraceID()] = td
				}
				r := td.ResourceSpans().AppendEmpty()
				resource.Resource().CopyTo(r.Resource())
				spans = r.ScopeSpans().AppendEmpty().Spans()
				open[span.TraceID()] = spans
			}
			span.CopyTo(spans.AppendEmpty())
		}
	}
}
