package sdk

import (
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// recentChains is how many kept failed chains are remembered.
const recentChains = 50

// KeptChain is a chain that was kept whatever the rate, and the span that had
// it kept.
type KeptChain struct {
	Time    time.Time `json:"time"`
	Name    string    `json:"name"`
	Reason  string    `json:"reason"` // the error's type, or the outcome
	TraceID string    `json:"trace_id"`
	ShortID string    `json:"short_id"`
}

// recent holds the last kept chains of the process. A storm's budget bounds how
// often it is written.
type recent struct {
	mu    sync.Mutex
	slots [recentChains]keptChain
	n     uint64 // written so far
}

// keptChain is a KeptChain before it is text.
type keptChain struct {
	wall         int64
	name, reason string
	traceID      trace.TraceID
}

func (c *recent) note(k keptChain) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots[c.n%recentChains] = k
	c.n++
}

// noteKept remembers the local trace where it is kept. The caller holds mu.
func (r *localRoot) noteKept(s *span, j judgement, at int64) {
	if r.state&stateKept == 0 {
		return
	}
	r.provider.recent.note(keptChain{wall: r.provider.clock.wall(at), name: s.name, reason: j.errorType, traceID: r.traceID})
}

// list is the newest first.
func (c *recent) list() []KeptChain {
	c.mu.Lock()
	defer c.mu.Unlock()
	chains := make([]KeptChain, 0, recentChains)
	for i := c.n; i > 0 && c.n-i < recentChains; i-- {
		k := &c.slots[(i-1)%recentChains]
		chains = append(chains, KeptChain{
			Time: time.Unix(0, k.wall).UTC(), Name: k.name, Reason: k.reason,
			TraceID: k.traceID.String(), ShortID: callgraph.ShortIDOf(k.traceID).String(),
		})
	}
	return chains
}
