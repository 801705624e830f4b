package wholechain

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
)

// answers knows of which call sites the far side is seen.
type answers struct {
	of *simplelru.LRU[callgraph.StaticID, answered]
}

// answered is of how many calls that went well the far side was seen.
type answered struct{ calls, seen uint32 }

const (
	// knownFrom is of how many calls it must have been missing before it is known
	// to be missing always. Databases are known not to send spans.
	knownFrom = 5
	// usualPart is the part of the calls from which on a missing one is odd.
	usualPart = 0.1
	// learnedAtMost keeps what is learned young: then both are halved.
	learnedAtMost = 1000
)

func newAnswers(sites int) answers {
	of, err := simplelru.NewLRU[callgraph.StaticID, answered](max(sites, 1), nil)
	if err != nil {
		panic(err) // not for a positive size
	}
	return answers{of}
}

// learn notes a call that went well, and reports whether its far side is usual,
// or whether that is not known yet.
func (a answers) learn(site strength.Site, seen bool) (usual bool) {
	id := site.ID()
	known, _ := a.of.Get(id)
	known.calls++
	if seen {
		known.seen++
	}
	if known.calls > learnedAtMost {
		known = answered{known.calls / 2, known.seen / 2}
	}
	a.of.Add(id, known)
	if known.calls < knownFrom && site.Callee.Connection != callgraph.Database {
		return true
	}
	return float64(known.seen) >= usualPart*float64(known.calls)
}
