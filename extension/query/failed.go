package query

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jcallgraph/jcallgraph/storage"
)

// errorTag says in Jaeger's API that a span failed. A span has it by its
// status; some, such as Envoy's, by an attribute of that name alone.
const errorTag = "error"

func failedTag(key, value string) bool { return key == errorTag && value == "true" }

// matches asks the store. It asks twice for spans that failed, as either a
// status or an attribute may say so.
func (s *Server) matches(ctx context.Context, q storage.Query) ([]storage.Match, error) {
	found, err := s.options.Backend.Search(ctx, q)
	if err != nil || !failedTag(errorTag, q.Attributes[errorTag]) {
		return found, err
	}
	q.Attributes = maps.Clone(q.Attributes)
	delete(q.Attributes, errorTag)
	q.Failed = true
	byStatus, err := s.options.Backend.Search(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("by status: %w", err)
	}
	return newest(slices.Concat(found, byStatus), q.Limit), nil
}

// newest are the matches that began last, each trace once.
func newest(all []storage.Match, limit int) []storage.Match {
	slices.SortStableFunc(all, func(a, b storage.Match) int { return b.Start.Compare(a.Start) })
	seen := map[[16]byte]bool{}
	all = slices.DeleteFunc(all, func(m storage.Match) bool {
		again := seen[m.TraceID]
		seen[m.TraceID] = true
		return again
	})
	return all[:min(limit, len(all))]
}
