package client

import (
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

// request is a Send under way. All but done belongs to who holds the Client's
// lock, until done is closed.
type request struct {
	source   wire.Source
	interval *callgraph.Interval // nil: spans
	open     int                 // spans not settled, or 1 for an interval
	lost     LostError
	left     bool          // nobody waits for it any more
	read     chan struct{} // closed once its source was read; nil: not begun
	done     chan struct{} // closed once nothing is open
}

func newRequest(source wire.Source, spans int) *request {
	return &request{source: source, open: spans, done: make(chan struct{})}
}

func newIntervalRequest(i callgraph.Interval) *request {
	return &request{interval: &i, open: 1, done: make(chan struct{})}
}

// err is what Send returns once all is settled.
func (r *request) err() error {
	if r.lost.empty() {
		return nil
	}
	slices.Sort(r.lost.TooLarge)
	slices.Sort(r.lost.Rejected)
	return &r.lost
}

// part is what one frame holds of a request, or is to hold: it is sent again as
// a whole, so that a receiver knows it again.
type part struct {
	of       *request
	spans    []int // of the source; nil: all
	n        int   // how many
	refusals int
	encoded  bool // before
}

// index is where the part's i-th span is in the request's source.
func (p *part) index(i int) int {
	if p.spans == nil {
		return i
	}
	return p.spans[i]
}

// in is the part that a frame of this part's spans holds.
func (p *part) in(f *wire.Frame) *part {
	if p.of.interval != nil || len(f.Spans) == p.n {
		p.encoded = true
		return p
	}
	q := &part{of: p.of, n: len(f.Spans), refusals: p.refusals, encoded: true}
	for _, i := range f.Spans {
		q.spans = append(q.spans, p.index(i))
	}
	return q
}

// view is a part as a Source.
type view struct {
	wire.Source
	*part
}

// Len implements wire.Source.
func (v *view) Len() int { return v.n }

// Place implements wire.Source. A part that was in a frame keeps that frame's
// order, by which receivers know it again.
func (v *view) Place(i int) (traceID [16]byte, start, end uint64) {
	traceID, start, end = v.Source.Place(v.index(i))
	if v.spans != nil {
		start, end = uint64(i), uint64(i)
	}
	return traceID, start, end
}

// Span implements wire.Source.
func (v *view) Span(i int, into *wire.SourceSpan) { v.Source.Span(v.index(i), into) }
