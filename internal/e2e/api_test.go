package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// trace reads a trace back through Jaeger's v3 API.
func (r *run) trace(ctx context.Context, id pcommon.TraceID) (ptrace.Traces, error) {
	body, err := r.get(ctx, portQuery, "/api/v3/traces/"+id.String())
	if err != nil {
		return ptrace.Traces{}, err
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return ptrace.Traces{}, fmt.Errorf("decode trace %s: %w", id, err)
	}
	return (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(answer.Result)
}

func (r *run) mustTrace(t *testing.T, id pcommon.TraceID) ptrace.Traces {
	t.Helper()
	td, err := r.trace(t.Context(), id)
	require.NoError(t, err)
	return td
}

// spansOf are the names of a trace's spans by their IDs.
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

// callsFrom are the calls of a service in the last hour, by callee.
func (r *run) callsFrom(ctx context.Context, caller string) (map[string]uint64, error) {
	end := time.Now().Add(time.Minute).UnixMilli()
	body, err := r.get(ctx, portQuery, fmt.Sprintf("/api/dependencies?endTs=%d&lookback=%d", end, time.Hour.Milliseconds()))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data []struct {
			Parent, Child string
			CallCount     uint64
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("decode dependencies: %w", err)
	}
	calls := map[string]uint64{}
	for _, d := range answer.Data {
		if d.Parent == caller {
			calls[d.Child] += d.CallCount
		}
	}
	return calls, nil
}

// metric sums the samples of one of the collector's own metrics whose line
// contains all labels.
func (r *run) metric(ctx context.Context, name string, labels ...string) (float64, error) {
	body, err := r.get(ctx, portSelf, "/metrics")
	if err != nil {
		return 0, err
	}
	sum, found := 0.0, false
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, name) || !containsAll(line, labels) {
			continue
		}
		var v float64
		if _, err := fmt.Sscan(line[strings.LastIndexByte(strings.TrimSpace(line), ' ')+1:], &v); err != nil {
			return 0, fmt.Errorf("sample %q: %w", line, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("no metric %s with %v", name, labels)
	}
	return sum, nil
}

func containsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
