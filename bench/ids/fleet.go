package main

import (
	"cmp"
	crand "crypto/rand"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// fleet is processes that make IDs, each from random bits of its own, as the
// SDK does.
type fleet struct {
	processes []*rand.ChaCha8
	traffic   *rand.Rand // which process, and how many in a millisecond
	millis    int64      // now
	made      int
}

func newFleet(processes int) *fleet {
	f := &fleet{millis: 1_790_000_000_000}
	for range processes {
		f.processes = append(f.processes, rand.NewChaCha8(seed()))
	}
	f.traffic = rand.New(rand.NewChaCha8(seed()))
	return f
}

func seed() (s [32]byte) {
	_, _ = crand.Read(s[:]) // never fails
	return s
}

// traceID is what some process makes now.
func (f *fleet) traceID() [16]byte {
	p := f.processes[f.traffic.Uint64N(uint64(len(f.processes)))]
	return callgraph.BornShort(f.millis, callgraph.ShortID(p.Uint64()))
}

// collisions counts the chains that share their ID with another. Only IDs of
// one millisecond can be equal, since they hold it: no more are remembered.
func (f *fleet) collisions(perMilli float64, millis int) (collided int) {
	var ids []halves
	f.made = 0
	for range millis {
		f.millis++
		ids = ids[:0]
		for range f.poisson(perMilli) {
			ids = append(ids, halvesOf(f.traceID()))
		}
		f.made += len(ids)
		collided += shared(ids)
	}
	return collided
}

// halves are an ID as two numbers, which compare faster.
type halves struct{ high, low uint64 }

func halvesOf(id [16]byte) halves {
	return halves{binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])}
}

// shared counts the IDs that are there more than once, and sorts them.
func shared(ids []halves) (n int) {
	slices.SortFunc(ids, func(a, b halves) int { return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.high, b.high)) })
	for i := range ids {
		if i > 0 && ids[i] == ids[i-1] || i+1 < len(ids) && ids[i] == ids[i+1] {
			n++
		}
	}
	return n
}

// poisson is how many chains begin in a millisecond: by Knuth's products for
// few, as the normal distribution has it for many.
func (f *fleet) poisson(mean float64) (n int) {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*f.traffic.NormFloat64())))
	}
	limit := math.Exp(-mean)
	for p := f.traffic.Float64(); p > limit; p *= f.traffic.Float64() {
		n++
	}
	return n
}
