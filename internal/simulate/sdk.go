package simulate

import (
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// sdk decides which spans leave as our SDK does (docs/sampling.md), by package
// sampler; storms are not simulated.
type sdk struct {
	policy  sampler.Policy
	keepers keepers
	states  map[sampler.State]string
	members []member
}

// Bounds of the SDK's: how many ended spans wait for their local root, and how
// old it may be.
const (
	maxListed = 64
	maxWait   = int64(10 * time.Second)
)

func newSDK(o *Options) sdk {
	return sdk{
		policy:  sampler.Policy{Rate: sampler.ParentBased{Root: sampler.OneIn(o.OneIn)}, Keep: o.Keep},
		keepers: keepersOf(o.Keep),
		states:  map[sampler.State]string{},
	}
}

// fate is what is decided at a chain's start.
type fate struct {
	id         [16]byte
	state      sampler.State // randomness, where the trace has one of its own
	randomness sampler.Randomness
	root       sampler.Head // in the entrance's process
	below      sampler.Head // in the others
}

// decide begins a chain: stock SDKs sample without telling the threshold.
func (s *sdk) decide(id [16]byte, state sampler.State, stock bool) fate {
	f := fate{id: id, state: state, randomness: state.RandomnessOf(id)}
	f.root = s.policy.Head(sampler.Start{TraceID: id, Randomness: f.randomness, Kind: trace.SpanKindServer})
	if stock {
		f.root.Weighted = false
	}
	f.below = s.policy.Head(sampler.Start{TraceID: id, Randomness: f.randomness, Kind: trace.SpanKindServer, Parent: sampler.Parent{
		Valid: true, Remote: true, Sampled: f.root.Sampled, HasThreshold: f.root.Weighted, Threshold: f.root.Threshold,
	}})
	return f
}

func (f *fate) head(e int32) sampler.Head {
	if e == 0 {
		return f.root
	}
	return f.below
}

// traceState is the tracestate of a span with such a verdict.
func (s *sdk) traceState(f *fate, v sampler.Verdict) string {
	state := f.state
	state.HasThreshold = v.Weighted
	if v.Weighted {
		state.Threshold = v.Threshold
	}
	if state.HasRandomness || len(s.states) > maxListed {
		return stateText(state)
	}
	text, known := s.states[state]
	if !known {
		text = stateText(state)
		s.states[state] = text
	}
	return text
}

func stateText(state sampler.State) string {
	if text := state.String(); text != "" {
		return sampler.StateKey + "=" + text
	}
	return ""
}

// member is a span of a local trace beside its root.
type member struct {
	end   int64
	index int32
	stage bool
}

// membersOf are the spans below an execution's, in the order in which they end.
func (s *sdk) membersOf(c *chain, e int32) []member {
	s.members = s.members[:0]
	for i := c.executions[e].first; i >= 0; i = c.calls[i].next {
		if !c.calls[i].dead {
			s.members = append(s.members, member{c.calls[i].end, i, false})
		}
	}
	for i := int(c.executions[e].stages); i < len(c.stages); i++ {
		if c.stages[i].owner == e && c.alive(int32(i)) {
			s.members = append(s.members, member{c.endOf(int32(i)), int32(i), true})
		}
	}
	slices.SortFunc(s.members, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.end, b.end), compareBools(a.stage, b.stage), cmp.Compare(b.index, a.index))
	})
	return s.members
}

// compareBools has false first: what lies within ends first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// A stage around a call ends with it, and as it does.

func (c *chain) alive(stage int32) bool {
	of := c.stages[stage].of
	return of < 0 || !c.calls[of].dead
}

func (c *chain) endOf(stage int32) int64 {
	if of := c.stages[stage].of; of >= 0 {
		return c.calls[of].end
	}
	return c.stages[stage].end
}

func (c *chain) endingOf(m member) ending {
	i := m.index
	if m.stage {
		if i = c.stages[m.index].of; i < 0 {
			return fine
		}
	}
	return c.calls[i].ending
}

// local is a local trace under decision.
type local struct {
	*sdk
	chain          *chain
	fate           *fate
	execution      int32
	head           sampler.Head
	kept           bool
	spans, dropped int
	listed         int // ended spans that wait, those included that failed and left
	list           []member
	export         func(member, sampler.Verdict)
}

// settle decides the spans of a local trace as they end, and tells those that
// leave to export; the local root is told to exportRoot.
func (l *local) settle(members []member, exportRoot func(v sampler.Verdict)) {
	root := &l.chain.executions[l.execution]
	i := 0
	for ; i < len(members) && members[i].end <= root.end; i++ {
		l.ends(members[i], members[i].end-root.start > maxWait)
	}
	l.kept = l.kept || l.keepers.entry[root.ending]
	l.flush()
	l.spans++
	if v := l.verdict(); v.Export {
		exportRoot(v)
	}
	for ; i < len(members); i++ {
		l.ends(members[i], true)
	}
}

// ends takes a span that has ended in; now says that it does not wait.
func (l *local) ends(m member, now bool) {
	l.spans++
	fails := l.keepers.exit[l.chain.endingOf(m)]
	l.kept = l.kept || fails
	if fails || l.head.Sampled && l.head.Weighted && l.head.Threshold == 0 {
		l.leave(m)
	} else {
		l.list = append(l.list, m)
	}
	if l.listed++; now || l.listed == maxListed {
		l.flush()
	}
}

func (l *local) flush() {
	for _, m := range l.list {
		l.leave(m)
	}
	l.list, l.listed = l.list[:0], 0
}

func (l *local) leave(m member) {
	if v := l.verdict(); v.Export {
		l.export(m, v)
		return
	}
	l.dropped = min(l.dropped+1, 255)
}

func (l *local) verdict() sampler.Verdict {
	return l.policy.Decide(l.head, l.fate.randomness, l.kept)
}

// headThreshold is the head's threshold where it is told: on a local root
// wherever the head sampled it, on other spans where a failure made it lower.
func headThreshold(h sampler.Head, v sampler.Verdict, root bool) (string, bool) {
	if h.Sampled && h.Weighted && (root || v.Weighted && h.Threshold > v.Threshold) {
		return h.Threshold.String(), true
	}
	return "", false
}

// traceIDAt is the ID of a chain that starts at that Unix millisecond.
func (c *chain) traceIDAt(millis int64) [16]byte {
	return callgraph.BornShort(millis, callgraph.ShortID(c.Uint32()))
}
