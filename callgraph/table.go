package callgraph

import (
	"slices"
	"time"
)

// TableOptions bound a Table. Zero values stand for the defaults.
type TableOptions struct {
	// MaxCells is how many cells are held before operations are folded into
	// OtherOperation; 0 is 1,000,000.
	MaxCells int
	// Quiet is how long no call must have come for a bucket before it is
	// final; 0 is 60 s.
	Quiet time.Duration
	// MaxOpen is for how long, in whole seconds, an opening of a bucket takes
	// calls in, by their arrival, where they never cease; 0 is 15 min.
	MaxOpen time.Duration
}

// TableStats count what a Table holds and what it did since it was made.
type TableStats struct {
	Cells    int // held
	Openings int // of buckets, held
	Final    int // cells that were final and are to be handed out again

	Calls     uint64 // added
	Retracted uint64 // taken back
	Folded    uint64 // cells that went into another one of OtherOperation
	Sealed    uint64 // openings that became final

	WeightUnknown uint64 // calls added whose weight was assumed

	RefusedFull   uint64 // calls that no cell could be made for: all was folded
	RefusedWeight uint64 // calls whose weight is not a number, negative or too great
	RefusedStray  uint64 // retractions of what is not counted, or final
}

// Table counts calls in cells: bounded, each half under its own outcome, in
// buckets of ten seconds of event time. It has no clock and is not safe for
// concurrent use.
//
// A bucket is opened by a call and final once it was quiet; a later call opens
// it again under another Opened. Which opening a call belongs to depends on
// its Arrival alone.
type Table struct {
	writer   Writer
	options  TableOptions
	openings map[int64][]*opening // by bucket start; by rising Opened
	latest   *opening             // that a call went to
	dirty    []*tableCell
	final    []Cell // requeued
	cells    int
	// exhausted says that there is nothing left to fold.
	exhausted bool
	sequence  uint64
	stats     TableStats
}

// NewTable is an empty table that counts for the writer.
func NewTable(w Writer, o TableOptions) *Table {
	return &Table{writer: w, options: o.withDefaults(), openings: map[int64][]*opening{}}
}

func (o TableOptions) withDefaults() TableOptions {
	if o.MaxCells <= 0 {
		o.MaxCells = 1_000_000
	}
	if o.Quiet <= 0 {
		o.Quiet = time.Minute
	}
	if o.MaxOpen <= 0 {
		o.MaxOpen = 15 * time.Minute
	}
	return o
}

// Add counts the call, or takes it back where it is Retracted. It is false,
// and nothing has changed, for a call that it refused: the caller of a refused
// retraction must not add what was to replace it.
func (t *Table) Add(c Call, now time.Time) bool {
	w, ok := WeightOf(c.Weight)
	if !ok {
		t.stats.RefusedWeight++
		return false
	}
	if w == 0 {
		return true
	}
	if c.Arrival.IsZero() {
		c.Arrival = now
	}
	c.Edge = c.Counted()
	if c.Retracted {
		return t.retract(&c, w, now)
	}
	return t.count(&c, w, now)
}

func (t *Table) count(c *Call, w Weight, now time.Time) bool {
	o := t.opening(c, true)
	if !t.book(o, c, w) {
		t.stats.RefusedFull++
		return false
	}
	t.stats.Calls++
	if c.WeightUnknown {
		t.stats.WeightUnknown++
	}
	o.touch(c.Arrival, now)
	return true
}

func (t *Table) retract(c *Call, w Weight, now time.Time) bool {
	o := t.opening(c, false)
	if o == nil || !t.book(o, c, -w) {
		t.stats.RefusedStray++
		return false
	}
	t.stats.Retracted++
	o.touch(c.Arrival, now)
	return true
}

// ChangedAtOnce bounds what Changed hands out at a time: about 10 MB.
const ChangedAtOnce = 20_000

// Changed hands out cells that changed since they were last handed out, as
// they are now. Fewer than ChangedAtOnce are all there are. Cells that could
// not be delivered come back by Requeue.
func (t *Table) Changed(now time.Time) []Cell {
	if len(t.dirty) == 0 && len(t.final) == 0 {
		return nil
	}
	cells, sequence := t.final, t.next(now)
	t.final = nil
	n := 0
	for ; n < len(t.dirty) && len(cells) < ChangedAtOnce; n++ {
		cells = t.handOut(cells, t.dirty[n], sequence)
	}
	t.dirty = slices.Delete(t.dirty, 0, n)
	return cells
}

// handOut appends the cell, but for one that counts nothing and that nobody
// saw. One that counts nothing is handed out once and then forgotten.
func (t *Table) handOut(cells []Cell, c *tableCell, sequence uint64) []Cell {
	c.dirty = false
	empty := c.empty()
	if !empty || c.seen {
		cells = append(cells, t.cell(c, sequence))
	}
	c.seen = true
	if empty {
		t.forget(c)
	}
	return cells
}

// next is a sequence that goes on over restarts, as the clock does.
func (t *Table) next(now time.Time) uint64 {
	t.sequence = max(t.sequence+1, uint64(max(now.UnixNano(), 0)))
	return t.sequence
}

// Requeue takes cells back that could not be delivered: Changed hands them out
// again, open ones as they are by then.
func (t *Table) Requeue(cells []Cell) {
	for i := range cells {
		if cells[i].Closed != 0 {
			t.final = append(t.final, cells[i])
			continue
		}
		t.requeue(&cells[i])
	}
}

// requeue leaves out cells of openings that are sealed: those were handed out
// since.
func (t *Table) requeue(c *Cell) {
	for _, o := range t.openings[c.Bucket.Start] {
		if o.opened == c.Opened {
			t.mark(o, c)
		}
	}
}

// Restore takes the writer's cells of openings that an earlier run left open.
// They count nothing until their calls are added again, and are handed out in
// any case.
func (t *Table) Restore(cells []Cell) {
	for i := range cells {
		if cells[i].Writer == t.writer {
			t.sequence = max(t.sequence, cells[i].Sequence)
			t.mark(t.reopen(cells[i].Bucket, cells[i].Opened), &cells[i])
		}
	}
}

// mark makes sure that the cell is held and handed out next.
func (t *Table) mark(o *opening, c *Cell) {
	held := t.held(o, c)
	held.seen = true
	t.touch(held)
}

// Oldest is the smallest Opened of the cells that are not final, or final and
// not delivered. It is false where there is none.
func (t *Table) Oldest() (opened time.Time, ok bool) {
	oldest := int64(0)
	see := func(opened int64) {
		if !ok || opened < oldest {
			oldest, ok = opened, true
		}
	}
	for _, list := range t.openings {
		for _, o := range list {
			see(o.opened)
		}
	}
	for i := range t.final {
		see(t.final[i].Opened)
	}
	return time.Unix(oldest, 0), ok
}

// Stats are the counts so far.
func (t *Table) Stats() TableStats {
	s := t.stats
	s.Cells, s.Final = t.cells, len(t.final)
	for _, list := range t.openings {
		s.Openings += len(list)
	}
	return s
}
