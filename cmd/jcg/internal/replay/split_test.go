package replay

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"
)

// record draws resources, scopes and spans of some sizes, all named apart.
func record(t *rapid.T) ptrace.Traces {
	td := ptrace.NewTraces()
	text := func(label string, most int) string {
		return strings.Repeat("x", rapid.IntRange(0, most).Draw(t, label))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "resources") {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl(fmt.Sprint("schema", i))
		rs.Resource().Attributes().PutStr("service.name", fmt.Sprint(i, text("service", 200)))
		for j := range rapid.IntRange(0, 3).Draw(t, "scopes") {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName(fmt.Sprint(j, text("scope", 100)))
			for k := range rapid.IntRange(0, 20).Draw(t, "spans") {
				ss.Spans().AppendEmpty().SetName(fmt.Sprint(k, text("span", 400)))
			}
		}
	}
	return td
}

// lines are a record's spans with their envelopes, in order.
func lines(td ptrace.Traces) (out []string) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				service, _ := rs.Resource().Attributes().Get("service.name")
				out = append(out, fmt.Sprint(rs.SchemaUrl(), service.Str(), ss.Scope().Name(), s.Name()))
			}
		}
	}
	return out
}

func TestSplitKeepsEverySpanWithinTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		td := record(t)
		most := rapid.IntRange(0, 30).Draw(t, "most spans")
		bytes := rapid.IntRange(1500, 5000).Draw(t, "most bytes")
		var got []string
		for request := range split(td, most, bytes, func(s ptrace.Span, n int) { t.Fatalf("%s needs %d", s.Name(), n) }) {
			require.LessOrEqual(t, sizer.TracesSize(request), bytes)
			if most > 0 {
				require.LessOrEqual(t, request.SpanCount(), most)
			}
			got = append(got, lines(request)...)
		}
		require.Equal(t, lines(td), got)
	})
}

func TestSplitRefusesWhatFitsNowhere(t *testing.T) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, n := range []int{10, 1000, 20} {
		spans.AppendEmpty().SetName(strings.Repeat("x", n))
	}
	var refused, sent []int
	for request := range split(td, 0, 500, func(s ptrace.Span, bytes int) { refused = append(refused, len(s.Name())) }) {
		for s := range spansOf(request) {
			sent = append(sent, len(s.Name()))
		}
	}
	require.Equal(t, []int{1000}, refused)
	require.Equal(t, []int{10, 20}, sent)
}

func TestSplitStops(t *testing.T) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range 10 {
		spans.AppendEmpty()
	}
	n := 0
	for range split(td, 2, MaxRequest, nil) {
		if n++; n == 2 {
			break
		}
	}
	require.Equal(t, 2, n)
}
