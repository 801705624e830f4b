package graphview

import (
	"math"
	"slices"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

const (
	// restTime is how long an hour must not have changed before it is sealed.
	restTime = 20 * time.Minute
	// lockedEdges is how many edges are worked on while readers wait.
	lockedEdges = 4096
)

// retain keeps the view within its bound: it seals hours that came to rest and,
// where that is not enough, evicts the oldest time. The caller holds applying.
func (v *View) retain() {
	if v.width > 0 {
		return // merged as it came; whoever loads it checks the bound
	}
	if v.records > v.options.Cells/2 {
		v.seal(v.resting())
	}
	if v.records > v.options.Cells {
		v.evict(v.options.Cells / 8 * 7)
		v.compact()
	}
}

// resting is the hours to seal: unchanged for restTime, or while a quarter of
// the bound was applied elsewhere (a store being read from its beginning).
func (v *View) resting() map[int64]bool {
	now, quarter := v.options.Now(), uint64(v.options.Cells/4)
	resting := map[int64]bool{}
	for start, h := range v.hours {
		if !h.sealed && (now.Sub(h.changed) >= restTime || v.counters.Applied-h.applied > quarter) {
			resting[start] = true
		}
	}
	return resting
}

func (v *View) seal(hours map[int64]bool) {
	if len(hours) == 0 {
		return
	}
	v.mu.Lock()
	for start := range hours {
		v.hours[start].sealed, v.hours[start].width = true, callgraph.HourWidth
	}
	v.counters.Sealed += uint64(len(hours))
	v.mu.Unlock()
	v.rewrite(func(h *history) history { return h.sealed(hours) })
}

// sealed is h with the records of the given hours merged.
func (h *history) sealed(hours map[int64]bool) history {
	if !slices.ContainsFunc(h.records, func(r record) bool { return hours[floorTo(r.start, callgraph.HourWidth)] }) {
		return *h
	}
	var merged history
	for _, r := range h.records {
		start := floorTo(r.start, callgraph.HourWidth)
		switch {
		case !hours[start]:
			merged.insert(len(merged.records), r)
		case r.packed != "":
			r.start, r.width = start, callgraph.HourWidth
			merged.merge(r)
		}
	}
	merged.records = slices.Clip(merged.records)
	return merged
}

// evict raises the floor until at most keep records are above it.
func (v *View) evict(keep int) {
	before := v.records
	v.raise(v.floorFor(keep))
	v.mu.Lock()
	v.counters.Evicted += uint64(before - v.records)
	v.mu.Unlock()
}

// raise drops what begins before the floor.
func (v *View) raise(floor int64) {
	v.mu.Lock()
	v.floor = floor
	for start := range v.hours {
		if start+callgraph.HourWidth <= floor {
			delete(v.hours, start)
			delete(v.stale, start)
		}
	}
	v.mu.Unlock()
	v.rewrite(func(h *history) history { return h.without(period{math.MinInt64, floor}) })
}

// forget is evict by time, for a view without a source.
func (v *View) forget(before int64) {
	v.applying.Lock()
	defer v.applying.Unlock()
	v.raise(before)
	v.compact()
}

// floorFor is the start of a minute, or of an hour after a sealed one.
func (v *View) floorFor(keep int) int64 {
	starts := make([]int64, 0, v.records)
	for i := range v.histories {
		for _, r := range v.histories[i].records {
			starts = append(starts, r.start)
		}
	}
	slices.Sort(starts)
	last := starts[len(starts)-keep-1] // the newest that must go
	if h := v.hours[floorTo(last, callgraph.HourWidth)]; h.sealed {
		return floorTo(last, callgraph.HourWidth) + callgraph.HourWidth
	}
	return floorTo(last, callgraph.MinuteWidth) + callgraph.MinuteWidth
}

// rewrite replaces every edge's records, a few edges at a time.
func (v *View) rewrite(by func(*history) history) {
	for from := 0; from < len(v.histories); from += lockedEdges {
		v.rewritePart(v.histories[from:min(from+lockedEdges, len(v.histories))], by)
	}
}

func (v *View) rewritePart(part []history, by func(*history) history) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range part {
		v.records -= len(part[i].records)
		part[i] = by(&part[i])
		v.records += len(part[i].records)
	}
}

// compact forgets edges and operations that have no records, once they are the
// greater part.
func (v *View) compact() {
	live := 0
	for i := range v.histories {
		if len(v.histories[i].records) > 0 {
			live++
		}
	}
	if live*2 > len(v.histories) {
		return
	}
	topology, histories := v.living(live)
	v.mu.Lock()
	v.topology, v.histories = topology, histories
	v.mu.Unlock()
}

func (v *View) living(n int) (*topology, []history) {
	topology, histories := newTopology(v.topology.directory), make([]history, 0, n)
	for id, h := range v.histories {
		if len(h.records) > 0 {
			edge := topology.edge(v.topology.callgraphEdge(uint32(id)))
			topology.edges[edge].heard = v.topology.edges[id].heard
			histories = append(histories, h)
		}
	}
	topology.settleAll()
	return topology, histories
}
