package sdk

import (
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// Status is what a provider does and did, for people and for package debug.
type Status struct {
	Service string `json:"service"`
	Policy  string `json:"policy"` // in words
	Scope   string `json:"scope"`
	IDs     string `json:"ids"`
	Storm   string `json:"storm"` // in words

	Spans  SpanStatus  `json:"spans"`
	Bodies BodyStatus  `json:"bodies"`
	Queues []Queue     `json:"queues"` // by exporter, in the order of the options
	Export Export      `json:"export"`
	Edges  EdgeStatus  `json:"edges"`
	Recent []KeptChain `json:"recent"` // newest first
}

// SpanStatus counts ended spans by what became of them.
type SpanStatus struct {
	KeptFailed uint64      `json:"kept_failed"` // kept whatever the rate, with their local traces
	KeptByRate uint64      `json:"kept_by_rate"`
	Discarded  uint64      `json:"discarded"` // by the policy
	Dropped    DroppedSpan `json:"dropped"`   // of those that were kept
	// Thinned are failed local traces that an error storm took the place of.
	Thinned uint64 `json:"storm_thinned"`
}

// DroppedSpan counts by reason.
type DroppedSpan struct {
	QueueFailed uint64 `json:"queue_full_failed"`
	QueueOthers uint64 `json:"queue_full_others"`
	Shutdown    uint64 `json:"after_shutdown"`
	Export      uint64 `json:"export_failed"`
}

// BodyStatus tells of what spans hold beside name, status and times.
type BodyStatus struct {
	InUse   int64  `json:"in_use"`
	Limit   int64  `json:"limit"`
	Refused uint64 `json:"refused"` // spans without a body
}

// Queue is what waits for an exporter.
type Queue struct {
	Exporter string `json:"exporter"` // its Go type
	Failed   int    `json:"failed"`
	Others   int    `json:"others"`
	Capacity int    `json:"capacity"` // of each of them
}

// Export tells of exports by all exporters.
type Export struct {
	Calls       uint64  `json:"calls"`
	Spans       uint64  `json:"spans"` // that were taken
	MeanSeconds float64 `json:"mean_seconds"`
}

// EdgeStatus tells of the counts of calls.
type EdgeStatus struct {
	Counted   bool        `json:"counted"`
	Cells     int64       `json:"cells"`         // counts that are held
	Edges     int64       `json:"edges"`         // that the process knows
	Intervals uint64      `json:"intervals"`     // taken to be sent
	Folded    uint64      `json:"folded"`        // calls counted under folded names
	Refused   uint64      `json:"refused"`       // intervals that the receiver did not take
	Uncertain uint64      `json:"uncertain"`     // intervals of which nobody knows whether they arrived
	Top       []EdgeCalls `json:"top,omitempty"` // by calls that were sent
}

// Status is the present state. It costs the application nothing but the call
// itself.
func (p *TracerProvider) Status() Status {
	s := Status{
		Service: p.serviceName(), Policy: p.policy.String(), Scope: p.options.scope.String(), IDs: p.idKind(), Storm: "no bound",
		Spans: p.stats.status(), Bodies: p.bodies.status(), Export: p.stats.export(), Edges: p.edges.status(), Recent: p.recent.list(),
	}
	if p.storm != nil {
		s.Storm = p.storm.String()
	}
	for _, pump := range p.pumps {
		s.Queues = append(s.Queues, pump.status())
	}
	return s
}

func (p *TracerProvider) serviceName() string {
	name, _ := p.resource.Set().Value("service.name")
	return name.AsString()
}

func (p *TracerProvider) idKind() string {
	if p.ids.generator != nil {
		return "of a generator"
	}
	return p.ids.kind.String()
}

// keepsMore reports whether a policy keeps more than its rate.
func keepsMore(p sampler.Policy) bool { return p.Keep != nil && p.Keep != sampler.Keep(sampler.None) }

func (s *stats) status() SpanStatus {
	return SpanStatus{
		KeptFailed: uint64(s.keptFailed.sum()), KeptByRate: uint64(s.keptOthers.sum()), Discarded: uint64(s.discarded.sum()),
		Dropped: DroppedSpan{s.fullFailed.Load(), s.fullOthers.Load(), s.shutdown.Load(), s.sendFailed.Load()},
		Thinned: s.stormed.Load(),
	}
}

func (s *stats) export() Export {
	e := Export{Calls: s.exports.Load(), Spans: s.sent.Load()}
	if e.Calls > 0 {
		e.MeanSeconds = time.Duration(s.exportNanos.Load()).Seconds() / float64(e.Calls)
	}
	return e
}

func (b *bodies) status() BodyStatus {
	return BodyStatus{InUse: b.inUse(), Limit: b.limit * stripes, Refused: b.refused.Load()}
}

func (p *pump) status() Queue {
	return Queue{Exporter: p.name(), Failed: p.failed.Len(), Others: p.others.Len(), Capacity: p.others.Cap()}
}

// name is the exporter's type.
func (p *pump) name() string {
	if p.native != nil {
		return fmt.Sprintf("%T", p.native)
	}
	return fmt.Sprintf("%T", p.plain)
}
