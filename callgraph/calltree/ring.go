package calltree

// ring is a queue of nodes in order of arrival.
type ring struct {
	refs []ref
	head int
	size int
}

func (q *ring) push(r ref) {
	if q.size == len(q.refs) {
		q.grow()
	}
	q.refs[(q.head+q.size)&(len(q.refs)-1)] = r
	q.size++
}

// front is the oldest node; the ring must not be empty.
func (q *ring) front() ref { return q.refs[q.head] }

func (q *ring) pop() ref {
	r := q.refs[q.head]
	q.head = (q.head + 1) & (len(q.refs) - 1)
	q.size--
	return r
}

func (q *ring) grow() {
	larger := make([]ref, max(64, 2*len(q.refs)))
	n := copy(larger, q.refs[q.head:])
	copy(larger[n:], q.refs[:q.head])
	q.refs, q.head = larger, 0
}
