package server

import (
	"maps"
	"sync"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

// Stats counts what a Server did.
type Stats struct {
	Streams          int    // open now
	State            int64  // bytes of their dictionaries
	Opened, Resets   uint64 // streams, epochs
	Frames, Bytes    uint64 // taken in
	Spans, Intervals uint64 // stored
	Cells            uint64 // in them
	Repeated         uint64 // frames that were stored before
	Refused          map[wire.Code]uint64
	Later, Rejected  uint64 // frames
	Overloaded       uint64 // streams ended for the bound on state
}

type counts struct {
	mu sync.Mutex
	Stats
}

func (c *counts) read() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.Stats
	s.Refused = maps.Clone(s.Refused)
	return s
}

func (c *counts) open() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Streams++
	c.Opened++
}

func (c *counts) close(state int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Streams--
	c.State -= int64(state)
}

func (c *counts) frame(size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Frames++
	c.Bytes += uint64(size)
}

func (c *counts) decoded(resets uint64, state int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Resets += resets
	c.State += int64(state)
}

func (c *counts) repeated() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Repeated++
}

func (c *counts) refused(code wire.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Refused == nil {
		c.Refused = map[wire.Code]uint64{}
	}
	c.Refused[code]++
}

// content is what a frame holds, in numbers.
type content struct{ spans, intervals, cells uint64 }

func contentOf(spans int, i *callgraph.Interval) content {
	if i == nil {
		return content{spans: uint64(spans)}
	}
	return content{intervals: 1, cells: uint64(len(i.Cells))}
}

func (c *counts) answered(a wire.Answer, n content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch a {
	case wire.Later:
		c.Later++
	case wire.Rejected:
		c.Rejected++
	default:
		c.Spans += n.spans
		c.Intervals += n.intervals
		c.Cells += n.cells
	}
}

// overloaded counts a stream that must end: all together hold more than the
// limit, and this one more than its share. Those that do not could never fill
// it.
func (c *counts) overloaded(state int, limit int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	over := c.State > limit && int64(state) > limit/int64(c.Streams)
	if over {
		c.Overloaded++
	}
	return over
}
