package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// post sends a body to the OTLP/HTTP receiver and returns the status.
func (r *run) post(t *testing.T, contentType string, body []byte) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL(portHTTP, "/v1/traces"), bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// oneSpan is a trace of one span that the test then spoils.
func oneSpan(id byte) (ptrace.Traces, ptrace.Span) {
	td := ptrace.NewTraces()
	s := service(td, "shop").AppendEmpty()
	s.SetTraceID(pcommon.TraceID{0: 0xba, 15: id})
	s.SetSpanID(pcommon.SpanID{7: id})
	s.SetName("GET /item")
	s.SetKind(ptrace.SpanKindServer)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(time.Millisecond)))
	return td, s
}

func TestInput(t *testing.T) {
	r := start(t, t.TempDir())
	t.Run("malformed is refused", func(t *testing.T) { malformed(t, r) })
	t.Run("zero IDs are refused and counted", func(t *testing.T) { zeroIDs(t, r) })
	t.Run("strange but valid comes back as it was", func(t *testing.T) { strange(t, r) })
	t.Run("invalid UTF-8 is accepted or refused, never lost", func(t *testing.T) { invalidUTF8(t, r) })
	t.Run("credentials are not stored", func(t *testing.T) { credentials(t, r) })
	t.Run("too large is refused", func(t *testing.T) { tooLarge(t, r) })
	r.WaitHealthy()
}

func malformed(t *testing.T, r *run) {
	require.Equal(t, http.StatusBadRequest, r.post(t, "application/json", []byte(`{"resourceSpans": [`)))
	require.Equal(t, http.StatusBadRequest, r.post(t, "application/json", []byte(`{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}`)))
	require.Equal(t, http.StatusBadRequest, r.post(t, "application/x-protobuf", []byte{0x0a, 0xff}))
	require.Equal(t, http.StatusUnsupportedMediaType, r.post(t, "text/plain", []byte("hello")))
}

func zeroIDs(t *testing.T, r *run) {
	td, s := oneSpan(1)
	list := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	noTrace, noSpan := list.AppendEmpty(), list.AppendEmpty()
	s.CopyTo(noTrace)
	s.CopyTo(noSpan)
	noTrace.SetTraceID(pcommon.TraceID{})
	noSpan.SetSpanID(pcommon.SpanID{})
	r.send(t, td)
	require.Len(t, spansOf(r.mustTrace(t, s.TraceID())), 1)
	for _, reason := range []string{"zero_trace_id", "zero_span_id"} {
		r.Eventually("refused spans to be counted", func(ctx context.Context) error {
			n, err := r.Metric(ctx, "jcallgraph_storage_spans_refused", `reason="`+reason+`"`)
			if err == nil && n != 1 {
				err = fmt.Errorf("refused by %s: %v", reason, n)
			}
			return err
		})
	}
}

// strange spans are what broken clocks and broken programs send.
func strange(t *testing.T, r *run) {
	day := 24 * time.Hour
	for i, spoil := range []func(ptrace.Span){
		func(s ptrace.Span) { s.SetName("") },
		func(s ptrace.Span) { s.SetEndTimestamp(s.StartTimestamp() - 1000) },
		func(s ptrace.Span) { s.SetStartTimestamp(0); s.SetEndTimestamp(0) },
		func(s ptrace.Span) { s.SetEndTimestamp(math.MaxUint64) },
		func(s ptrace.Span) { s.SetStartTimestamp(math.MaxUint64); s.SetEndTimestamp(math.MaxUint64) },
		func(s ptrace.Span) { s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-3650 * day))) },
		func(s ptrace.Span) { s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(3650 * day))) },
		func(s ptrace.Span) { s.Attributes().PutStr("large", strings.Repeat("x", 1<<20)) },
		func(s ptrace.Span) { s.SetParentSpanID(s.SpanID()) },
		func(s ptrace.Span) { s.SetKind(99) },
		func(s ptrace.Span) { s.TraceState().FromRaw("not a tracestate,,=") },
		func(s ptrace.Span) { s.Attributes().PutStr("", "no key") },
	} {
		td, s := oneSpan(byte(100 + i))
		spoil(s)
		r.send(t, td)
		got := r.mustTrace(t, s.TraceID())
		require.Equal(t, text(t, td), text(t, got), "case %d", i)
	}
}

// text is OTLP's JSON: equal for equal traces of one span.
func text(t *testing.T, td ptrace.Traces) string {
	t.Helper()
	b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return string(b)
}

// invalidUTF8 comes back byte for byte where OTLP lets it in: the JSON of the
// API can only show a replacement.
func invalidUTF8(t *testing.T, r *run) {
	td, s := oneSpan(2)
	s.SetName("GET /\xff\xfe")
	s.Attributes().PutStr("bad", "\xc3\x28")
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	require.NoError(t, err)
	if status := r.post(t, "application/x-protobuf", body); status != http.StatusOK {
		require.Equal(t, http.StatusBadRequest, status)
		return
	}
	got := spansOf(r.mustTrace(t, s.TraceID()))[s.SpanID()]
	require.Equal(t, strings.ToValidUTF8(s.Name(), "\uFFFD"), strings.ToValidUTF8(got.Name(), "\uFFFD"))
}

func credentials(t *testing.T, r *run) {
	const secret = "s3cr3t"
	td, s := oneSpan(3)
	a := s.Attributes()
	for _, key := range []string{
		"http.request.header.authorization", "http.request.header.cookie", "http.response.header.set-cookie",
		"http.request.header.x-api-key", "rpc.grpc.request.metadata.authorization",
	} {
		a.PutEmptySlice(key).AppendEmpty().SetStr(secret)
	}
	a.PutStr("http.request.header.accept", "text/html")
	a.PutStr("url.full", "https://user:"+secret+"@example.com/item?id=7&token="+secret+"&page=2#top")
	a.PutStr("http.url", "https://user:"+secret+"@example.com/item?API_KEY="+secret)
	a.PutStr("url.query", "id=7&password="+secret)
	a.PutStr("http.target", "/item?access_token="+secret+"&id=7")
	r.send(t, td)
	got := r.mustTrace(t, s.TraceID())
	require.NotContains(t, text(t, got), secret)
	for _, kept := range []string{"text/html", "example.com/item?id=7", "page=2#top", "id=7"} {
		require.Contains(t, text(t, got), kept)
	}
}

func tooLarge(t *testing.T, r *run) {
	td, s := oneSpan(4)
	s.Attributes().PutStr("huge", strings.Repeat("x", 17<<20))
	require.ErrorContains(t, r.export(t, td), "ResourceExhausted")
}
