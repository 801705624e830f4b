package segment

import "encoding/binary"

// layout orders spans by trace, in the order in which traces and spans came.
type layout struct {
	byTrace map[[16]byte]uint32 // group of the trace
	byID    map[spanKey]uint32  // place within the group
	groupOf []uint32            // of each span
	groups  []group
	order   []uint32 // numbers of spans, trace by trace
}

type group struct{ from, to uint32 }

type spanKey struct {
	group uint32
	id    uint64
}

// Codes of a span's parent; greater ones name a span of the same trace.
const (
	parentNone      = 0
	parentElsewhere = 1
	parentFirst     = 2
)

func newLayout() layout {
	return layout{byTrace: map[[16]byte]uint32{}, byID: map[spanKey]uint32{}}
}

func (l *layout) group(spans []spanRecord) {
	clear(l.byTrace)
	clear(l.byID)
	l.groups, l.groupOf = l.groups[:0], l.groupOf[:0]
	for i := range spans {
		g, ok := l.byTrace[spans[i].trace]
		if !ok {
			g = uint32(len(l.groups))
			l.byTrace[spans[i].trace] = g
			l.groups = append(l.groups, group{})
		}
		l.groups[g].to++
		l.groupOf = append(l.groupOf, g)
	}
	l.place(spans)
}

// place gives each group its part of the order, and each span its place.
func (l *layout) place(spans []spanRecord) {
	at := uint32(0)
	for i := range l.groups {
		size := l.groups[i].to
		l.groups[i] = group{at, at}
		at += size
	}
	l.order = append(l.order[:0], l.groupOf...)
	for i := range spans {
		g := &l.groups[l.groupOf[i]]
		l.order[g.to] = uint32(i)
		l.byID[spanKey{l.groupOf[i], spans[i].id}] = g.to - g.from
		g.to++
	}
}

func (l *layout) parentCode(group int, parent uint64) uint64 {
	if parent == 0 {
		return parentNone
	}
	place, ok := l.byID[spanKey{uint32(group), parent}]
	if !ok {
		return parentElsewhere
	}
	return uint64(place) + parentFirst
}

// renumbering numbers the entries of an interner anew, in the order in which
// the segment names them, so that a first mention needs no number.
type renumbering struct {
	out  []uint32 // new number + 1 of each entry
	used []uint32 // entries by new number
}

func (r *renumbering) reset(entries int) {
	if cap(r.out) < entries {
		r.out = make([]uint32, entries, 2*entries)
	}
	r.out = r.out[:entries]
	clear(r.out)
	r.used = r.used[:0]
}

func (r *renumbering) ref(entry uint32) uint64 {
	if n := r.out[entry]; n != 0 {
		return uint64(n)
	}
	r.used = append(r.used, entry)
	r.out[entry] = uint32(len(r.used))
	return 0
}

func (r *renumbering) appendBlobs(b []byte, entries [][]byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(r.used)))
	for _, n := range r.used {
		b = binary.AppendUvarint(b, uint64(len(entries[n])))
	}
	for _, n := range r.used {
		b = append(b, entries[n]...)
	}
	return b
}
