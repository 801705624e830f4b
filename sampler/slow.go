package sampler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Slow keeps spans that took at least the limit of their operation, or that of
// all others. No limit, or one of 0, keeps none.
type Slow struct {
	Limit      time.Duration            // of operations that are not named
	Operations map[string]time.Duration // by span name
}

// Keep implements Keep.
func (s Slow) Keep(f Facts) bool {
	limit, ok := s.Operations[f.Operation]
	if !ok {
		limit = s.Limit
	}
	return limit > 0 && f.Duration >= limit
}

// String implements Keep.
func (s Slow) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.Operations)) {
		fmt.Fprintf(&b, "%s from %s, ", name, s.Operations[name])
	}
	if s.Limit > 0 {
		fmt.Fprintf(&b, "any from %s, ", s.Limit)
	}
	return "slow (" + strings.TrimSuffix(b.String(), ", ") + ")"
}
