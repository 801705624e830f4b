package graphview

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Source is where a view reads what it does not hold: a store's cells.
type Source interface {
	// Cells yields the cells whose bucket begins in w, each key once, in no order.
	Cells(ctx context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error
}

// Options of a View; the zero value holds DefaultCells and has no source.
type Options struct {
	// Cells is how many cells are held in memory, about 100 bytes each;
	// 0 means DefaultCells.
	Cells int
	// Source answers for time that was evicted. Without one it is as if
	// nothing had happened then.
	Source Source
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// DefaultCells takes about 100 MB.
const DefaultCells = 1_000_000

// View is the merged graph of all writers. It is safe for concurrent use.
type View struct {
	options Options
	width   int64 // seconds: cells are added up to buckets of it; 0 keeps them as they come
	past    past

	applying sync.Mutex // one Apply or reload at a time

	mu        sync.RWMutex // guards the rest; writers hold it for short
	topology  *topology
	histories []history // by link of the operations' layer
	writers   map[callgraph.Writer]uint32
	hours     map[int64]*hour  // by start, of all that have records
	stale     map[int64]uint64 // sealed hours, and how many cells came for them since
	floor     int64            // cells that start before are only in the source
	records   int
	counters  Stats
}

// hour is the state of an hour of event time.
type hour struct {
	records int
	changed time.Time
	applied uint64 // of the view when it last changed
	sealed  bool   // one record per edge and outcome
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
	return &View{
		options: o, topology: newTopology(), floor: -1 << 62,
		writers: map[callgraph.Writer]uint32{}, hours: map[int64]*hour{}, stale: map[int64]uint64{},
	}
}

// Apply takes cells in: of those with the same key the greatest Sequence
// holds, whatever the order in which they come, and applying the same cells
// again changes nothing. The cells belong to the caller.
func (v *View) Apply(cells []callgraph.Cell) {
	v.applying.Lock()
	defer v.applying.Unlock()
	for part := range slices.Chunk(cells, 512) { // so that readers wait for a short time
		v.applyPart(part)
	}
	v.retain()
}

func (v *View) applyPart(cells []callgraph.Cell) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.options.Now()
	for i := range cells {
		v.apply(&cells[i], now)
	}
	v.counters.Applied += uint64(len(cells))
}

func (v *View) apply(c *callgraph.Cell, now time.Time) {
	switch start := c.Bucket.Start; {
	case int(c.Outcome) >= callgraph.Outcomes:
		v.counters.Invalid++
	case start < v.floor:
		v.counters.Below++
	case v.hour(start).sealed:
		v.stale[floorTo(start, callgraph.HourWidth)]++
	default:
		v.put(v.history(c.Edge), v.record(c), now)
	}
}

func (v *View) put(to *history, r record, now time.Time) {
	n := 0
	switch {
	case v.width == 0:
		n = to.put(r)
	case r.packed != "":
		n = to.merge(r)
	}
	h := v.hour(r.start)
	v.records += n
	h.records += n
	h.changed, h.applied = now, v.counters.Applied
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

func (v *View) history(e callgraph.Edge) *history {
	id := v.topology.edge(e)
	if int(id) == len(v.histories) {
		v.histories = append(v.histories, history{})
	}
	return &v.histories[id]
}

func (v *View) record(c *callgraph.Cell) record {
	packed, calls := pack(c)
	return record{
		start: floorTo(c.Bucket.Start, max(v.width, 1)), sequence: c.Sequence, opened: c.Opened, calls: calls, packed: packed,
		writer: v.writer(c.Writer), outcome: c.Outcome, folded: c.Folded,
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

// Stats is a snapshot.
func (v *View) Stats() Stats {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s := v.counters
	s.Cells, s.Edges = v.records, len(v.topology.operations.links)
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
