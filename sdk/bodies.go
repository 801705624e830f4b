package sdk

import (
	"runtime"
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

// take is nil where the stripe's part of the bound is lent. Records beyond half
// of it are watched: applications forget to end spans.
func (b *bodies) take(stripe uint8) *Record {
	n := b.lent[stripe].n.Add(1)
	if n > b.limit {
		b.lent[stripe].n.Add(-1)
		b.refused.Add(1)
		return nil
	}
	r := b.lend(stripe)
	if n > b.limit/2 {
		b.watch(r)
	}
	return r
}

// extra is a record beyond the bound, for a span that leaves at once.
func (b *bodies) extra(stripe uint8) *Record {
	b.lent[stripe].n.Add(1)
	return b.lend(stripe)
}

func (b *bodies) lend(stripe uint8) *Record {
	r, ok := b.pool.Get().(*Record)
	if !ok {
		r = &Record{}
	}
	r.stripe = stripe
	if r.loan != nil {
		r.loan.stripe, r.loan.open = stripe, true
	}
	return r
}

// loan outlives its record, to tell what became of it.
type loan struct {
	stripe uint8
	open   bool
}

// watch ends the loan when the garbage collector takes the record, since nobody
// has its span any more. That costs as much as the span: most go unwatched.
func (b *bodies) watch(r *Record) {
	if r.loan != nil {
		return
	}
	r.loan = &loan{stripe: r.stripe, open: true}
	runtime.AddCleanup(r, func(l *loan) {
		if l.open {
			b.lent[l.stripe].n.Add(-1)
		}
	}, r.loan)
}

// giveBack takes a record that nobody can reach any more.
func (b *bodies) giveBack(r *Record) {
	r.clear()
	b.letGo(r)
	b.pool.Put(r)
}

// letGo takes leave of a record that somebody may keep.
func (b *bodies) letGo(r *Record) {
	if r.loan != nil {
		r.loan.open = false
	}
	b.lent[r.stripe].n.Add(-1)
}

// inUse is how many records are lent.
func (b *bodies) inUse() (n int64) {
	for i := range b.lent {
		n += b.lent[i].n.Load()
	}
	return n
}
