package calltree_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

// FuzzTraces takes OTLP from outside: no panic, every span in the tree once,
// the same calls whether the spans come together or one by one.
func FuzzTraces(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		input, _, _ := strings.Cut(string(text), "----\n")
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(treescript.Parse(f, input).Traces(-1))
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
		if err != nil {
			t.Skip()
		}
		requireTree(t, td)
		require.Equal(t, tally(calltree.Calls(td)), tally(oneByOne(t, td)))
	})
}

func oneByOne(t *testing.T, td ptrace.Traces) []callgraph.Call {
	var batches []ptrace.Traces
	for _, resource := range td.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				one := ptrace.NewTraces()
				r := one.ResourceSpans().AppendEmpty()
				resource.Resource().CopyTo(r.Resource())
				span.CopyTo(r.ScopeSpans().AppendEmpty().Spans().AppendEmpty())
				batches = append(batches, one)
			}
		}
	}
	calls, _ := join(t, batches)
	return calls
}

// FuzzSplits lets the fuzzer draw what TestAnySplitGivesTheSameCalls draws.
func FuzzSplits(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(splitGivesTheSameCalls))
}
