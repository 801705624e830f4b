package pebble

import "sync"

// queue gathers writes that come while others are put in order for the disk, to
// be put in order together.
type queue[W queued] struct {
	mu      sync.Mutex
	waiting []W
	running bool // somebody puts some in order
}

// queued is what one caller wants written.
type queued interface {
	size() int
	turns() chan turn
}

// queuedWrites and queuedSize bound a batch; a larger write goes alone.
const (
	queuedWrites = 1024
	queuedSize   = cellsAtOnce
)

// write returns when w was written by write, alone or with others. Write calls
// next once these are in order: the next ones are put in order while these wait
// for the disk.
func (q *queue[W]) write(w W, write func(batch []W, next func()) error) error {
	if !q.enter(w) {
		if t := <-w.turns(); !t.lead {
			return t.err
		}
	}
	batch := q.gather(w)
	err := write(batch, q.next)
	for _, other := range batch[1:] {
		other.turns() <- turn{err: err}
	}
	return err
}

// enter reports whether w leads at once; else it is in the queue.
func (q *queue[W]) enter(w W) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.running {
		q.running = true
		return true
	}
	q.waiting = append(q.waiting, w)
	return false
}

// gather is w and what waits.
func (q *queue[W]) gather(w W) []W {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, size := []W{w}, w.size()
	for len(q.waiting) > 0 && len(batch) < queuedWrites {
		if size += q.waiting[0].size(); size > queuedSize {
			break
		}
		batch = append(batch, q.pop())
	}
	return batch
}

func (q *queue[W]) pop() W {
	var none W
	w := q.waiting[0]
	q.waiting[0] = none
	q.waiting = q.waiting[1:]
	return w
}

// next lets the first of the queue lead.
func (q *queue[W]) next() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running = len(q.waiting) > 0; q.running {
		q.pop().turns() <- turn{lead: true}
	}
}
