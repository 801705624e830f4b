package calltree

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// spanKey is a span without its kind.
type spanKey struct {
	trace [16]byte
	span  [8]byte
}

func (k spanKey) zero() bool { return k.trace == [16]byte{} || k.span == [8]byte{} }

// ref is the index of a node in the slab; for members of a child list also, as
// ^ref, of a link.
type ref int32

const none ref = math.MinInt32

// node is what the joiner keeps of a span, or of a span ID that others name
// and that has not come (a placeholder). Of the nodes that share a trace and a
// span ID the first is their head: it has their children. No field is a
// pointer, so that the garbage collector passes the slab by.
type node struct {
	key      spanKey
	start    uint64
	duration uint64
	weight   float64
	arrival  uint32 // milliseconds, modulo 2^32

	operation operationID
	entry     operationID // what caller found, see epoch; for good once settled
	epoch     uint32      // of the caller run that set entry
	told      operationID // caller of the call that was yielded last; none: noOperation

	chain  ref // next node in the index's bucket
	parent ref // head of the parent's nodes
	child  ref // first of the entry spans and links under this head
	left   ref // entry span: siblings in the parent's list; exit span: its peer, an operationID
	right  ref // entry span: siblings in the parent's list; exit span: the entry span it called
	refs   uint32
	flags  flags
	kind   uint8
	ending uint8 // outcome, and connection in the upper half
}

type flags uint16

const (
	isPlaceholder flags = 1 << iota
	isRoot              // its parent span ID is empty
	isTwin              // shares its ID with a node of another kind
	isQueued            // waits in joiner.ready
	isHeld              // lies in a ring: its time is not over
	isSettled           // its own part in calls is decided
	isProvisional       // an exit span whose entry span may still come
	isCircular          // above it parent links run in a circle
	isUnresolved        // entry is the topmost span that has come, no entry span
	hasInner            // an exit span over another one
	isEntrance          // the call from Outside to this span was yielded
	mustChoose          // an exit span that lost its entry span to another one
	hasLinks            // a consumer with links that were taken
	isCounted           // its SDK counted it
	isAssumed           // its weight of 1 is
)

func (n *node) is(f flags) bool   { return n.flags&f != 0 }
func (n *node) set(f flags)       { n.flags |= f }
func (n *node) clear(f flags)     { n.flags &^= f }
func (n *node) entrySpan() bool   { return isEntry(ptrace.SpanKind(n.kind)) }
func (n *node) exitSpan() bool    { return isExit(ptrace.SpanKind(n.kind)) }
func (n *node) peer() operationID { return operationID(n.left) }
func (n *node) end() uint64       { return n.start + n.duration }

func (n *node) half() callgraph.Half {
	return callgraph.Half{
		Seen:     true,
		Outcome:  callgraph.Outcome(n.ending & 0xf),
		Duration: time.Duration(min(n.duration, math.MaxInt64)),
		Counted:  n.is(isCounted),
	}
}

func (n *node) connection() callgraph.Connection { return callgraph.Connection(n.ending >> 4) }

// slab holds nodes by index and finds them by key: chunks that never move and
// a chained hash table over them.
type slab struct {
	chunks  [][]node
	free    []ref
	live    int
	used    int // nodes ever taken from the chunks
	buckets []ref
	seed    maphash.Seed
}

const (
	chunkBits  = 8
	chunkNodes = 1 << chunkBits
	minBuckets = 1 << 8
	maxNodes   = 1 << 30
)

func newSlab() *slab {
	s := &slab{seed: maphash.MakeSeed()}
	s.resize(minBuckets)
	return s
}

func (s *slab) at(r ref) *node { return &s.chunks[r>>chunkBits][r&(chunkNodes-1)] }

func (s *slab) bucket(k spanKey) *ref {
	var b [24]byte
	copy(b[:16], k.trace[:])
	copy(b[16:], k.span[:])
	return &s.buckets[maphash.Bytes(s.seed, b[:])&uint64(len(s.buckets)-1)]
}

// head is the first node that was added for the key, or none.
func (s *slab) head(k spanKey) ref {
	for r := *s.bucket(k); r != none; {
		n := s.at(r)
		if n.key == k {
			return r
		}
		r = n.chain
	}
	return none
}

// twin is the next node with the same key, or none.
func (s *slab) twin(r ref) ref {
	n := s.at(r)
	if !n.is(isTwin) {
		return none
	}
	for t := n.chain; t != none; t = s.at(t).chain {
		if s.at(t).key == n.key {
			return t
		}
	}
	return none
}

// add makes a node for the key; a twin comes after the nodes of its key.
func (s *slab) add(k spanKey) ref {
	if s.live >= len(s.buckets) {
		s.resize(2 * len(s.buckets))
	}
	r := s.take()
	*s.at(r) = node{key: k, chain: none, parent: none, child: none, left: none, right: none}
	s.insert(r)
	s.live++
	return r
}

func (s *slab) take() ref {
	if last := len(s.free) - 1; last >= 0 {
		r := s.free[last]
		s.free = s.free[:last]
		return r
	}
	if s.used == len(s.chunks)*chunkNodes {
		s.chunks = append(s.chunks, make([]node, chunkNodes))
	}
	s.used++
	return ref(s.used - 1)
}

// insert appends to the bucket, so that heads stay before their twins.
func (s *slab) insert(r ref) {
	end := s.bucket(s.at(r).key)
	for *end != none {
		end = &s.at(*end).chain
	}
	*end = r
	s.at(r).chain = none
}

func (s *slab) remove(r ref) {
	link := s.bucket(s.at(r).key)
	for *link != r {
		link = &s.at(*link).chain
	}
	*link = s.at(r).chain
	*s.at(r) = node{}
	s.free = append(s.free, r)
	s.live--
}

// resize keeps the order of nodes that share a key.
func (s *slab) resize(n int) {
	old := s.buckets
	s.buckets = make([]ref, n)
	for i := range s.buckets {
		s.buckets[i] = none
	}
	for _, r := range old {
		for r != none {
			next := s.at(r).chain
			s.insert(r)
			r = next
		}
	}
}

// millis is a time of arrival as nodes keep it.
func millis(t time.Time) uint32 { return uint32(uint64(t.UnixMilli())) }

// before orders spans under one parent: by start, then by span ID, then by
// what makes the order total.
func (n *node) before(o *node) bool {
	return cmp.Or(
		cmp.Compare(n.start, o.start),
		bytes.Compare(n.key.span[:], o.key.span[:]),
		cmp.Compare(n.kind, o.kind),
		bytes.Compare(n.key.trace[:], o.key.trace[:]),
	) < 0
}
