package graphview

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

const (
	pastViews = 2                // kept for the next question, each up to half the bound
	pastAge   = 10 * time.Minute // of views of time that is over
	// recentAge is how old a view may be that reaches into time that still
	// changes, or below which cells came since.
	recentAge = 5 * time.Second
	// fineWindow is the longest window of the past that is answered by the minute.
	fineWindow = 3 * callgraph.HourWidth
)

// past keeps the last few views of evicted time.
type past struct {
	mu     sync.Mutex // held while one is loaded: one at a time
	loaded []pastView
}

type pastView struct {
	view  *View
	hull  period
	below uint64 // cells that had come for evicted time
	at    time.Time
}

func (p *past) view(ctx context.Context, o Options, w period, below uint64, d *directory) (*View, error) {
	width := widthFor(w)
	// Whole hours: a store may have summed what is old by the hour.
	hull := period{floorTo(w.from, callgraph.HourWidth), ceilTo(w.to, callgraph.HourWidth)}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := o.Now()
	p.loaded = slices.DeleteFunc(p.loaded, func(l pastView) bool { return !l.fresh(now, below) || l.view.topology.directory != d })
	for _, l := range p.loaded {
		if l.hull == hull && l.view.width == width {
			return l.view, nil
		}
	}
	o.Cells /= 2
	v, err := load(ctx, o, hull, width, d)
	if err != nil {
		return nil, fmt.Errorf("read window from the store: %w", err)
	}
	p.loaded = append(p.loaded[max(0, len(p.loaded)-pastViews+1):], pastView{v, hull, below, now})
	return v, nil
}

func (l *pastView) fresh(now time.Time, below uint64) bool {
	age := now.Sub(l.at)
	over := l.hull.to < l.at.Unix()-callgraph.HourWidth
	return age < recentAge || over && l.below == below && age < pastAge
}

func widthFor(w period) int64 {
	if w.to-w.from <= fineWindow {
		return callgraph.MinuteWidth
	}
	return callgraph.HourWidth
}

// load makes a view of a period's cells, added up to buckets of the given
// width in seconds, or kept as they are where it is 0.
func load(ctx context.Context, o Options, p period, width int64, d *directory) (*View, error) {
	v := New(Options{Cells: math.MaxInt, Now: o.Now})
	v.width, v.topology = width, newTopology(d)
	return v, o.Source.Cells(ctx, p.window(), func(cells []callgraph.Cell) error {
		v.Fill(cells)
		if v.records > o.Cells {
			return &TooMuchError{o.Cells}
		}
		return nil
	})
}
