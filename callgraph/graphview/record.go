package graphview

import (
	"encoding/binary"
	"slices"
	"sort"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// record is a cell as a view keeps it: without its edge, sketches packed. A
// record without sketches is a cell that was taken back; it stays, because a
// delayed older state of it may still come.
type record struct {
	start    int64 // of the bucket, Unix seconds
	sequence uint64
	opened   int64
	calls    uint64
	served   uint64 // server halves
	packed   string
	writer   uint32
	width    uint16 // of the bucket, seconds
	outcome  callgraph.Outcome
	folded   bool
}

// recordKey says which records are states of one cell.
type recordKey struct {
	start, opened int64
	writer        uint32
	width         uint16
	outcome       callgraph.Outcome
}

func (r *record) key() recordKey {
	return recordKey{r.start, r.opened, r.writer, r.width, r.outcome}
}

// history is an edge's records by rising start, and what they come to.
type history struct {
	records []record
	total   Count
	answers Count  // server halves
	lasting period // from the first start to just after the last
}

// put applies a cell's state and reports how many records more there are now.
func (h *history) put(r record) int {
	i := h.from(r.start)
	for ; i < len(h.records) && h.records[i].start == r.start; i++ {
		if old := &h.records[i]; old.key() == r.key() {
			if r.sequence > old.sequence {
				h.replace(old, r)
			}
			return 0
		}
	}
	h.insert(i, r)
	return 1
}

// has reports whether r, or a later state of its cell, is there.
func (h *history) has(r record) bool {
	for i := h.from(r.start); i < len(h.records) && h.records[i].start == r.start; i++ {
		if old := &h.records[i]; old.key() == r.key() {
			return old.sequence >= r.sequence
		}
	}
	return false
}

// merge adds r's counts to the record of its start and outcome and reports how
// many records more there are now.
func (h *history) merge(r record) int {
	i := h.from(r.start)
	for ; i < len(h.records) && h.records[i].start == r.start; i++ {
		if old := &h.records[i]; old.outcome == r.outcome {
			h.replace(old, sum(*old, r))
			return 0
		}
	}
	h.insert(i, r)
	return 1
}

func (h *history) replace(old *record, r record) {
	h.total = h.total.minus(old.count()).plus(r.count())
	h.answers = h.answers.minus(old.answers()).plus(r.answers())
	*old = r
}

func (h *history) insert(i int, r record) {
	h.records = slices.Insert(h.records, i, r)
	h.total = h.total.plus(r.count())
	h.answers = h.answers.plus(r.answers())
	h.lasting = period{h.records[0].start, h.records[len(h.records)-1].start + 1}
}

func (r *record) count() Count { return countOf(r.outcome, r.calls) }

func (r *record) answers() Count { return countOf(r.outcome, r.served) }

func countOf(o callgraph.Outcome, n uint64) Count {
	if o.Failed() {
		return Count{n, n}
	}
	return Count{n, 0}
}

// from is the index of the first record that starts at t or later.
func (h *history) from(t int64) int {
	return sort.Search(len(h.records), func(i int) bool { return h.records[i].start >= t })
}

// within is the records whose start lies in w.
func (h *history) within(w period) []record { return h.records[h.from(w.from):h.from(w.to)] }

// count is the calls of the records whose start lies in w.
func (h *history) count(w period) Count { return h.add(w, h.total, (*record).count) }

// served is their server halves, whoever counts the client half.
func (h *history) served(w period) Count { return h.add(w, h.answers, (*record).answers) }

func (h *history) add(w period, all Count, of func(*record) Count) (c Count) {
	switch {
	case w.from <= h.lasting.from && h.lasting.to <= w.to:
		return all
	case h.lasting.to <= w.from || w.to <= h.lasting.from:
		return Count{}
	}
	records := h.within(w)
	for i := range records {
		c = c.plus(of(&records[i]))
	}
	return c
}

// without is h less the records whose start lies in w.
func (h *history) without(w period) (left history) {
	for _, r := range h.records {
		if r.start < w.from || r.start >= w.to {
			left.insert(len(left.records), r)
		}
	}
	return left
}

// sum is a record that counts what both count; it has no cell's key.
func sum(a, b record) record {
	var c callgraph.Cell
	var u unpacker
	u.addTo(&c, a.packed)
	u.addTo(&c, b.packed)
	packed, calls := pack(&c)
	return record{
		served: c.Server.Count(),
		start:  a.start, width: max(a.width, b.width), outcome: a.outcome, folded: a.folded || b.folded,
		packed: packed, calls: calls,
	}
}

// period is a half-open range of Unix seconds.
type period struct{ from, to int64 }

// pack makes a record of a cell that c describes; its key parts are the caller's.
func pack(c *callgraph.Cell) (packed string, calls uint64) {
	calls = c.Calls()
	if calls == 0 && c.Server.Count() == 0 && c.Queue.Count() == 0 {
		return "", 0
	}
	var room [256]byte
	b := appendSketch(room[:0], &c.Client)
	b = appendSketch(b, &c.Server)
	b = appendSketch(b, &c.Queue)
	b = binary.AppendUvarint(b, c.ServerOnly)
	b = binary.AppendUvarint(b, c.Provisional)
	b = binary.AppendUvarint(b, c.WeightUnknown)
	return string(b), calls
}

func appendSketch(b []byte, s *callgraph.Sketch) []byte {
	b = binary.AppendUvarint(b, s.Zero)
	b = binary.AppendUvarint(b, s.Nanos)
	b = binary.AppendUvarint(b, uint64(len(s.Bins)))
	last := int32(0)
	for _, bin := range s.Bins {
		b = binary.AppendVarint(b, int64(bin.Index)-int64(last))
		b = binary.AppendUvarint(b, bin.Count)
		last = bin.Index
	}
	return b
}

// unpacker reads what pack wrote; bins is room that it uses again.
type unpacker struct {
	rest string
	bins []callgraph.Bin
}

// addTo adds what packed counts to c.
func (u *unpacker) addTo(c *callgraph.Cell, packed string) {
	if packed == "" {
		return
	}
	u.rest = packed
	c.Client.Merge(u.sketch())
	c.Server.Merge(u.sketch())
	c.Queue.Merge(u.sketch())
	c.ServerOnly += u.uvarint()
	c.Provisional += u.uvarint()
	c.WeightUnknown += u.uvarint()
}

func (u *unpacker) uvarint() (n uint64) {
	for shift := 0; ; shift += 7 {
		b := u.rest[0]
		u.rest = u.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (u *unpacker) varint() int64 {
	n := u.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// sketch is valid until the next call.
func (u *unpacker) sketch() callgraph.Sketch {
	s := callgraph.Sketch{Zero: u.uvarint(), Nanos: u.uvarint()}
	u.bins = u.bins[:0]
	last := int64(0)
	for range u.uvarint() {
		last += u.varint()
		u.bins = append(u.bins, callgraph.Bin{Index: int32(last), Count: u.uvarint()})
	}
	s.Bins = u.bins
	return s
}
