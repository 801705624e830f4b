package collectortest

import (
	"context"
	"fmt"
	"time"
)

// CallsFrom are the calls of a service in the last hour, by callee, as Jaeger's
// API has them.
func (r *Run) CallsFrom(ctx context.Context, caller string) (map[string]uint64, error) {
	var answer struct {
		Data []struct {
			Parent, Child string
			CallCount     uint64
		}
	}
	end := time.Now().Add(time.Minute).UnixMilli()
	path := fmt.Sprintf("/api/dependencies?endTs=%d&lookback=%d", end, time.Hour.Milliseconds())
	if err := r.GetJSON(ctx, path, &answer); err != nil {
		return nil, err
	}
	calls := map[string]uint64{}
	for _, d := range answer.Data {
		if d.Parent == caller {
			calls[d.Child] += d.CallCount
		}
	}
	return calls, nil
}
