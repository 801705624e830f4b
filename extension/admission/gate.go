// Package admission decides how many requests a server reads and works on at
// the same time, by the bytes that they are expected to have: a request takes
// several times its size in memory once it is decoded, so a memory limiter that
// looks at memory every now and then comes too late when hundreds arrive at
// once. The others wait before their body is read, and so in the sender's
// memory; the senders notice nothing but the wait. Only where too many wait a
// request is refused, and may be sent again.
package admission

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// Options of a Gate. Zero values are the defaults named here.
type Options struct {
	// MaxBytes of requests that are read and worked on at once; a larger one
	// goes alone. 8 MiB.
	MaxBytes int64
	// MaxRequests that are open, most of them waiting; 1,024. One that waits
	// takes up to 64 KiB, what its sender may send unasked.
	MaxRequests int64
}

// Defaults of Options.
const (
	DefaultMaxBytes    = 8 << 20
	DefaultMaxRequests = 1024
)

const (
	// firstExpected is what a request is expected to have before any has come.
	firstExpected = 512 << 10
	// minExpected is what even an empty request costs, about.
	minExpected = 16 << 10
	// forget is how slowly large requests are forgotten when small ones come.
	forget = 32
)

// ErrCrowded says that too many requests are open; the sender may try again.
var ErrCrowded = errors.New("too many requests are under way: send again later")

// Gate lets requests in. It is safe for concurrent use.
type Gate struct {
	options  Options
	working  *semaphore.Weighted
	expected atomic.Int64 // bytes of the next request

	open, waiting    atomic.Int64
	refused, waited  atomic.Uint64
	abandoned, total atomic.Uint64
}

// Stats counts what a Gate did since it was made.
type Stats struct {
	Open, Waiting int64  // now
	Admitted      uint64 // all that were let in
	Waited        uint64 // those that had to wait
	Refused       uint64 // because of MaxRequests
	Abandoned     uint64 // whose sender did not wait so long
}

// New is a gate that nobody has passed.
func New(o Options) *Gate {
	o.MaxBytes = cmp.Or(o.MaxBytes, DefaultMaxBytes)
	o.MaxRequests = cmp.Or(o.MaxRequests, DefaultMaxRequests)
	g := &Gate{options: o, working: semaphore.NewWeighted(o.MaxBytes)}
	g.expected.Store(firstExpected)
	return g
}

// Announce counts a request as open until its context ends, or fails with
// ErrCrowded.
func (g *Gate) Announce(request context.Context) error {
	if g.open.Add(1) > g.options.MaxRequests {
		g.open.Add(-1)
		g.refused.Add(1)
		return ErrCrowded
	}
	context.AfterFunc(request, func() { g.open.Add(-1) })
	return nil
}

// Enter returns when it is the request's turn; call leave once its work is
// done. It fails when the request's context ends before that.
func (g *Gate) Enter(request context.Context) (leave func(), err error) {
	bytes := min(g.expected.Load(), g.options.MaxBytes)
	if !g.working.TryAcquire(bytes) {
		if err := g.wait(request, bytes); err != nil {
			return nil, err
		}
	}
	g.total.Add(1)
	return func() { g.working.Release(bytes) }, nil
}

func (g *Gate) wait(request context.Context, bytes int64) error {
	g.waited.Add(1)
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	err := g.working.Acquire(request, bytes)
	if err != nil {
		g.abandoned.Add(1)
	}
	return err
}

// Learn takes in how many bytes a request had. The largest of late is what the
// next is expected to have: how large it is, is known only after it was read.
func (g *Gate) Learn(bytes int64) {
	bytes = max(bytes, minExpected)
	for {
		old := g.expected.Load()
		expected := max(bytes, old-(old-bytes)/forget)
		if expected == old || g.expected.CompareAndSwap(old, expected) {
			return
		}
	}
}

// Stats is what was counted so far.
func (g *Gate) Stats() Stats {
	return Stats{
		Open: g.open.Load(), Waiting: g.waiting.Load(), Admitted: g.total.Load(),
		Waited: g.waited.Load(), Refused: g.refused.Load(), Abandoned: g.abandoned.Load(),
	}
}
