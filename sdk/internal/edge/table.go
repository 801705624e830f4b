package edge

import (
	"sync"
	"sync/atomic"
)

// table finds what was made for a key without a lock. It is a hash table with
// linear probing whose slots fill up and are never emptied: what goes, goes with
// all slots, which are then made anew. Readers of the old slots see all that
// was there.
type table[K comparable, V any] struct {
	mu    sync.Mutex // of writers
	slots atomic.Pointer[[]atomic.Pointer[entry[K, V]]]
	size  atomic.Int64
}

type entry[K comparable, V any] struct {
	key   K
	hash  uint64
	value V
}

const minSlots = 64

func newTable[K comparable, V any]() *table[K, V] {
	t := &table[K, V]{}
	t.renew(minSlots, nil)
	return t
}

// renew makes n slots, a power of two, for the entries.
func (t *table[K, V]) renew(n int, entries []*entry[K, V]) {
	slots := make([]atomic.Pointer[entry[K, V]], n)
	for _, e := range entries {
		put(slots, e)
	}
	t.slots.Store(&slots)
	t.size.Store(int64(len(entries)))
}

func put[K comparable, V any](slots []atomic.Pointer[entry[K, V]], e *entry[K, V]) {
	i := e.hash
	for slots[i&uint64(len(slots)-1)].Load() != nil {
		i++
	}
	slots[i&uint64(len(slots)-1)].Store(e)
}

// find is what was made for the key, or nil.
func (t *table[K, V]) find(k *K, hash uint64) *V {
	slots := *t.slots.Load()
	for i := hash; ; i++ {
		e := slots[i&uint64(len(slots)-1)].Load()
		if e == nil {
			return nil
		}
		if e.hash == hash && e.key == *k {
			return &e.value
		}
	}
}

// findOrMake is nil where there is none and limit entries are there already.
func (t *table[K, V]) findOrMake(k *K, hash uint64, limit int, fill func(*V)) *V {
	if t.full(limit) {
		return t.find(k, hash)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.find(k, hash); v != nil || t.full(limit) {
		return v
	}
	e := &entry[K, V]{key: *k, hash: hash}
	fill(&e.value)
	if slots := *t.slots.Load(); int(t.size.Load()) >= len(slots)/2 {
		t.renew(2*len(slots), t.entries())
	}
	put(*t.slots.Load(), e)
	t.size.Add(1)
	return &e.value
}

// settle waits until whoever changes the table is done.
func (t *table[K, V]) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
}

func (t *table[K, V]) full(limit int) bool { return t.size.Load() >= int64(limit) }

func (t *table[K, V]) entries() []*entry[K, V] {
	list := make([]*entry[K, V], 0, t.size.Load())
	slots := *t.slots.Load()
	for i := range slots {
		if e := slots[i].Load(); e != nil {
			list = append(list, e)
		}
	}
	return list
}

// retain forgets the entries of which keep is false. None is made meanwhile.
func (t *table[K, V]) retain(keep func(*V) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var kept []*entry[K, V]
	for _, e := range t.entries() {
		if keep(&e.value) {
			kept = append(kept, e)
		}
	}
	n := minSlots
	for n < 2*len(kept) {
		n *= 2
	}
	t.renew(n, kept)
}
