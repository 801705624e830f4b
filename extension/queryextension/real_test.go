package queryextension

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

// stored is what was sent of the traces that are asked for: every span by itself,
// with its scope and resource, as JSON, by trace.
type stored map[pcommon.TraceID][]string

// asked is one in 32 traces: the JSON of all spans would take more than a GiB
// under the race detector.
func asked(id pcommon.TraceID) bool { return id[15]%32 == 0 }

// enough of the file's 64,151 spans have every service.
const enough = 12_000

func (s stored) add(t *testing.T, td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if id := span.TraceID(); asked(id) {
					s[id] = append(s[id], alone(t, rs, ss, span))
				}
			}
		}
	}
}

func alone(t *testing.T, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) string {
	td := ptrace.NewTraces()
	r := td.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(r.Resource())
	r.SetSchemaUrl(rs.SchemaUrl())
	s := r.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(s.Scope())
	s.SetSchemaUrl(ss.SchemaUrl())
	span.CopyTo(s.Spans().AppendEmpty())
	text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return string(text)
}

func TestRealTracesComeBackAsTheyWere(t *testing.T) {
	root := os.Getenv("JCG_TRACES")
	if root == "" {
		t.Skip("JCG_TRACES is not set: no real traces to ask for")
	}
	backend, err := pebble.Open(pebble.Options{Directory: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, backend.Close()) })
	sent, spans := stored{}, 0
	for td, err := range otlpdump.Files(filepath.Join(root, "otel-demo", "astronomy-oteltraces.zst")) {
		require.NoError(t, err)
		sent.add(t, td)
		_, err := backend.WriteSpans(t.Context(), td)
		require.NoError(t, err)
		if spans += td.SpanCount(); spans >= enough {
			break
		}
	}
	e := create(t, nil)
	start(t, e, backend)

	var services struct{ Data []string }
	require.Equal(t, 200, ask(t, e, "/api/services", &services))
	require.Len(t, services.Data, 11)

	require.Greater(t, len(sent), 50)
	for id, want := range sent {
		sameAsOTLP(t, e, id, want)
		sameInJaeger(t, e, id, want)
	}
}

// sameAsOTLP: every span in every field.
func sameAsOTLP(t *testing.T, e *Extension, id pcommon.TraceID, want []string) {
	var answer struct{ Result json.RawMessage }
	require.Equal(t, 200, ask(t, e, "/api/v3/traces/"+id.String(), &answer))
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(answer.Result)
	require.NoError(t, err)
	got := stored{}
	got.add(t, td)
	require.ElementsMatch(t, want, got[id])
}

// sameInJaeger: names, times and parents at a microsecond's precision.
func sameInJaeger(t *testing.T, e *Extension, id pcommon.TraceID, want []string) {
	var answer struct {
		Data []struct {
			Spans []struct {
				TraceID, SpanID, OperationName, ProcessID string
				StartTime, Duration                       int64
				References                                []struct{ RefType, SpanID string }
			}
			Processes map[string]struct{ ServiceName string }
		}
	}
	require.Equal(t, 200, ask(t, e, "/api/traces/"+id.String(), &answer))
	require.Len(t, answer.Data, 1)
	const shown = "%s %s/%s of %q: %s at %d for %d µs"
	var expected, got []string
	for _, text := range want {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(text))
		require.NoError(t, err)
		rs := td.ResourceSpans().At(0)
		service, _ := rs.Resource().Attributes().Get("service.name")
		s := rs.ScopeSpans().At(0).Spans().At(0)
		from, to := s.StartTimestamp().AsTime(), s.EndTimestamp().AsTime()
		expected = append(expected, fmt.Sprintf(shown, service.Str(), s.TraceID(), s.SpanID(), s.ParentSpanID(), s.Name(), from.UnixMicro(), to.Sub(from).Microseconds()))
	}
	for _, s := range answer.Data[0].Spans {
		parent := ""
		for _, r := range s.References {
			if r.RefType == "CHILD_OF" {
				parent = r.SpanID
			}
		}
		got = append(got, fmt.Sprintf(shown, answer.Data[0].Processes[s.ProcessID].ServiceName, s.TraceID, s.SpanID, parent, s.OperationName, s.StartTime, s.Duration))
	}
	require.ElementsMatch(t, expected, got)
}
