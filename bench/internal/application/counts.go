package application

import (
	"sync"
	"sync/atomic"
)

// Pair is a service and one that it calls.
type Pair struct{ Caller, Callee string }

// Made is how often something happened, and failed.
type Made struct{ Calls, Errors uint64 }

// counts is what really happened.
type counts struct {
	requests tally
	pairs    sync.Map // Pair → *tally
}

type tally struct{ calls, errors atomic.Uint64 }

func (t *tally) add(failed bool) {
	t.calls.Add(1)
	if failed {
		t.errors.Add(1)
	}
}

func (t *tally) made() Made { return Made{t.calls.Load(), t.errors.Load()} }

func (c *counts) request(failed bool) { c.requests.add(failed) }

func (c *counts) call(p Pair, failed bool) {
	t, known := c.pairs.Load(p)
	if !known {
		t, _ = c.pairs.LoadOrStore(p, &tally{})
	}
	t.(*tally).add(failed)
}

// Requests is how many requests were served.
func (a *Application) Requests() Made { return a.made.requests.made() }

// Calls is how often which service called which.
func (a *Application) Calls() map[Pair]Made {
	all := map[Pair]Made{}
	a.made.pairs.Range(func(p, t any) bool {
		all[p.(Pair)] = t.(*tally).made()
		return true
	})
	return all
}
