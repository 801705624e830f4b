package pebble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/zeebo/xxh3"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// errCorruptCell says that bytes are no cell, or a damaged one.
var errCorruptCell = errors.New("damaged cell")

// Forms of cells on disk.
const (
	formWritten = 0 // as it came
	formRolled  = 1 // the sum of cells of a narrower width
)

// edgeHash names an edge in the keys of its cells.
type edgeHash [16]byte

func hashEdge(encoded []byte) edgeHash { return xxh3.Hash128(encoded).Bytes() }

const (
	cellKeyLength = 1 + 4 + 1 + 8 + 16 + 1 + 1 + 8 + 8
	cellKeyStart  = 1 + 4 + 1        // where the bucket's start begins
	cellKeyEdge   = cellKeyStart + 8 // where the edge's hash begins
)

// bucketKey is the first key of the cells of a width and form whose bucket
// begins at a second.
func bucketKey(width uint32, form byte, second int64) []byte {
	b := append(make([]byte, 0, cellKeyLength), prefixCell)
	b = append(binary.BigEndian.AppendUint32(b, width), form)
	return binary.BigEndian.AppendUint64(b, rising(second))
}

// cellKey orders cells by width, form and the start of their bucket: what is
// rolled up next stands together, and so does what a window holds.
func cellKey(k *callgraph.CellKey, form byte, edge edgeHash) []byte {
	b := bucketKey(k.Bucket.Width, form, k.Bucket.Start)
	b = append(b, edge[:]...)
	b = append(b, byte(k.Outcome), byte(k.Writer.Source))
	b = binary.BigEndian.AppendUint64(b, k.Writer.ID)
	return binary.BigEndian.AppendUint64(b, rising(k.Opened))
}

// rising maps signed to unsigned numbers and keeps their order.
func rising(n int64) uint64 { return uint64(n) ^ 1<<63 }

func falling(n uint64) int64 { return int64(n ^ 1<<63) }

// readCellKey reads all but the edge.
func readCellKey(key []byte) (k callgraph.CellKey, form byte, edge edgeHash, err error) {
	if len(key) != cellKeyLength {
		return k, 0, edge, fmt.Errorf("read cell's key of %d bytes: %w", len(key), errCorruptCell)
	}
	k.Bucket.Width, form = binary.BigEndian.Uint32(key[1:]), key[cellKeyStart-1]
	k.Bucket.Start = falling(binary.BigEndian.Uint64(key[cellKeyStart:]))
	rest := key[cellKeyEdge+copy(edge[:], key[cellKeyEdge:]):]
	k.Outcome, k.Writer.Source = callgraph.Outcome(rest[0]), callgraph.Source(rest[1])
	k.Writer.ID = binary.BigEndian.Uint64(rest[2:])
	k.Opened = falling(binary.BigEndian.Uint64(rest[10:]))
	return k, form, edge, nil
}

// part is a cell that a rolled cell holds, by what tells it from the others of
// the same edge, outcome and writer.
type part struct{ start, opened int64 }

const cellVersion = 1

