package edge

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Options say who counts and bound what is held. Zero bounds stand for the
// defaults.
type Options struct {
	Service callgraph.Service
	// Instance is the process among those of its service; New makes it another
	// one for each start. It may be empty.
	Instance string
	// MaxCells bounds the counts that are held, and half of it those of server
	// halves, whose callers others choose; 0 is 100,000.
	MaxCells int
	// MaxOperations bounds the names of own operations; 0 is 5,000.
	MaxOperations int
	// MaxSites bounds the pairs of a peer and a client span's name; 0 is 10,000.
	MaxSites int
	// MaxCallers bounds the edges from callers that requests name; 0 is 10,000.
	MaxCallers int
}

func (o Options) withDefaults() Options {
	bound := func(v *int, standard int) {
		if *v <= 0 {
			*v = standard
		}
	}
	bound(&o.MaxCells, 100_000)
	bound(&o.MaxOperations, 5_000)
	bound(&o.MaxSites, 10_000)
	bound(&o.MaxCallers, 10_000)
	return o
}

// Counters count the halves of a process's calls. All methods may be called at
// any time from any goroutine.
type Counters struct {
	o          Options
	seed       maphash.Seed
	secret     [2]uint64 // in the hashes of edges: their callers are chosen by others
	maxLanes   int
	sweepEvery uint64 // harvests
	operations *table[string, Operation]
	sites      *table[siteKey, Site]
	peers      *table[peerKey, *Site] // of sites: a cache
	edges      *table[key, edge]
	recent     [recentOperations]atomic.Pointer[Operation] // found without a hash; emptied by a sweep
	other      *Operation                                  // of those that were folded
	elsewhere  *Site                                       // of peers that were folded

	cells       atomic.Int64 // held
	serverCells atomic.Int64 // of these, server halves
	callers     atomic.Int64 // edges from callers that requests name

	mu     sync.Mutex          // of what follows
	names  []callgraph.CellKey // to be told
	rest   []callgraph.Cell    // harvested and not yet handed out
	number uint64
	takes  uint64
	folded Folded
}

// What is found without the tables: the last operations, and of each its last
// edges.
const (
	recentOperations = 64
	recentEdges      = 4
)

// New counts nothing yet.
func New(o Options) *Counters {
	c := &Counters{
		o:          o.withDefaults(),
		seed:       maphash.MakeSeed(),
		secret:     [2]uint64{rand.Uint64(), rand.Uint64()},
		maxLanes:   lanesFor(runtime.GOMAXPROCS(0)),
		sweepEvery: sweepEvery,
		operations: newTable[string, Operation](),
		sites:      newTable[siteKey, Site](),
		peers:      newTable[peerKey, *Site](),
		edges:      newTable[key, edge](),
		other:      &Operation{},
		elsewhere:  &Site{},
	}
	c.o.Instance = fmt.Sprintf("%s@%016x", o.Instance, rand.Uint64())
	c.name(c.other, otherName)
	c.place(c.elsewhere, siteKey{otherName, otherName})
	return c
}

// half is what is counted of a call.
type half struct {
	bucket   int64
	duration time.Duration
	queue    time.Duration
	outcome  callgraph.Outcome
}

// bucketOf is the start of the bucket that holds the end, given in Unix
// nanoseconds; those that no metric can carry go to the nearest that can.
func bucketOf(end int64) int64 {
	const width = int64(callgraph.HotWidth * time.Second)
	return min(max(end, 0), math.MaxInt64-width) / width * callgraph.HotWidth
}

// Client counts the client half of a call that ended at the given Unix
// nanosecond: the caller is the entry's operation under its final name. A site
// that is nil is not known.
func (c *Counters) Client(caller *Operation, site *Site, conn callgraph.Connection, outcome callgraph.Outcome, end int64, d time.Duration) {
	k := key{own: caller, site: cmp.Or(site, c.elsewhere), side: clientSide, connection: conn}
	c.count(&k, &half{bucket: bucketOf(end), duration: d, outcome: outcome})
}

// Caller is what a server half knows of its caller.
type Caller struct {
	From callgraph.Reference
	// Outside callers are nobody: the callee is an entrance.
	Outside bool
	// Counts says that the caller counts the client half.
	Counts bool
}

// Entrance is Server of a call from outside that did not wait in a queue.
func (c *Counters) Entrance(callee *Operation, conn callgraph.Connection, outcome callgraph.Outcome, end int64, d time.Duration) {
	k := key{own: callee, side: outsideSide, connection: conn}
	c.count(&k, &half{bucket: bucketOf(end), duration: d, outcome: outcome})
}

// Server counts the server half of a call that ended at the given Unix
// nanosecond; queue is the time that a message waited.
func (c *Counters) Server(callee *Operation, from Caller, conn callgraph.Connection, outcome callgraph.Outcome, end int64, d, queue time.Duration) {
	k := key{own: callee, from: from.From, side: referredSide, counted: from.Counts, connection: conn}
	if from.Outside {
		k.from, k.side, k.counted = callgraph.Reference{}, outsideSide, false
	}
	c.count(&k, &half{bucket: bucketOf(end), duration: d, queue: queue, outcome: outcome})
}

// hash is seeded, so that nobody can choose callers that meet in one slot.
func (c *Counters) hash(k *key) uint64 {
	a, b := uint64(k.own.id)^uint64(k.from.Caller), uint64(k.from.Site)
	if k.site != nil {
		b = uint64(k.site.id)
	}
	rest := uint64(k.connection)<<2 | uint64(k.side)<<8
	if k.counted {
		rest |= 1
	}
	if k.from.Indirect {
		rest |= 2
	}
	hi, lo := bits.Mul64(a^c.secret[0], b^rest<<32^c.secret[1])
	return hi ^ lo
}

// Stats are what Counters hold, and did since New.
type Stats struct {
	Cells      int // counts held
	Edges      int // with and without counts
	Operations int
	Sites      int
	Intervals  uint64 // taken
	Folded     Folded
}

// Folded counts halves that were told under a coarser edge than their own.
type Folded struct {
	Callers    uint64 // their caller is unknown
	Entrances  uint64 // of those from outside: their operation is (other)
	Operations uint64 // their operations are (other)
	Peers      uint64 // and so is the peer
}

// Stats are the counts so far; those of folded halves as of the last Take.
func (c *Counters) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		Cells: int(c.cells.Load()), Edges: int(c.edges.size.Load()),
		Operations: int(c.operations.size.Load()), Sites: int(c.sites.size.Load()),
		Intervals: c.number, Folded: c.folded,
	}
}
