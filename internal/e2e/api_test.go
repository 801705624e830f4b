package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func (r *run) mustTrace(t *testing.T, id pcommon.TraceID) ptrace.Traces {
	t.Helper()
	td, err := r.Trace(t.Context(), id)
	require.NoError(t, err)
	return td
}

// spansOf are a trace's spans by their IDs.
func spansOf(td ptrace.Traces) map[pcommon.SpanID]ptrace.Span {
	all := map[pcommon.SpanID]ptrace.Span{}
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				all[s.SpanID()] = s
			}
		}
	}
	return all
}
