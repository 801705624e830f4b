package wirebench

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// dump writes a recording of two services, a trace of three spans a second.
func dump(t *testing.T, traces int) string {
	td := ptrace.NewTraces()
	web, cart := spansOf(td, "web"), spansOf(td, "cart")
	for i := range traces {
		add := func(to ptrace.SpanSlice, n, parent byte) {
			s := to.AppendEmpty()
			s.SetName("op")
			s.SetTraceID(pcommon.TraceID{1, 2, byte(i), byte(i >> 8)})
			s.SetSpanID(pcommon.SpanID{n, byte(i), byte(i >> 8), 9})
			if parent > 0 {
				s.SetParentSpanID(pcommon.SpanID{parent, byte(i), byte(i >> 8), 9})
			}
			s.SetStartTimestamp(pcommon.Timestamp(1_734_093_473_000_000_000 + uint64(i)*1e9 + uint64(n)*1000))
			s.SetEndTimestamp(s.StartTimestamp() + 5000)
		}
		add(web, 1, 0)
		add(web, 2, 1)
		add(cart, 3, 2)
	}
	b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "dump.json")
	require.NoError(t, os.WriteFile(file, b, 0o600))
	return file
}

func spansOf(td ptrace.Traces, service string) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	return rs.ScopeSpans().AppendEmpty().Spans()
}

func TestFiguresOfEachCodec(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Run([]string{"-runs", "1", "-batches", "100", dump(t, 100)}, &out, &out))
	for _, name := range namesOf(own()) {
		for _, form := range forms {
			require.Contains(t, out.String(), name+"/100/"+form+"/differing_spans 0 spans\n")
		}
	}
	require.Contains(t, out.String(), "compact/100/gateway/bytes_per_span ")
}

func TestNewIDsKeepTraces(t *testing.T) {
	before, err := read([]string{dump(t, 20)})
	require.NoError(t, err)
	newIDs(1000).replace(before)
	ids, traces, parents := map[pcommon.SpanID]bool{}, map[pcommon.TraceID]int{}, 0
	before.all(func(_ pcommon.Resource, s ptrace.Span) { ids[s.SpanID()] = true })
	before.all(func(_ pcommon.Resource, s ptrace.Span) {
		require.True(t, callgraph.IsBornShort(s.TraceID()))
		traces[s.TraceID()]++
		if ids[s.ParentSpanID()] {
			parents++
		}
	})
	require.Len(t, ids, 60)
	require.Len(t, traces, 20)
	require.Equal(t, 40, parents)
}

func TestFlagsThatAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-batches", "0"}, {"-forms", "x"}, {"-codecs", "x"}, {"-n", "0"}, {"-runs", "0"}} {
		_, err := parse(append(args, "file"), &strings.Builder{}, own())
		require.Error(t, err, args)
	}
}
