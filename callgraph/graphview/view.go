package graphview

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Source is where a view reads what it does not hold: a store's cells.
type Source interface {
	// Cells yields the cells whose bucket begins in w, each key once, in no
	// order: narrow ones, or the sums that a store keeps in their place.
	Cells(ctx context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error
}

// Options of a View; the zero value holds DefaultCells and has no source.
type Options struct {
	// Cells is how many cells are held in memory, about 110 bytes each; 0 means
	// DefaultCells. As many again may be held of evicted time, for a while.
	Cells int
	// Source answers for time that was evicted, and for sealed hours to which
	// something was added. Without one it is as if neither had happened.
	Source Source
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// DefaultCells takes about 110 MB, the graph itself not counted.
const DefaultCells = 1_000_000

// View is the merged graph of all writers. It is safe for concurrent use.
type View struct {
	options Options
	width   int64 // seconds: cells are added up to buckets of it; 0 keeps them as they come
	past    past

	reloading sync.Mutex // one hour is read again at a time
	applying  sync.Mutex // one change at a time; taken after reloading

	mu        sync.RWMutex // guards the rest; writers hold it for short
	topology  *topology    // and the directory, which views of the past share
	histories []history    // by link of the operations' layer
	writers   map[callgraph.Writer]uint32
	hours     map[int64]*hour // by start; of all that have records, at least
	stale     map[int64]bool  // sealed hours for which cells came
	late      *late           // of the hour that is being read again
	floor     int64           // cells that start before are only in the source
	first     int64           // start of the oldest bucket that was ever held
	records   int
	counters  Stats
}

// hour is the state of an hour of event time.
type hour struct {
	changed time.Time
	applied uint64 // of the view when it last changed
	width   int64  // seconds: of its widest bucket
	// sealed hours take no cells in: what comes for them marks them stale, and
	// they are read again.
	sealed bool
}

// Stats says what a view holds and what its bound refused.
type Stats struct {
	Cells, Edges, Operations, Services int
	Applied                            uint64 // cells that Apply was given
	Evicted                            uint64 // cells that made room
	Below                              uint64 // cells that came for evicted time
	Invalid                            uint64 // cells with an outcome that there is not
	Sealed, Reloaded                   uint64 // hours
	Floor                              time.Time
}

// New is an empty view.
func New(o Options) *View {
	if o.Cells <= 0 {
		o.Cells = DefaultCells
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	v := &View{options: o}
	v.empty()
	return v
}

// Fill takes in the cells of a store that is read as a whole, each key once.
// The view was Reset before.
func (v *View) Fill(cells []callgraph.Cell) { v.takeIn(cells, true) }

// Apply takes changed cells in: of those with the same key the greatest
// Sequence holds, whatever the order in which they come, and applying the same
// cells again changes nothing. The cells belong to the caller.
func (v *View) Apply(cells []callgraph.Cell) { v.takeIn(cells, false) }

func (v *View) takeIn(cells []callgraph.Cell, whole bool) {
	v.applying.Lock()
	defer v.applying.Unlock()
	for part := range slices.Chunk(cells, 512) { // so that readers wait for a short time
		v.takePart(part, whole)
	}
	v.retain()
}

func (v *View) takePart(cells []callgraph.Cell, whole bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.options.Now()
	for i := range cells {
		v.take(&cells[i], whole, now)
	}
	v.topology.settle()
	v.counters.Applied += uint64(len(cells))
}

func (v *View) take(c *callgraph.Cell, whole bool, now time.Time) {
	switch start := c.Bucket.Start; {
	case int(c.Outcome) >= callgraph.Outcomes:
		v.counters.Invalid++
	case start < v.floor:
		v.counters.Below++
		v.topology.learn(c)
	case v.hour(start).sealed:
		v.topology.learn(c)
		v.takeLate(c)
	case !whole && c.Bucket.Width > callgraph.HotWidth:
		v.takeSum(c)
	default:
		v.put(v.edge(c.Edge), v.record(c), now)
	}
}

// learn takes in what cells say of names and sites, and none of their counts. It
// reports whether that was any news.
func (v *View) learn(cells []callgraph.Cell) bool {
	v.applying.Lock()
	defer v.applying.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.topology.directory.now()
	for i := range cells {
		v.topology.learn(&cells[i])
	}
	v.topology.settle()
	return v.topology.directory.now() != before
}

// takeSum: stores sum cells of old buckets up to wider ones, and tell of them
// only when they tell all again. Which of our cells such a sum holds is not
// known, so its hour must be read again.
func (v *View) takeSum(c *callgraph.Cell) {
	v.topology.learn(c)
	if v.histories[v.edge(c.Edge)].has(v.record(c)) {
		return
	}
	start := floorTo(c.Bucket.Start, callgraph.HourWidth)
	h := v.hour(start)
	h.sealed, h.width = true, callgraph.HourWidth
	v.stale[start] = true
}

func (v *View) takeLate(c *callgraph.Cell) {
	start := floorTo(c.Bucket.Start, callgraph.HourWidth)
	v.stale[start] = true
	if v.late != nil && v.late.hour == start && c.Bucket.Width <= callgraph.HotWidth {
		v.late.add(c.Edge, v.record(c))
	}
}

// Reset empties the view.
func (v *View) Reset() {
	v.applying.Lock()
	defer v.applying.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.empty()
}

func (v *View) empty() {
	v.topology, v.histories, v.records = newTopology(newDirectory()), nil, 0
	v.writers, v.hours, v.stale = map[callgraph.Writer]uint32{}, map[int64]*hour{}, map[int64]bool{}
	v.floor, v.first, v.late = math.MinInt64, math.MaxInt64, nil
}

func (v *View) put(id uint32, r record, now time.Time) {
	to, n := &v.histories[id], 0
	if r.calls > 0 && !v.topology.edges[id].heard {
		v.topology.counts(id)
	}
	switch {
	case v.width == 0:
		n = to.put(r)
	case r.packed != "":
		n = to.merge(r)
	}
	h := v.hour(r.start)
	v.records += n
	v.first = min(v.first, r.start)
	h.changed, h.applied = now, v.counters.Applied
	h.width = max(h.width, int64(r.width))
}

func (v *View) hour(start int64) *hour {
	start = floorTo(start, callgraph.HourWidth)
	h := v.hours[start]
	if h == nil {
		h = &hour{}
		v.hours[start] = h
	}
	return h
}

// edge is the index of an edge, and of its history, which it has from here on.
func (v *View) edge(e callgraph.Edge) uint32 {
	id := v.topology.edge(e)
	if int(id) == len(v.histories) {
		v.histories = append(v.histories, history{})
	}
	return id
}

func (v *View) record(c *callgraph.Cell) record {
	packed, calls := pack(c)
	return record{
		served: c.Server.Count(),
		start:  floorTo(c.Bucket.Start, max(v.width, 1)), sequence: c.Sequence, opened: c.Opened, calls: calls, packed: packed,
		writer: v.writer(c.Writer), width: uint16(min(c.Bucket.Width, callgraph.HourWidth)), outcome: c.Outcome, folded: c.Folded,
	}
}

func (v *View) writer(w callgraph.Writer) uint32 {
	id, known := v.writers[w]
	if !known {
		id = uint32(len(v.writers))
		v.writers[w] = id
	}
	return id
}

// First is when the oldest bucket begins in which anything was counted; the zero
// time where nothing was, or where older counts are only in the source.
func (v *View) First() time.Time {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.floor > math.MinInt64 || v.records == 0 {
		return time.Time{}
	}
	return time.Unix(v.first, 0).UTC()
}

// newest is when the youngest bucket that is held begins.
func (v *View) newest() int64 {
	newest := int64(math.MinInt64)
	for i := range v.histories {
		if n := len(v.histories[i].records); n > 0 {
			newest = max(newest, v.histories[i].records[n-1].start)
		}
	}
	return newest
}

// Stats is a snapshot.
func (v *View) Stats() Stats {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s := v.counters
	s.Cells, s.Edges = v.records, len(v.topology.edges)
	s.Operations, s.Services = len(v.topology.operations.nodes), len(v.topology.services.nodes)
	if v.floor > 0 {
		s.Floor = time.Unix(v.floor, 0).UTC()
	}
	return s
}

// floorTo is the greatest multiple of width that is not above t.
func floorTo(t, width int64) int64 {
	r := t % width
	if r < 0 {
		r += width
	}
	return t - r
}

func ceilTo(t, width int64) int64 { return -floorTo(-t, width) }
