package localtrace

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// Heads knows the thresholds of services, and with them what is unclear. It is
// safe for concurrent use.
type Heads struct {
	mu sync.Mutex
	of *simplelru.LRU[callgraph.Service, heads]
}

// heads is the threshold of a service, and how often it was seen.
type heads struct {
	threshold sampler.Threshold
	wanted    uint32 // how often it must still be seen
}

// How often in a row a threshold must be seen before it is the service's: at
// first, and once there was another one. Where few are sampled the first that come
// are those that were kept for something else.
const (
	wantedFirst = 10
	wantedAgain = 1000
)

// NewHeads knows that many services, those seen last.
func NewHeads(services int) *Heads {
	of, err := simplelru.NewLRU[callgraph.Service, heads](max(services, 1), nil)
	if err != nil {
		panic(err) // not for a positive size
	}
	return &Heads{of: of}
}

// Learn notes the head of a local trace of a service; failed says that
// something in it did, so that the threshold need not be the head's.
func (h *Heads) Learn(s callgraph.Service, head Head, failed bool) {
	if head.Sampling != Sampled && (head.Sampling != Unclear || failed) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	known, ok := h.of.Get(s)
	switch {
	case !ok:
		known = heads{head.Threshold, wantedFirst - 1}
	case known.threshold != head.Threshold:
		known = heads{head.Threshold, wantedAgain - 1}
	case known.wanted > 0:
		known.wanted--
	default:
		return
	}
	h.of.Add(s, known)
}

// Sampled reports whether a local trace of the service is known to have been
// sampled at its start.
func (h *Heads) Sampled(s callgraph.Service, head Head) bool {
	if head.Sampling != Unclear {
		return head.Sampling == Sampled
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	known, ok := h.of.Peek(s)
	return ok && known.wanted == 0 && known.threshold == head.Threshold
}
