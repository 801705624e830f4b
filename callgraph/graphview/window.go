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

// read calls f with a view that holds w and with the period that its buckets
// cover, at least w. f must not keep what it is given.
func (v *View) read(ctx context.Context, w callgraph.Window, f func(*View, period)) error {
	p := periodOf(w)
	for {
		held, err := v.holding(ctx, p)
		if err != nil {
			return err
		}
		if held.readIfHeld(p, f) {
			return nil
		}
	}
}

func (v *View) readIfHeld(p period, f func(*View, period)) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if p = v.cover(p); !v.holds(p) {
		return false
	}
	f(v, p)
	return true
}

// cover rounds p outwards to the buckets that the view has.
func (v *View) cover(p period) period {
	width := max(v.width, callgraph.HotWidth)
	return period{floorTo(p.from, v.widthAt(p.from, width)), ceilTo(p.to, v.widthAt(p.to-1, width))}
}

func (v *View) widthAt(t, width int64) int64 {
	if h := v.hours[floorTo(t, callgraph.HourWidth)]; h != nil && h.sealed {
		return callgraph.HourWidth
	}
	return width
}

func (v *View) holds(p period) bool { return p.from >= v.floor || v.options.Source == nil }

// holding is the view itself, its stale hours read again, or one of the past.
func (v *View) holding(ctx context.Context, p period) (*View, error) {
	v.mu.RLock()
	held, below := v.holds(v.cover(p)), v.counters.Below
	stale := v.staleIn(p)
	v.mu.RUnlock()
	if !held {
		return v.past.view(ctx, v.options, p, below)
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

// reload reads a sealed hour again for which cells came; it is not sealed then.
func (v *View) reload(ctx context.Context, start int64) error {
	v.mu.RLock()
	marks, isStale := v.stale[start]
	v.mu.RUnlock()
	if !isStale {
		return nil // another reader was faster
	}
	fresh, err := load(ctx, v.options, period{start, start + callgraph.HourWidth}, 0)
	if err != nil {
		return fmt.Errorf("read hour %s again: %w", time.Unix(start, 0).UTC().Format(time.RFC3339), err)
	}
	v.applying.Lock()
	defer v.applying.Unlock()
	v.replace(start, fresh, marks)
	v.retain()
	return nil
}

// replace puts the records of an hour from fresh in the place of the sealed ones.
func (v *View) replace(start int64, fresh *View, marks uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.hours[start]
	if h == nil {
		return // evicted meanwhile
	}
	if h.sealed {
		v.drop(period{start, start + callgraph.HourWidth})
		h.sealed = false
	}
	v.adopt(fresh)
	if v.stale[start] == marks { // else more came while it was read
		delete(v.stale, start)
	}
	v.counters.Reloaded++
}

// adopt puts all records of another view, whose integers are its own.
func (v *View) adopt(o *View) {
	now, writers := v.options.Now(), make([]uint32, len(o.writers))
	for w, id := range o.writers {
		writers[id] = v.writer(w)
	}
	for id, h := range o.histories {
		to := v.history(o.topology.callgraphEdge(uint32(id)))
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
			v.recount(h.within(p), -1)
			*h = h.without(p)
		}
	}
}
