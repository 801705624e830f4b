package callgraphconnector

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/jcallgraph/jcallgraph/connector/callgraphconnector/edgecount"
	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/connector/callgraphconnector"
	prefix    = "jcallgraph.callgraph."
)

// metrics are the connector's own.
var metrics = ownmetric.Set[*edgecount.Stats]{
	ownmetric.Gauge(prefix+"spans.pending", "{span}", "Spans, and awaited parents, that the joiner holds.", func(s *edgecount.Stats) uint64 { return uint64(s.Joiner.Held) }),
	ownmetric.Gauge(prefix+"cells.open", "{cell}", "Cells that are not final.", func(s *edgecount.Stats) uint64 { return uint64(s.Table.Cells) }),
	ownmetric.Gauge(prefix+"buckets.open", "{bucket}", "Buckets that are not final.", func(s *edgecount.Stats) uint64 { return uint64(s.Table.Openings) }),
	ownmetric.Gauge(prefix+"edges.folded", "{edge}", "Edges between services that share the remainder's series in the service graph.", func(s *edgecount.Stats) uint64 { return uint64(s.Folded) }),
	ownmetric.Sum(prefix+"spans.taken", "{span}", "Spans taken in, each once, those read back after a restart among them.", func(s *edgecount.Stats) uint64 { return s.Joiner.Spans }),
	ownmetric.Sum(prefix+"spans.duplicate", "{span}", "Spans that had come before within the pairing window.", func(s *edgecount.Stats) uint64 { return s.Joiner.Duplicates }),
	ownmetric.Sum(prefix+"spans.unidentified", "{span}", "Spans without a trace or span ID.", func(s *edgecount.Stats) uint64 { return s.Joiner.Unidentified }),
	ownmetric.Sum(prefix+"spans.early", "{span}", "Spans whose wait for their other half was cut short by max_spans.", func(s *edgecount.Stats) uint64 { return s.Joiner.ExpiredEarly }),
	ownmetric.Sum(prefix+"weights.refused", "{span}", "Adjusted counts that were too great and count 1.", func(s *edgecount.Stats) uint64 { return s.Joiner.RefusedWeights }),
	ownmetric.Sum(prefix+"links.refused", "{link}", "Links of consumers beyond their bounds.", func(s *edgecount.Stats) uint64 { return s.Joiner.RefusedLinks }),
	ownmetric.Sum(prefix+"names.overflowed", "{span}", "Spans counted under the operation (other): too many names.", func(s *edgecount.Stats) uint64 { return s.Joiner.OverflowedNames }),
	ownmetric.Sum(prefix+"calls.counted", "{call}", "Calls counted.", func(s *edgecount.Stats) uint64 { return s.Table.Calls }),
	ownmetric.Sum(prefix+"calls.retracted", "{call}", "Calls taken back, because more of them was learned.", func(s *edgecount.Stats) uint64 { return s.Table.Retracted }),
	ownmetric.Sum(prefix+"calls.weight_unknown", "{call}", "Calls that count 1 since their spans do not say how they were sampled.", func(s *edgecount.Stats) uint64 { return s.Table.WeightUnknown }),
	ownmetric.Sum(prefix+"cells.folded", "{cell}", "Cells folded into those of the operation (other): max_cells was met.", func(s *edgecount.Stats) uint64 { return s.Table.Folded }),
	ownmetric.Sum(prefix+"buckets.sealed", "{bucket}", "Buckets that became final.", func(s *edgecount.Stats) uint64 { return s.Table.Sealed }),
	ownmetric.Sum(prefix+"cells.stray", "{cell}", "Changed counts of SDKs that came too late, or were too far ahead, for the service graph.", func(s *edgecount.Stats) uint64 { return s.Strays }),
	ownmetric.Sum(prefix+"spans.recounted", "{span}", "Spans read back after a restart.", func(s *edgecount.Stats) uint64 { return uint64(s.Recount.Spans) }),
	ownmetric.Tally(prefix+"calls.refused", "{call}", "Calls, or their retractions, that no cell could take.", func(s *edgecount.Stats) map[string]uint64 {
		return map[string]uint64{"full": s.Table.RefusedFull, "weight": s.Table.RefusedWeight, "stray": s.Table.RefusedStray}
	}),
}

// telemetry is the connector's own metrics while it runs.
type telemetry struct {
	metric.Registration
	failures metric.Int64Counter // of flushes
}

func observe(provider metric.MeterProvider, c *edgecount.Counter) (*telemetry, error) {
	meter := provider.Meter(meterName)
	failures, err := ownmetric.Counter(meter, prefix+"flushes.failed", "{flush}", "Flushes that failed and were, or are to be, sent again.")
	if err != nil {
		return nil, err
	}
	registration, err := metrics.Observe(meter, func() *edgecount.Stats { s := c.Stats(); return &s })
	return &telemetry{registration, failures}, err
}
