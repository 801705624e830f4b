package sampler

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// Bounds of what is remembered by name.
const (
	tableLimit = 1024 // names
	nameLimit  = 256  // bytes of a name that tell it from others
)

// pair names a slot of a table.
type pair struct{ first, second string }

func cut(s string) string {
	if len(s) > nameLimit {
		return s[:nameLimit]
	}
	return s
}

// table finds slots without a lock and without allocating: the map is never
// changed but replaced by a larger one. Names beyond the bound share a slot.
type table[V any] struct {
	slots   atomic.Pointer[map[pair]*V]
	mu      sync.Mutex // whoever replaces the map
	shared  V
	refused atomic.Uint64 // look-ups that got the shared slot
}

// slot is that of the name; a new one is initialised by create, which is told
// how many there are with it.
func (t *table[V]) slot(name pair, create func(v *V, n int)) *V {
	name = pair{cut(name.first), cut(name.second)}
	if v, full := t.lookup(name); v != nil {
		return v
	} else if full {
		t.refused.Add(1)
		return &t.shared
	}
	return t.add(name, create)
}

func (t *table[V]) lookup(name pair) (v *V, full bool) {
	m := t.slots.Load()
	if m == nil {
		return nil, false
	}
	return (*m)[name], len(*m) >= tableLimit
}

func (t *table[V]) add(name pair, create func(v *V, n int)) *V {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, full := t.lookup(name)
	switch {
	case v != nil:
		return v
	case full:
		t.refused.Add(1)
		return &t.shared
	}
	m := map[pair]*V{}
	if old := t.slots.Load(); old != nil {
		m = maps.Clone(*old)
	}
	v = new(V)
	create(v, len(m)+1)
	m[pair{strings.Clone(name.first), strings.Clone(name.second)}] = v
	t.slots.Store(&m)
	return v
}

// all are the slots by name; the map must not be changed.
func (t *table[V]) all() map[pair]*V {
	if m := t.slots.Load(); m != nil {
		return *m
	}
	return nil
}

// prune removes slots that nobody needs, if there are any. Who still holds one may use it, to no
// effect.
func (t *table[V]) prune(idle func(*V) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.all()
	if !anyIdle(m, idle) {
		return
	}
	left := maps.Clone(m)
	maps.DeleteFunc(left, func(_ pair, v *V) bool { return idle(v) })
	t.slots.Store(&left)
}

func anyIdle[V any](m map[pair]*V, idle func(*V) bool) bool {
	for _, v := range m {
		if idle(v) {
			return true
		}
	}
	return false
}
