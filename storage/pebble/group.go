package pebble

import (
	"runtime"
	"sync"
	"time"

	"github.com/zeebo/xxh3"
)

const (
	// groupSpans is when a batch is worth a commit of its own.
	groupSpans = 256
	// groupBytes and groupRequests bound a batch; a larger request goes alone.
	groupBytes    = 1 << 20
	groupRequests = 1024
	// settleTime is how long a small batch waits for the requests that came
	// together with it the last time.
	settleTime = time.Millisecond
)

// group gathers requests that come together into batches. The goroutine of one
// request leads: it writes the batch for all; the others wait. Large requests
// lead at once; small ones gather while a batch is being written.
type group struct {
	mu      sync.Mutex
	queue   []*request
	spans   int // of the queue
	running int // batches being gathered or written
	most    int // batches at a time
	crowd   int // requests of the last batch
	grown   chan struct{}
}

// request is what one caller wants written.
type request struct {
	data    []byte // OTLP
	hash    xxh3.Uint128
	spans   int
	turn    chan turn
	arrival int64 // Unix nanoseconds, once it is durable; zero until then, and where there was nothing to write
}

// turn ends a request's waiting: it leads, or it was written.
type turn struct {
	lead bool
	err  error
}

func (g *group) init() {
	g.most = min(runtime.GOMAXPROCS(0)+1, 8)
	g.grown = make(chan struct{}, 1)
}

// write returns when r was written by write, alone or with others.
func (g *group) write(r *request, write func([]*request) error) error {
	if !g.enter(r) {
		if t := <-r.turn; !t.lead {
			return t.err
		}
	}
	batch := g.gather(r)
	err := write(batch)
	g.finish(len(batch))
	for _, other := range batch[1:] {
		other.turn <- turn{err: err}
	}
	return err
}

// enter reports whether r leads at once; else it is in the queue.
func (g *group) enter(r *request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running == 0 || (g.running < g.most && r.spans >= groupSpans) {
		g.running++
		return true
	}
	g.queue = append(g.queue, r)
	g.spans += r.spans
	g.promote()
	select {
	case g.grown <- struct{}{}:
	default:
	}
	return false
}

// promote lets the first of the queue lead where that is worth it.
func (g *group) promote() {
	for len(g.queue) > 0 && g.running < g.most && (g.running == 0 || g.spans >= groupSpans) {
		g.running++
		g.pop().turn <- turn{lead: true}
	}
}

func (g *group) pop() *request {
	r := g.queue[0]
	g.queue[0] = nil
	g.queue = g.queue[1:]
	g.spans -= r.spans
	return r
}

// gather is r and what else is written with it.
func (g *group) gather(r *request) []*request {
	g.settle(r)
	g.mu.Lock()
	defer g.mu.Unlock()
	batch, bytes := []*request{r}, len(r.data)
	for len(g.queue) > 0 && len(batch) < groupRequests && bytes+len(g.queue[0].data) <= groupBytes {
		other := g.pop()
		batch, bytes = append(batch, other), bytes+len(other.data)
	}
	g.promote()
	return batch
}

// settle waits for those that were written together the last time: they come
// again at once, and would each make a commit of their own.
func (g *group) settle(r *request) {
	if r.spans >= groupSpans || g.complete(r) {
		return
	}
	timeout := time.NewTimer(settleTime)
	defer timeout.Stop()
	for !g.complete(r) {
		select {
		case <-g.grown:
		case <-timeout.C:
			return
		}
	}
}

func (g *group) complete(r *request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)+1 >= g.crowd || r.spans+g.spans >= groupSpans
}

func (g *group) finish(requests int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	g.crowd = requests
	g.promote()
}
