package rewrite

import (
	"math/rand/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// entry is a trace, in the ring of those that are known.
type entry struct {
	foreign, short [16]byte
	next, previous *entry
}

// of is find, for callers without the lock.
func (t *Table) of(id [16]byte, start uint64) *entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.find(id, start)
}

// find is the trace of an ID, which it enters with the time at which it is seen;
// nil where the ID stays.
func (t *Table) find(id [16]byte, start uint64) *entry {
	if id == ([16]byte{}) || callgraph.IsBornShort(id) {
		return nil
	}
	e := t.known[id]
	if e == nil {
		e = t.enter(id, int64(start/1e6))
	} else {
		e.leave()
	}
	e.join(&t.root)
	return e
}

func (t *Table) enter(id [16]byte, millis int64) *entry {
	if len(t.known) >= t.max {
		t.forget(t.root.previous)
	}
	e := &entry{foreign: id, short: t.draw(millis, callgraph.ShortIDOf(id))}
	t.known[id], t.taken[e.short] = e, struct{}{}
	t.stats.Rewritten++
	return e
}

// draw is an ID that stands for no trace yet, with the given short ID if it can.
func (t *Table) draw(millis int64, short callgraph.ShortID) [16]byte {
	id := callgraph.BornShort(millis, short)
	if _, taken := t.taken[id]; !taken {
		return id
	}
	t.stats.Collisions++
	for {
		id = callgraph.BornShort(millis, callgraph.ShortID(rand.Uint32()))
		if _, taken := t.taken[id]; !taken {
			return id
		}
	}
}

func (t *Table) forget(e *entry) {
	e.leave()
	delete(t.known, e.foreign)
	delete(t.taken, e.short)
	t.stats.Forgotten++
}

func (e *entry) join(root *entry) {
	e.previous, e.next = root, root.next
	e.next.previous, root.next = e, e
}

func (e *entry) leave() { e.previous.next, e.next.previous = e.next, e.previous }
