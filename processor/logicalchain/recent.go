package logicalchain

import (
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	// recentAge is how long at least what was written is not written again; it is
	// told again within twice that, so that the store knows it is still alive.
	recentAge = time.Minute
	// maxRecent sightings are known in each of two generations, in some 10 MB.
	maxRecent = 50_000
)

// recent knows what was told of late: the generation at hand, and the one
// before, which goes when the one at hand is full or old.
type recent struct {
	mu     sync.Mutex
	seed   maphash.Seed
	now    generation
	before generation
	begun  time.Time
	limit  int // of a generation
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

func newRecent(limit int) recent {
	return recent{seed: maphash.MakeSeed(), now: newGeneration(), before: newGeneration(), limit: limit}
}

func newGeneration() generation { return generation{traces: map[[16]byte][]told{}} }

// leaveOut takes out, in place, the sightings that were written of late at
// no later start, and those of traces that have enough keys.
func (r *recent) leaveOut(t *Taken, now time.Time) {
	if len(t.Sightings) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.begun) >= recentAge || now.Before(r.begun) {
		r.turn(now)
	}
	rest := t.Sightings[:0]
	for _, s := range t.Sightings {
		known := r.find(s)
		switch {
		case known != nil && known.start != notWritten && known.start <= s.Start.UnixNano():
			t.Known++
		case known == nil && r.crowded(s.TraceID):
			t.Refused[Crowded]++
		case known == nil:
			t.Evicted += r.admit(s, now)
			fallthrough
		default:
			rest = append(rest, s)
		}
	}
	t.Sightings = rest
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

func (r *recent) find(s callgraph.Sighting) *told {
	key := maphash.Comparable(r.seed, s.Key)
	for _, list := range [][]told{r.now.traces[s.TraceID], r.before.traces[s.TraceID]} {
		if at := slices.IndexFunc(list, func(t told) bool { return t.key == key }); at >= 0 {
			return &list[at]
		}
	}
	return nil
}

func (r *recent) crowded(trace [16]byte) bool {
	return len(r.now.traces[trace])+len(r.before.traces[trace]) >= storage.MaxTraceKeys
}

// admit makes room for a key of a trace, and says how many others had to go.
func (r *recent) admit(s callgraph.Sighting, now time.Time) (evicted int64) {
	if r.now.size >= r.limit {
		evicted = int64(r.before.size)
		r.turn(now)
	}
	r.now.traces[s.TraceID] = append(r.now.traces[s.TraceID], told{maphash.Comparable(r.seed, s.Key), notWritten})
	r.now.size++
	return evicted
}

func (r *recent) turn(now time.Time) {
	r.before, r.now, r.begun = r.now, newGeneration(), now
}
