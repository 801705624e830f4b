package dependency

import "github.com/jcallgraph/jcallgraph/callgraph/spanfact"

// locals are the spans of one trace in one service: mostly one local trace,
// more where the trace comes back to the service.
type locals struct {
	key     key
	spans   []span
	roots   []int32              // not judged yet
	loose   []int32              // whose local root is not known yet
	index   map[[8]byte][2]int32 // by span ID, once there are many; two, since halves of a call may share one
	settled int64                // members of judged roots
	judged  bool                 // one of its local traces was
	pass    uint32               // of link

	touched, gone bool
	last          int64 // when a span of it arrived, Unix nanoseconds
	newer, older  *locals
}

type key struct {
	trace   [16]byte
	service uint64
}

// Bounds of locals.
const (
	maxSpans = 1 << 14 // beyond, a local trace gives no evidence
	manyFrom = 24      // from where on an index is worth it
)

// find returns the span of an ID and kind, or noRoot.
func (l *locals) find(id [8]byte, kind spanfact.Kind) int32 {
	return l.search(id, func(s *span) bool { return s.kind == kind })
}

// parentOf is the span above another one, entry spans first.
func (l *locals) parentOf(s *span) int32 {
	if s.parent == [8]byte{} {
		return noRoot
	}
	if p := l.search(s.parent, func(p *span) bool { return p.kind.Entry() && p != s }); p != noRoot {
		return p
	}
	return l.search(s.parent, func(p *span) bool { return p != s })
}

func (l *locals) search(id [8]byte, is func(*span) bool) int32 {
	if l.index == nil {
		for i := range l.spans {
			if l.spans[i].id == id && is(&l.spans[i]) {
				return int32(i)
			}
		}
		return noRoot
	}
	both, ok := l.index[id]
	for i := 0; ok && i < len(both) && both[i] != noRoot; i++ {
		if is(&l.spans[both[i]]) {
			return both[i]
		}
	}
	return noRoot
}

func (l *locals) add(s span) int32 {
	i := int32(len(l.spans))
	l.spans = append(l.spans, s)
	switch {
	case l.index != nil:
		l.note(i)
	case len(l.spans) > manyFrom:
		l.index = make(map[[8]byte][2]int32, 2*manyFrom)
		for j := range l.spans {
			l.note(int32(j))
		}
	}
	if s.root != nil {
		l.roots = append(l.roots, i)
		l.spans[i].of = i
		l.join(i, i)
	} else {
		l.loose = append(l.loose, i)
	}
	return i
}

func (l *locals) note(i int32) {
	id := l.spans[i].id
	both, ok := l.index[id]
	if !ok {
		l.index[id] = [2]int32{i, noRoot}
	} else if both[1] == noRoot {
		l.index[id] = [2]int32{both[0], i}
	}
}

// join makes a span a member of a root's local trace.
func (l *locals) join(i, r int32) {
	s, root := &l.spans[i], l.spans[r].root
	s.of, s.next, root.first = r, root.first, i
	if s.end <= l.spans[r].end {
		root.members++
		if root.judged {
			l.settled++
		}
	}
}

// link finds the roots of the spans that have none, as far as their parents
// have come. joined is told of each.
func (l *locals) link(joined func(i, r int32)) {
	l.pass++
	left := l.loose[:0]
	for _, i := range l.loose {
		r := l.climb(i)
		if r == noRoot {
			left = append(left, i)
			continue
		}
		joined(i, r)
		l.join(i, r)
	}
	l.loose = left
}

// climb ends where a parent is missing, or after as many steps as there are
// spans: parent links may run in a circle. What it finds all spans on its way
// know, so that each is passed a few times only, however deep they are.
func (l *locals) climb(i int32) int32 {
	r, at := noRoot, i
	for range l.spans {
		if s := &l.spans[at]; s.of != noRoot || s.stuck == l.pass {
			r = s.of
			break
		}
		if at = l.parentOf(&l.spans[at]); at == noRoot {
			break
		}
	}
	for at = i; at != noRoot && l.spans[at].of == noRoot && l.spans[at].stuck != l.pass; {
		s := &l.spans[at]
		s.of, s.stuck = r, l.pass
		at = l.parentOf(s)
	}
	return r
}

// markOuter: of an exit span over another one only the inner one is a call.
func (l *locals) markOuter(s *span) {
	if !s.kind.Exit() {
		return
	}
	if p := l.parentOf(s); p != noRoot && l.spans[p].kind.Exit() {
		l.spans[p].flags |= outer
	}
}

// waits is how many spans must at least be here before a root can be whole.
func (l *locals) waits() int64 {
	least := int64(1) << 62
	for _, r := range l.roots {
		if root := l.spans[r].root; root.stated >= 0 && root.dropped == 0 {
			least = min(least, root.stated)
		}
	}
	return least
}

// whole: all are here that the root says there were.
func (r *root) whole() bool { return r.stated >= 0 && r.dropped == 0 && r.members >= r.stated }
