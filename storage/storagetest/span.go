package storagetest

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// span describes a span as briefly as a case needs it. IDs are small numbers;
// at counts from the case's base time.
type span struct {
	trace, id, parent int
	service           string
	name              string
	kind              ptrace.SpanKind
	at, lasts         time.Duration
	failed            bool
	attributes        map[string]any
	scope, resource   map[string]any
}

func traceID(n int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:8], 0xfeed)
	binary.BigEndian.PutUint64(id[8:], uint64(n)*0x9e3779b97f4a7c15)
	return id
}

func spanID(n int) (id pcommon.SpanID) {
	if n != 0 {
		binary.BigEndian.PutUint64(id[:], uint64(n)+0xab00)
	}
	return id
}

// traces builds a request of the spans, each with a resource of its own.
func traces(from time.Time, spans ...span) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, s := range spans {
		s.appendTo(td, from)
	}
	return td
}

func (s span) appendTo(td ptrace.Traces, from time.Time) {
	rs := td.ResourceSpans().AppendEmpty()
	putAll(rs.Resource().Attributes(), s.resource)
	rs.Resource().Attributes().PutStr("service.name", s.service)
	ss := rs.ScopeSpans().AppendEmpty()
	putAll(ss.Scope().Attributes(), s.scope)
	p := ss.Spans().AppendEmpty()
	p.SetTraceID(traceID(s.trace))
	p.SetSpanID(spanID(s.id))
	p.SetParentSpanID(spanID(s.parent))
	p.SetName(s.name)
	p.SetKind(s.kind)
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(from.Add(s.at)))
	p.SetEndTimestamp(pcommon.NewTimestampFromTime(from.Add(s.at + s.lasts)))
	if s.failed {
		p.Status().SetCode(ptrace.StatusCodeError)
	}
	putAll(p.Attributes(), s.attributes)
}

func putAll(m pcommon.Map, values map[string]any) {
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if err := m.PutEmpty(k).FromRaw(values[k]); err != nil {
			panic(err)
		}
	}
}

func write(t *testing.T, b storage.SpanWriter, td ptrace.Traces) {
	t.Helper()
	_, err := b.WriteSpans(t.Context(), td)
	require.NoError(t, err)
}

// fingerprints are the spans of td as canonical bytes, each with its own
// resource and scope, sorted: two requests hold the same spans, bit for bit,
// when these are equal.
func fingerprints(t *testing.T, td ptrace.Traces) []string {
	t.Helper()
	var all []string
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				all = append(all, fingerprint(t, rs, ss, s))
			}
		}
	}
	slices.Sort(all)
	return all
}

func fingerprint(t *testing.T, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) string {
	t.Helper()
	one := ptrace.NewTraces()
	r := one.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(r.Resource())
	r.SetSchemaUrl(rs.SchemaUrl())
	sc := r.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(sc.Scope())
	sc.SetSchemaUrl(ss.SchemaUrl())
	s.CopyTo(sc.Spans().AppendEmpty())
	b, err := new(ptrace.ProtoMarshaler).MarshalTraces(one)
	require.NoError(t, err)
	return string(b)
}

// requireSame fails unless both hold the same spans bit for bit.
func requireSame(t *testing.T, want, got ptrace.Traces) {
	t.Helper()
	w, g := fingerprints(t, want), fingerprints(t, got)
	if slices.Equal(w, g) {
		return
	}
	require.Equal(t, asJSON(t, want), asJSON(t, got))
	require.Equal(t, w, g)
}

func asJSON(t *testing.T, td ptrace.Traces) string {
	t.Helper()
	b, err := new(ptrace.JSONMarshaler).MarshalTraces(td)
	require.NoError(t, err)
	return string(b)
}

func readTrace(t *testing.T, b storage.TraceReader, n int) ptrace.Traces {
	t.Helper()
	td, err := b.Trace(t.Context(), traceID(n))
	require.NoErrorf(t, err, "read trace %d", n)
	return td
}

// around is a window that holds all that starts within d of from.
func around(from time.Time, d time.Duration) callgraph.Window {
	return callgraph.Window{From: from.Add(-d), To: from.Add(d)}
}
