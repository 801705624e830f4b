package wire

import (
	"cmp"
	"slices"
)

// place is where a span of the source stands in time, and in which group.
type place struct {
	start, end uint64
	at         int32 // in the source
	group      int32
}

// sort orders the spans by trace and start, and traces by their first start: a
// parent comes before its children, and times are close to each other.
func (e *Encoder) sort() {
	e.places = e.places[:0]
	e.ids = e.ids[:0]
	sorted := true
	for i := range e.source.Len() {
		id, start, end := e.source.Place(i)
		e.ids = append(e.ids, id)
		e.places = append(e.places, place{start: start, end: end, at: int32(i)})
		sorted = sorted && (i == 0 || comparePlaces(e.places[i-1], e.places[i]) <= 0)
	}
	if !sorted {
		slices.SortFunc(e.places, comparePlaces)
	}
	e.groupByTrace()
}

func comparePlaces(a, b place) int {
	if a.start != b.start {
		return cmp.Compare(a.start, b.start)
	}
	return cmp.Or(cmp.Compare(b.end, a.end), cmp.Compare(a.at, b.at))
}

// groupByTrace keeps the order within each trace and of the traces' first spans.
func (e *Encoder) groupByTrace() {
	clear(e.groups)
	e.counts = append(e.counts[:0], 0)
	last := int32(-1)
	for i := range e.places {
		p := &e.places[i]
		id := &e.ids[p.at]
		if i == 0 || *id != e.ids[e.places[i-1].at] {
			last = e.groupOf(id)
		}
		p.group = last
		e.counts[last+1]++
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

func (e *Encoder) groupOf(id *[16]byte) int32 {
	group, ok := e.groups[*id]
	if !ok {
		group = int32(len(e.counts) - 1)
		e.groups[*id] = group
		e.counts = append(e.counts, 0)
	}
	return group
}
