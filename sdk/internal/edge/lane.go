package edge

import "math/rand/v2"

// maxLanes bounds the lanes of an edge, whatever the processors; goroutines
// must have met so often between two harvests before it gets more.
const (
	maxLanes = 64
	crowded  = 32
)

// lanesFor is the power of two that has a lane for each processor.
func lanesFor(processors int) int {
	n := 1
	for n < processors && n < maxLanes {
		n *= 2
	}
	return n
}

// lock takes a lane that nobody else is at, if there is one.
func (e *edge) lock() *lane {
	lanes := e.lanes.Load()
	if lanes != nil {
		return e.lockOne(*lanes)
	}
	if !e.first.TryLock() {
		e.met.Add(1)
		e.first.Lock()
	}
	return &e.first
}

func (e *edge) lockOne(lanes []*lane) *lane {
	start := int(rand.Uint32())
	for i := range lanes {
		if l := lanes[(start+i)&(len(lanes)-1)]; l.TryLock() {
			return l
		}
	}
	e.met.Add(1)
	l := lanes[start&(len(lanes)-1)]
	l.Lock()
	return l
}

// all is every lane of the edge. Only harvest makes more.
func (e *edge) all() []*lane {
	if lanes := e.lanes.Load(); lanes != nil {
		return *lanes
	}
	return []*lane{&e.first}
}

// widen doubles the lanes where goroutines met too often.
func (e *edge) widen(limit int) {
	lanes := e.all()
	if e.met.Swap(0) < crowded || len(lanes) >= limit {
		return
	}
	wider := make([]*lane, 2*len(lanes))
	for i := copy(wider, lanes); i < len(wider); i++ {
		wider[i] = &lane{}
	}
	e.lanes.Store(&wider)
}

// forget is false where the edge has counts. After it nothing can be counted here.
func (e *edge) forget() bool {
	lanes, idle := e.all(), true
	for _, l := range lanes {
		l.Lock()
		idle = idle && len(l.cells) == 0
	}
	for _, l := range lanes {
		l.dead = idle
		l.Unlock()
	}
	return idle
}
