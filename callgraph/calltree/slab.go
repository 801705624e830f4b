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
// span ID the first is their head: it has their children and is in the index.
// No field is a pointer, so that the garbage collector passes the slab by.
type node struct {
	key      spanKey
	start    uint64
	duration uint64
	weight   float32 // 7 digits are enough for an estimate
	arrival  uint32  // milliseconds, modulo 2^32

	operation operationID
	entry     operationID // what caller found, see epoch; for good once settled
	epoch     uint32      // of the caller run that set entry
	told      operationID // caller of the call that was yielded last; none: noOperation

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
	isQueued            // waits in Joiner.ready
	isDoubted           // waits in Joiner.doubted
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

// slab holds nodes by ref, in chunks that never move, and finds them by key.
type slab struct {
	chunks [][]node
	spare  []ref
	live   int
	used   int // nodes ever taken from the chunks
	heads  index
	twins  map[ref]ref // the next node of the same key, where there is one
	seed   maphash.Seed
}

const (
	chunkBits  = 8
	chunkNodes = 1 << chunkBits
	maxNodes   = 1 << 30
)

func newSlab() *slab { return &slab{heads: newIndex(), twins: map[ref]ref{}, seed: maphash.MakeSeed()} }

func (s *slab) at(r ref) *node { return &s.chunks[r>>chunkBits][r&(chunkNodes-1)] }

func (s *slab) hash(k spanKey) uint32 {
	var b [24]byte
	copy(b[:16], k.trace[:])
	copy(b[16:], k.span[:])
	return uint32(maphash.Bytes(s.seed, b[:]))
}

// head is the first node that was added for the key, or none.
func (s *slab) head(k spanKey) ref {
	return s.heads.find(s.hash(k), func(r ref) bool { return s.at(r).key == k })
}

// twin is the next node with the same key, or none.
func (s *slab) twin(r ref) ref {
	if s.at(r).is(isTwin) {
		if t, ok := s.twins[r]; ok {
			return t
		}
	}
	return none
}

// headOf is the head of a node's key.
func (s *slab) headOf(r ref) ref {
	if n := s.at(r); n.is(isTwin) {
		return s.head(n.key)
	}
	return r
}

// add makes the head of a key that has none.
func (s *slab) add(k spanKey) ref {
	r := s.take(k)
	s.heads.insert(s.hash(k), r)
	return r
}

// addTwin makes another node for the key of a head.
func (s *slab) addTwin(head ref) ref {
	r := s.take(s.at(head).key)
	if t := s.twin(head); t != none {
		s.twins[r] = t
	}
	s.twins[head] = r
	s.at(head).set(isTwin)
	s.at(r).set(isTwin)
	return r
}

func (s *slab) take(k spanKey) ref {
	s.live++
	r := ref(s.used)
	if last := len(s.spare) - 1; last >= 0 {
		r = s.spare[last]
		s.spare = s.spare[:last]
	} else {
		s.used++
	}
	if int(r) == len(s.chunks)*chunkNodes {
		s.chunks = append(s.chunks, make([]node, chunkNodes))
	}
	*s.at(r) = node{key: k, parent: none, child: none, left: none, right: none}
	return r
}

// remove lets a head and its twins go.
func (s *slab) remove(head ref) {
	s.heads.remove(s.hash(s.at(head).key), head)
	for r := head; r != none; {
		next := s.twin(r)
		delete(s.twins, r)
		*s.at(r) = node{}
		s.spare = append(s.spare, r)
		s.live--
		r = next
	}
}

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
