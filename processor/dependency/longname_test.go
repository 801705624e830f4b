package dependency_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// TestSitesOfOddNamesHaveOneID whoever names them: spans as they come, or stored ones.
func TestSitesOfOddNamesHaveOneID(t *testing.T) {
	long := strings.Repeat("é", 400)
	for name, odd := range map[string]string{"long": long, "no text": "a\xff\xfeb", "both": strings.Repeat("\xff", 600), "cut within a character": strings.Repeat("x", 511) + "é"} {
		t.Run(name, func(t *testing.T) {
			td := failing(t, "one", "GET")
			resource, spans := td.ResourceSpans().At(0), td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
			resource.Resource().Attributes().PutStr("service.name", odd)
			for i := range spans.Len() {
				spans.At(i).SetName(odd)
			}
			spans.At(1).Attributes().PutStr("server.address", odd)
			o := dependency.New(dependency.Options{})
			o.Add(td, start)
			records := o.Take(10)
			require.Len(t, records, 1)
			require.Equal(t, records[0].Site.ID(), records[0].Key.Site)

			locals := localtrace.Of(calltree.Build(td))
			require.Len(t, locals, 1)
			require.Len(t, locals[0].Calls, 1)
			require.Equal(t, records[0].Site, locals[0].Calls[0].Site)
			require.Equal(t, records[0].Key.Site, locals[0].Calls[0].Site.ID())
		})
	}
}

// TestWhatIsHeldOfLongNamesIsShort: the bound on names bounds their bytes, too.
func TestWhatIsHeldOfLongNamesIsShort(t *testing.T) {
	const names, length = 20, 1 << 20
	o := dependency.New(dependency.Options{})
	before := heap()
	for i := range names {
		td := failing(t, "one", "GET")
		spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for j := range spans.Len() {
			spans.At(j).SetName(string(rune('a'+i)) + strings.Repeat("x", length))
			spans.At(j).SetTraceID([16]byte{byte(i + 1)})
		}
		spans.At(1).Attributes().PutStr("server.address", string(rune('a'+i))+strings.Repeat("x", length))
		o.Add(td, start)
	}
	require.Len(t, o.Take(100), names)
	require.Less(t, int64(heap())-int64(before), int64(names*length/4))
	require.NotZero(t, o.Stats().Judged)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools held goes with the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
