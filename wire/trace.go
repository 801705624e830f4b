package wire

import (
	"encoding/binary"
	"math/bits"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// trace is a trace of which spans were coded lately.
type trace struct {
	id     [16]byte
	serial uint64
	spans  []known
	last   uint64 // start of the last span
	waits  int    // how many of the spans are without a template
}

// known is a span that others may name as their parent; without a template
// one that was only named so far.
type known struct {
	id       [8]byte
	start    uint64
	t        *Template
	children *successors // what follows its last child, once known
}

// traces is the table of them, oldest first.
type traces struct {
	list   []*trace
	serial uint64 // of the newest
	spans  int
	byID   map[[16]byte]*trace // an encoder's
}

func (s *traces) add(m *model, id [16]byte) *trace {
	s.serial++
	t := &trace{id: id, serial: s.serial, spans: make([]known, 0, 4)}
	s.list = append(s.list, t)
	if !m.decoding {
		s.byID[id] = t
	}
	return t
}

// forget drops the oldest traces until the bounds are kept.
func (s *traces) forget() {
	for len(s.list) > maxTraces || s.spans > maxKnown {
		old := s.list[0]
		s.spans -= len(old.spans)
		s.list[0] = nil
		s.list = s.list[1:]
		if s.byID[old.id] == old {
			delete(s.byID, old.id)
		}
	}
}

func (s *traces) addSpan(t *trace, k known) int {
	if len(t.spans) == maxTraceSpans {
		n := copy(t.spans, t.spans[maxTraceSpans/2:])
		t.spans = t.spans[:n]
		s.spans -= maxTraceSpans / 2
		t.waits = 0
		for i := range t.spans {
			t.waiting(&t.spans[i])
		}
	}
	t.waiting(&k)
	t.spans = append(t.spans, k)
	s.spans++
	return len(t.spans) - 1
}

func (t *trace) waiting(k *known) {
	if k.t == nil {
		t.waits++
	}
}

// idModel codes trace IDs.
type idModel struct {
	short  prob
	millis numberModel
	known  prob
	age    numberModel
}

// traceID codes a trace ID whole, or as born short: its milliseconds relative
// to a time near, and its short ID.
func (m *model) traceID(im *idModel, id [16]byte, near uint64) [16]byte {
	short := !m.decoding && callgraph.IsBornShort(id)
	if !m.flag(&im.short, short) {
		for i := 0; i < 16; i += 8 {
			binary.BigEndian.PutUint64(id[i:], m.bits(64, binary.BigEndian.Uint64(id[i:])))
		}
		return id
	}
	base := int64(near / 1e6)
	ms := base - m.signed(&im.millis, base-int64(binary.BigEndian.Uint64(id[:8])>>16))
	return callgraph.BornShort(ms, callgraph.ShortID(m.bits(32, uint64(callgraph.ShortIDOf(id)))))
}

// timeModel codes a time as how far it is beyond another, in the unit that the
// last one had and in as many raw bits as the last ones needed.
type timeModel struct {
	usual  prob // what fits
	longer prob // what nearly fits
	unit   uint8
	length uint8 // average length of the last ones, in eighths of a bit
}

// unusualTime codes the times that do not fit, of all.
type unusualTime struct{ delta numberModel }

// By how many eighths of a bit a usual time may be longer than the average, and
// by how many bits a longer one.
const (
	spare  = 4
	longer = 3
)

// unitOf is the greatest unit of which v is a multiple: nanosecond, microsecond
// or millisecond.
func unitOf(v uint64) uint8 {
	switch {
	case v%1000 != 0:
		return 0
	case v%1_000_000 != 0:
		return 1
	}
	return 2
}

// in is v in the unit, rounded down.
func in(unit uint8, v uint64) uint64 {
	switch unit {
	case 1:
		return v / 1000
	case 2:
		return v / 1_000_000
	}
	return v
}

var units = [...]uint64{1, 1000, 1_000_000, 1}

func (m *model) time(tm *timeModel, unusual *unusualTime, near, v uint64) uint64 {
	n := (int(tm.length) + spare) / 8
	var of uint8
	var delta uint64
	if !m.decoding {
		of = unitOf(v)
		delta = in(of, v) - in(of, near)
	}
	switch {
	case m.flag(&tm.usual, of == tm.unit && delta>>n == 0):
		delta = m.bits(n, delta)
	case m.flag(&tm.longer, of == tm.unit && delta>>(n+longer) == 0):
		delta = m.bits(n+longer, delta)
	default:
		tm.unit = uint8(m.bits(2, uint64(of)))
		delta = uint64(m.signed(&unusual.delta, int64(delta)))
	}
	tm.length += uint8((8*min(bits.Len64(delta), 30) - int(tm.length)) >> 2)
	return (in(tm.unit, near) + delta) * units[tm.unit]
}

// spanIDModel codes a span ID: near the last of its process, or of another, or
// whole. Foreign IDs are near by chance once in 2^32.
type spanIDModel struct {
	near  prob
	index [1 << baseBits]prob
	delta numberModel
}

const nearby = 1 << 31

// bases are the numbers last used of processes: numbers, because a process's
// key only shifts them all.
type bases struct {
	ring [1 << baseBits]uint64
	next int
}

func (m *model) spanID(sm *spanIDModel, own int, id [8]byte) ([8]byte, int) {
	var number uint64
	isNear, at := false, own
	if !m.decoding {
		number = callgraph.SpanNumberOf(0, id)
		isNear, at = m.bases.find(own, number)
	}
	if !m.flag(&sm.near, isNear) {
		number = m.bits(64, number)
		if own < 0 {
			own = m.bases.next
			m.bases.next = (m.bases.next + 1) % (1 << baseBits)
		}
		m.bases.ring[own] = number
		return callgraph.SpanIDOf(0, number), own
	}
	if own < 0 {
		at = int(m.tree(sm.index[:], baseBits, uint32(at)))
	}
	b := &m.bases.ring[at]
	*b += uint64(m.signed(&sm.delta, int64(number-*b)))
	return callgraph.SpanIDOf(0, *b), at
}

// find is whether the number is near its process's last, or any process's.
func (b *bases) find(own int, number uint64) (isNear bool, at int) {
	if own >= 0 {
		return number-b.ring[own]+nearby < 2*nearby, own
	}
	for i, base := range b.ring {
		if number-base+nearby < 2*nearby {
			return true, i
		}
	}
	return false, own
}
