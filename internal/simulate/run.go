package simulate

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Counts are what a System has done so far.
type Counts struct {
	Chains uint64 `json:"chains"`
	Failed uint64 `json:"failed"` // chains whose entrance failed
	Made   uint64 `json:"spans_made"`
	Kept   uint64 `json:"spans_kept"` // by the SDKs
	Lost   uint64 `json:"spans_lost"` // of those
	Sent   uint64 `json:"spans_sent"`
	Steps  uint64 `json:"steps"` // calls
}

// Counts are those so far.
func (s *System) Counts() Counts { return s.counts }

// Run simulates so many more chains, one after the other, and emits what the
// processes send, each batch the caller's, until nothing waits any more.
func (s *System) Run(chains int, emit func(ptrace.Traces)) {
	for range chains {
		s.Chain(emit)
	}
	s.Flush(emit)
}

// Next is when the next chain begins.
func (s *System) Next() time.Time { return s.Start.Add(time.Duration(s.now)) }

// Chain simulates the next chain and emits what is due when it begins.
func (s *System) Chain(emit func(ptrace.Traces)) {
	s.post.emit = emit
	s.post.sendDue(s.now)
	entrance, keys := s.pick()
	s.chain.run(s.index, s.entrances[entrance])
	w := writer{System: s, keys: keys}
	id := s.chain.traceIDAt(s.Next().UnixMilli())
	s.settle()
	s.note(id, entrance, keys)
	w.write(id, stateOf(keys))
	s.index++
	s.now += int64(s.arrivals.ExpFloat64() * float64(s.Interval))
}

// Flush emits all that waits to be sent.
func (s *System) Flush(emit func(ptrace.Traces)) {
	s.post.emit = emit
	s.post.sendDue(-1)
}

// pick says where the next chain begins: entrances have different traffic.
func (s *System) pick() (entrance int, keys []Key) {
	if v, ok := s.orders.next(s.now); ok {
		return story[v.stop].entrance % len(s.entrances), s.orders.keys(v)
	}
	x := s.arrivals.Float64()
	return int(x * x * float64(len(s.entrances))), nil
}

// settle says what of the chain is alive and kept, and counts it.
func (s *System) settle() {
	c := &s.chain
	s.counts.Chains++
	for i := range c.calls {
		k := &c.calls[i]
		caller := &c.executions[k.caller]
		k.dead = k.dead || caller.dead
		if k.callee >= 0 {
			c.executions[k.callee].dead = k.dead
		}
		if k.dead {
			continue
		}
		caller.kept = caller.kept || s.sdk.keepers.exit[k.ending]
		s.counts.Steps++
		s.noteCall(k)
	}
	for e := range c.executions {
		if x := &c.executions[e]; !x.dead {
			x.kept = x.kept || s.sdk.keepers.entry[x.ending]
			s.handled[x.operation]++
			s.counts.Made++
		}
	}
	for i := range c.stages {
		if !c.executions[c.stages[i].owner].dead && c.alive(int32(i)) {
			s.counts.Made++
		}
	}
}

func (s *System) noteCall(k *call) {
	s.counts.Made++
	site := &s.sites[k.step.site]
	site.made++
	if class, failed := k.ending.class(); failed && k.final {
		site.failures[class]++
	}
}

// note tells the truth about the chain to those who keep it.
func (s *System) note(id [16]byte, entrance int, keys []Key) {
	root := &s.chain.executions[0]
	if root.ending == broken || root.ending == gatewayTime {
		s.counts.Failed++
		s.failures.note(s, id, root)
	}
	s.orders.note(id, keys)
	s.tables.note(s, entrance)
}
