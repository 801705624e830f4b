package dependencyprocessor

import (
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/wholechain"
)

const (
	meterName = "github.com/jcallgraph/jcallgraph/processor/dependencyprocessor"
	prefix    = "jcallgraph.dependency."
)

// stats is all that the processor's own metrics are made of.
type stats struct {
	observer   dependency.Stats
	chains     wholechain.Stats
	kept, owed int64
	flushed    uint64
	failed     uint64
}

func (p *dependencyProcessor) stats() *stats {
	s := &stats{}
	s.observer = p.observer.Stats()
	if p.chains != nil {
		s.chains = p.chains.Stats()
	}
	s.kept, s.owed = p.keeper.kept.Load(), p.keeper.owed.Load()
	s.flushed, s.failed = p.keeper.flushed.Load(), p.keeper.failed.Load()
	return s
}

// metrics are the processor's own.
var metrics = ownmetric.Set[*stats]{
	ownmetric.Gauge(prefix+"spans.held", "{span}", "Spans that wait for the rest of their local trace.", func(s *stats) uint64 { return uint64(s.observer.Spans) }),
	ownmetric.Gauge(prefix+"sites.known", "{site}", "Call sites that are known.", func(s *stats) uint64 { return uint64(s.observer.Sites) }),
	ownmetric.Gauge(prefix+"records.pending", "{record}", "Records of evidence that are not written yet.", func(s *stats) uint64 { return uint64(s.observer.Pending) + uint64(s.owed) }),
	ownmetric.Gauge(prefix+"records.kept", "{record}", "Written records at hand.", func(s *stats) uint64 { return uint64(s.kept) }),
	ownmetric.Gauge(prefix+"chains.waiting", "{chain}", "Chains that wait to be read.", func(s *stats) uint64 { return uint64(s.chains.Waiting) }),
	ownmetric.Sum(prefix+"traces.judged", "{trace}", "Local traces that were whole.", func(s *stats) uint64 { return s.observer.Judged }),
	ownmetric.Sum(prefix+"spans.duplicate", "{span}", "Spans that had come before.", func(s *stats) uint64 { return s.observer.Duplicates }),
	ownmetric.Sum(prefix+"spans.evicted", "{span}", "Spans that went for want of room: max_spans was met.", func(s *stats) uint64 { return s.observer.Evicted }),
	ownmetric.Sum(prefix+"sites.refused", "{observation}", "Observations of call sites for which there was no room.", func(s *stats) uint64 { return s.observer.SitesRefused }),
	ownmetric.Sum(prefix+"sites.evicted", "{site}", "Call sites that went for others.", func(s *stats) uint64 { return s.observer.SitesEvicted }),
	ownmetric.Sum(prefix+"flushes", "{flush}", "Times that new evidence was written, or was to be.", func(s *stats) uint64 { return s.flushed }),
	ownmetric.Sum(prefix+"flushes.failed", "{flush}", "Flushes that failed; what they carried is written again.", func(s *stats) uint64 { return s.failed }),
	ownmetric.Sum(prefix+"chains.read", "{chain}", "Chains that were whole and told something.", func(s *stats) uint64 { return s.chains.Read }),
	ownmetric.Sum(prefix+"chains.overflowed", "{chain}", "Chains that went unread: too many waited.", func(s *stats) uint64 { return s.chains.Overflow }),
	ownmetric.Tally(prefix+"traces.passed", "{trace}", "Local traces, or calls of them, that gave no evidence.", func(s *stats) map[string]uint64 {
		passed := map[string]uint64{}
		for r, n := range s.observer.Passed {
			passed[strength.Reason(r).String()] = n
		}
		return passed
	}),
	ownmetric.Tally(prefix+"chains.refused", "{chain}", "Chains that were not whole, or no fair sample, and told nothing.", func(s *stats) map[string]uint64 {
		refused := map[string]uint64{}
		for r := wholechain.Gone; int(r) < wholechain.Refusals; r++ {
			refused[r.String()] = s.chains.Refused[r]
		}
		return refused
	}),
}
