package collectortest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Trace reads a trace back through Jaeger's v3 API.
func (r *Run) Trace(ctx context.Context, id pcommon.TraceID) (ptrace.Traces, error) {
	var answer struct {
		Result json.RawMessage `json:"result"`
	}
	if err := r.GetJSON(ctx, "/api/v3/traces/"+id.String(), &answer); err != nil {
		return ptrace.Traces{}, err
	}
	return (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(answer.Result)
}

// GetJSON decodes what the query API answers.
func (r *Run) GetJSON(ctx context.Context, path string, answer any) error {
	body, err := r.Get(ctx, PortQuery, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}

// Metric sums the samples of one of the collector's own metrics whose line
// contains all labels.
func (r *Run) Metric(ctx context.Context, name string, labels ...string) (float64, error) {
	body, err := r.Get(ctx, PortSelf, "/metrics")
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
