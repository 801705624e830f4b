package wire

import (
	"cmp"
	"slices"
)

type place struct {
	traceID    [16]byte
	start, end uint64
	at         int // in the source
	group      int
}

// sort orders the spans by trace and start, and traces by their first start: a
// parent comes before its children, and times are close to each other.
func (e *Encoder) sort() {
	e.places = e.places[:0]
	for i := range e.source.Len() {
		p := place{at: i}
		p.traceID, p.start, p.end = e.source.Place(i)
		e.places = append(e.places, p)
	}
	slices.SortFunc(e.places, func(a, b place) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		return cmp.Or(cmp.Compare(b.end, a.end), cmp.Compare(a.at, b.at))
	})
	clear(e.groups)
	e.counts = append(e.counts[:0], 0)
	for i := range e.places {
		p := &e.places[i]
		group, ok := e.groups[p.traceID]
		if !ok {
			group = len(e.counts) - 1
			e.groups[p.traceID] = group
			e.counts = append(e.counts, 0)
		}
		p.group = group
		e.counts[group+1]++
	}
	for i := 1; i < len(e.counts); i++ {
		e.counts[i] += e.counts[i-1]
	}
	e.order = slices.Grow(e.order[:0], len(e.places))[:len(e.places)]
	for _, p := range e.places {
		e.order[e.counts[p.group]] = p
		e.counts[p.group]++
	}
}
