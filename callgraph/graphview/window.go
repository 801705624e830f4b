package graphview

import (
	"context"
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// TooMuchError says that a window reaches into evicted time and holds more than
// a view may: a narrower one may fit.
type TooMuchError struct{ Cells int }

func (e *TooMuchError) Error() string {
	return fmt.Sprintf("window holds more than %d counts: ask for a narrower one", e.Cells)
}

func periodOf(w callgraph.Window) period {
	p := period{w.From.Unix(), w.To.Unix()}
	if w.To.Nanosecond() > 0 {
		p.to++
	}
	return p
}

func (p period) window() callgraph.Window {
	return callgraph.Window{From: time.Unix(p.from, 0).UTC(), To: time.Unix(p.to, 0).UTC()}
}

// read calls f with a view that holds w and the period that its buckets cover,
// at least w. f must not keep what it is given.
func (v *View) read(ctx context.Context, w callgraph.Window, f func(*reading)) error {
	p := periodOf(w)
	for {
		held, err := v.holding(ctx, p)
		if err != nil {
			return err
		}
		held.catchUp()
		if held.readIfHeld(p, f) {
			return nil
		}
	}
}

// catchUp settles what others taught the directory meanwhile.
func (v *View) catchUp() {
	v.mu.RLock()
	behind := v.topology.seen < v.topology.directory.now()
	v.mu.RUnlock()
	if !behind {
		return
	}
	v.applying.Lock()
	defer v.applying.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.topology.settleAll()
}

func (v *View) readIfHeld(p period, f func(*reading)) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if p = v.cover(p); !v.holds(p) {
		return false
	}
	f(&reading{View: v, period: p})
	return true
}

// cover rounds p outwards to the buckets that the view has at its ends.
func (v *View) cover(p period) period {
	return period{floorTo(p.from, v.widthAt(p.from)), ceilTo(p.to, v.widthAt(p.to-1))}
}

func (v *View) widthAt(t int64) int64 {
	width := max(v.width, callgraph.HotWidth)
	if h := v.hours[floorTo(t, callgraph.HourWidth)]; h != nil {
		return max(width, h.width)
	}
	return width
}

func (v *View) holds(p period) bool { return p.from >= v.floor || v.options.Source == nil }

// holding is the view itself, its stale hours read again, or one of the past.
func (v *View) holding(ctx context.Context, p period) (*View, error) {
	v.mu.RLock()
	held, below := v.holds(v.cover(p)), v.counters.Below
	stale, directory := v.staleIn(p), v.topology.directory
	v.mu.RUnlock()
	if !held {
		return v.past.view(ctx, v.options, p, below, directory)
	}
	for _, start := range stale {
		if err := v.reload(ctx, start); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (v *View) staleIn(p period) (hours []int64) {
	for start := range v.stale {
		if start < p.to && start+callgraph.HourWidth > p.from && v.options.Source != nil {
			hours = append(hours, start)
		}
	}
	return hours
}

// reload reads a sealed hour again for which cells came. It is not sealed then:
// more may come.
func (v *View) reload(ctx context.Context, start int64) error {
	v.reloading.Lock()
	defer v.reloading.Unlock()
	if !v.expect(start) {
		return nil // another reader was faster
	}
	fresh, err := load(ctx, v.options, period{start, start + callgraph.HourWidth}, 0, v.topology.directory)
	v.applying.Lock()
	defer v.applying.Unlock()
	if err != nil {
		v.late = nil
		return fmt.Errorf("read hour %s again: %w", time.Unix(start, 0).UTC().Format(time.RFC3339), err)
	}
	v.replace(start, fresh)
	v.retain()
	return nil
}

// late is the cells that come for an hour while it is read again.
type late struct {
	hour  int64
	cells []lateCell
	lost  bool // there were too many: read again once more
}

type lateCell struct {
	edge   callgraph.Edge
	record record
}

const maxLate = 100_000

func (l *late) add(e callgraph.Edge, r record) {
	if l.lost = l.lost || len(l.cells) == maxLate; !l.lost {
		l.cells = append(l.cells, lateCell{e, r})
	}
}

// expect begins to keep what comes for a stale hour.
func (v *View) expect(start int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.stale[start] {
		return false
	}
	v.late = &late{hour: start}
	return true
}

// replace puts an hour's records from fresh, and what came since, in the place
// of the sealed ones.
func (v *View) replace(start int64, fresh *View) {
	v.mu.Lock()
	defer v.mu.Unlock()
	came := v.late
	v.late = nil
	h := v.hours[start]
	if h == nil || !h.sealed || came == nil || came.lost {
		return // evicted or emptied meanwhile; or still stale
	}
	v.drop(period{start, start + callgraph.HourWidth})
	delete(v.stale, start)
	h.sealed, h.width = false, 0
	v.adopt(fresh)
	for _, c := range came.cells {
		v.put(v.edge(c.edge), c.record, v.options.Now())
	}
	v.topology.settle()
	v.counters.Reloaded++
}

// adopt puts all records of another view, whose integers are its own.
func (v *View) adopt(o *View) {
	now, writers := v.options.Now(), make([]uint32, len(o.writers))
	for w, id := range o.writers {
		writers[id] = v.writer(w)
	}
	for id, h := range o.histories {
		to := v.edge(o.topology.callgraphEdge(uint32(id)))
		for _, r := range h.records {
			r.writer = writers[r.writer]
			v.put(to, r, now)
		}
	}
}

func (v *View) drop(p period) {
	for i := range v.histories {
		h := &v.histories[i]
		if h.lasting.from < p.to && p.from < h.lasting.to {
			v.records -= len(h.within(p))
			*h = h.without(p)
		}
	}
}
