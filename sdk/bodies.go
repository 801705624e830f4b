package sdk

import (
	"sync"
	"sync/atomic"
)

// stripes part a counter, so that goroutines rarely meet at one.
const stripes = 16

// bodies lends records to spans: no more at a time than its bound.
type bodies struct {
	pool    sync.Pool
	limit   int64 // of each stripe
	lent    [stripes]stripe
	refused atomic.Uint64
}

type stripe struct {
	n atomic.Int64
	_ [56]byte
}

func (b *bodies) bound(n int) { b.limit = int64(max(n/stripes, 1)) }

// take is nil where the stripe's part of the bound is lent.
func (b *bodies) take(stripe uint8) *Record {
	if b.lent[stripe].n.Add(1) > b.limit {
		b.lent[stripe].n.Add(-1)
		b.refused.Add(1)
		return nil
	}
	r, ok := b.pool.Get().(*Record)
	if !ok {
		r = &Record{}
	}
	r.stripe = stripe
	return r
}

// extra is a record beyond the bound, for a span that leaves at once.
func (b *bodies) extra(stripe uint8) *Record {
	b.lent[stripe].n.Add(1)
	r, ok := b.pool.Get().(*Record)
	if !ok {
		r = &Record{}
	}
	r.stripe = stripe
	return r
}

// giveBack takes a record that nobody can reach any more.
func (b *bodies) giveBack(r *Record) {
	stripe := r.stripe
	r.clear()
	b.pool.Put(r)
	b.lent[stripe].n.Add(-1)
}

// letGo takes leave of a record that somebody may keep.
func (b *bodies) letGo(r *Record) { b.lent[r.stripe].n.Add(-1) }

// inUse is how many records are lent.
func (b *bodies) inUse() (n int64) {
	for i := range b.lent {
		n += b.lent[i].n.Load()
	}
	return n
}
