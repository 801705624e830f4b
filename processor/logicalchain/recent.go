package logicalchain

import (
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

const (
	// MaxTraceKeys is how many keys of one trace are told within recentAge. A
	// trace that carries thousands, such as a nightly batch, would link all to all.
	MaxTraceKeys = 64
	// recentAge is how long at least what was written is not written again; it is
	// told again within twice that, so that the store knows it is still alive.
	recentAge = time.Minute
	// maxRecent sightings are known in each of two generations, in some 10 MB.
	maxRecent = 50_000
)

// recent knows what was told of late: the generation at hand, and the one
// before, which goes when the one at hand is full or old.
type recent struct {
	mu      sync.Mutex
	seed    maphash.Seed
	now     generation
	before  generation
	begun   time.Time
	evicted int64
}

type generation struct {
	traces map[[16]byte][]told
	size   int
}

// told is a key of a trace.
type told struct {
	key   uint64 // hash; the seed is drawn at random, and a trace has few
	start int64  // as written; notWritten before it is
}

const notWritten = math.MaxInt64

func newRecent() recent {
	return recent{seed: maphash.MakeSeed(), now: newGeneration(), before: newGeneration()}
}

func newGeneration() generation { return generation{traces: map[[16]byte][]told{}} }

// unknown returns, in place, the sightings that were not written of late, or
// at a later start only.
func (r *recent) unknown(sightings []callgraph.Sighting, now time.Time) (rest []callgraph.Sighting, known, crowded int64) {
	if len(sightings) == 0 {
		return nil, 0, 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.begun) >= recentAge || now.Before(r.begun) {
		r.turn(now)
	}
	rest = sightings[:0]
	for _, s := range sightings {
		t := r.find(s)
		switch {
		case t != nil && t.start <= s.Start.UnixNano():
			known++
		case t == nil && !r.admit(s, now):
			crowded++
		default:
			rest = append(rest, s)
		}
	}
	return rest, known, crowded
}

// written notes the starts.
func (r *recent) written(sightings []callgraph.Sighting) {
	if len(sightings) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range sightings {
		if t := r.find(s); t != nil { // else it was forgotten meanwhile
			t.start = min(t.start, s.Start.UnixNano())
		}
	}
}

func (r *recent) forgotten() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.evicted
}

func (r *recent) find(s callgraph.Sighting) *told {
	key := maphash.Comparable(r.seed, s.Key)
	for _, list := range [][]told{r.now.traces[s.TraceID], r.before.traces[s.TraceID]} {
		if at := slices.IndexFunc(list, func(t told) bool { return t.key == key }); at >= 0 {
			return &list[at]
		}
	}
	return nil
}

// admit makes room for a key of a trace, unless the trace has enough of them.
func (r *recent) admit(s callgraph.Sighting, now time.Time) bool {
	if r.now.size >= maxRecent {
		r.evicted += int64(r.before.size)
		r.turn(now)
	}
	list := r.now.traces[s.TraceID]
	if len(list)+len(r.before.traces[s.TraceID]) >= MaxTraceKeys {
		return false
	}
	r.now.traces[s.TraceID] = append(list, told{maphash.Comparable(r.seed, s.Key), notWritten})
	r.now.size++
	return true
}

func (r *recent) turn(now time.Time) {
	r.before, r.now, r.begun = r.now, newGeneration(), now
}
