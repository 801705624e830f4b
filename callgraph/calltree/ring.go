package calltree

// ring is a queue of nodes in order of arrival: blocks that are used again.
type ring struct {
	blocks [][]ref
	spare  [][]ref
	head   int // in the first block
	size   int
}

const ringBlock = 1024

func (q *ring) push(r ref) {
	if (q.head+q.size)%ringBlock == 0 {
		q.blocks = append(q.blocks, q.block())
	}
	last := len(q.blocks) - 1
	q.blocks[last] = append(q.blocks[last], r)
	q.size++
}

func (q *ring) block() []ref {
	if last := len(q.spare) - 1; last >= 0 {
		b := q.spare[last]
		q.spare = q.spare[:last]
		return b
	}
	return make([]ref, 0, ringBlock)
}

// front is the oldest node; the ring must not be empty.
func (q *ring) front() ref { return q.blocks[0][q.head] }

func (q *ring) pop() ref {
	r := q.front()
	q.head++
	q.size--
	if q.head == ringBlock {
		q.spare = append(q.spare, q.blocks[0][:0])
		q.blocks = q.blocks[1:]
		q.head = 0
	}
	return r
}