// appendCell writes what the key does not say. The sequence comes first: see
// cellSequence.
func appendCell(b []byte, c *callgraph.Cell, parts []part) []byte {
	b = append(b, cellVersion)
	b = binary.AppendUvarint(b, c.Sequence)
	b = binary.AppendVarint(b, c.Closed)
	for _, n := range []uint64{c.ServerOnly, c.Provisional, c.WeightUnknown} {
		b = binary.AppendUvarint(b, n)
	}
	b = append(b, flag(c.Folded))
	for _, s := range []*callgraph.Sketch{&c.Client, &c.Server, &c.Queue} {
		b = appendSketch(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(parts)))
	last := part{start: c.Bucket.Start}
	for _, p := range parts {
		b = binary.AppendVarint(b, p.start-last.start)
		b = binary.AppendVarint(b, p.opened-p.start)
		last = p
	}
	return b
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendSketch(b []byte, s *callgraph.Sketch) []byte {
	b = binary.AppendUvarint(b, s.Zero)
	b = binary.AppendUvarint(b, s.Nanos)
	b = binary.AppendUvarint(b, uint64(len(s.Bins)))
	last := int32(0)
	for _, x := range s.Bins {
		b = binary.AppendVarint(b, int64(x.Index)-int64(last))
		b = binary.AppendUvarint(b, x.Count)
		last = x.Index
	}
	return b
}

// cellSequence and Closed are what comparing and sorting out need.
func cellSequence(value []byte) (sequence uint64, closed int64, err error) {
	r := cellReader{b: value}
	r.version(cellVersion)
	sequence, closed = r.uvarint(), r.varint()
	if r.failed {
		return 0, 0, fmt.Errorf("read sequence of %d bytes: %w", len(value), errCorruptCell)
	}
	return sequence, closed, nil
}

// readCell reads what appendCell wrote into c, whose key is known.
func readCell(value []byte, c *callgraph.Cell) ([]part, error) {
	r := cellReader{b: value}
	r.version(cellVersion)
	c.Sequence, c.Closed = r.uvarint(), r.varint()
	c.ServerOnly, c.Provisional, c.WeightUnknown = r.uvarint(), r.uvarint(), r.uvarint()
	c.Folded = r.byte() == 1
	for _, s := range []*callgraph.Sketch{&c.Client, &c.Server, &c.Queue} {
		*s = r.sketch()
	}
	parts := r.parts(c.Bucket.Start)
	if r.failed || len(r.b) != 0 {
		return nil, fmt.Errorf("read cell of %d bytes: %w", len(value), errCorruptCell)
	}
	return parts, nil
}

// cellReader takes numbers off a buffer; after the first failure it yields
// zeros and stays failed.
type cellReader struct {
	b      []byte
	failed bool
}

func (r *cellReader) fail() { r.b, r.failed = nil, true }

func (r *cellReader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	x := r.b[0]
	r.b = r.b[1:]
	return x
}

func (r *cellReader) version(known byte) {
	if r.byte() != known {
		r.fail()
	}
}

func (r *cellReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *cellReader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count of things that take at least two bytes each of what is left.
func (r *cellReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)/2) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *cellReader) sketch() callgraph.Sketch {
	s := callgraph.Sketch{Zero: r.uvarint(), Nanos: r.uvarint()}
	last := int64(0)
	if n := r.count(); n > 0 {
		s.Bins = make([]callgraph.Bin, n)
	}
	for i := range s.Bins {
		last += r.varint()
		if last != int64(int32(last)) {
			r.fail()
		}
		s.Bins[i] = callgraph.Bin{Index: int32(last), Count: r.uvarint()}
	}
	return s
}

func (r *cellReader) parts(start int64) (parts []part) {
	for range r.count() {
		start += r.varint()
		parts = append(parts, part{start: start, opened: start + r.varint()})
	}
	return parts
}

func (r *cellReader) text() string {
	n := r.uvarint()
	if n > uint64(min(len(r.b), math.MaxInt32)) {
		r.fail()
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

const edgeVersion = 1

func appendEdge(b []byte, e *callgraph.Edge) []byte {
	b = append(b, edgeVersion, byte(e.Connection))
	for _, o := range []*callgraph.Operation{&e.Caller, &e.Callee} {
		b = append(b, byte(o.Node))
		for _, s := range []string{o.Service.Environment, o.Service.Namespace, o.Service.Name, o.Name} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	return b
}

func readEdge(value []byte) (e callgraph.Edge, err error) {
	r := cellReader{b: value}
	r.version(edgeVersion)
	e.Connection = callgraph.Connection(r.byte())
	for _, o := range []*callgraph.Operation{&e.Caller, &e.Callee} {
		o.Node = callgraph.Node(r.byte())
		for _, s := range []*string{&o.Service.Environment, &o.Service.Namespace, &o.Service.Name, &o.Name} {
			*s = r.text()
		}
	}
	if r.failed || len(r.b) != 0 {
		return callgraph.Edge{}, fmt.Errorf("read edge of %d bytes: %w", len(value), errCorruptCell)
	}
	return e, nil
}
