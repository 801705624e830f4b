package chunk

import (
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// Decoder reads class tables. It is safe for concurrent use.
type Decoder struct{ zstd *zstd.Decoder }

// NewDecoder is a decoder for at most concurrency readers at a time.
func NewDecoder(concurrency int) (*Decoder, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(concurrency), zstd.WithDecoderMaxMemory(maxPlain), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return &Decoder{zstd: z}, nil
}

// Close frees the decoder.
func (d *Decoder) Close() { d.zstd.Close() }

// Segments are those, rising, with a span that may have all of the common
// terms and a duration in one of the octaves.
func (d *Decoder) Segments(table []byte, common []segment.Term, octaves uint64) ([]uint32, error) {
	r := reader{b: table}
	r.version()
	length := r.uvarint()
	if r.failed || length > maxPlain {
		return nil, fmt.Errorf("open classes of %d bytes: %w", len(table), ErrCorrupt)
	}
	plain, err := d.zstd.DecodeAll(r.b, make([]byte, 0, min(int(length), 64*len(r.b)+4096)))
	if err != nil {
		return nil, fmt.Errorf("decompress classes: %w: %w", ErrCorrupt, err)
	}
	q := classQuery{reader: reader{b: plain}, octaves: octaves}
	found := q.run(common)
	if q.failed || len(plain) != int(length) {
		return nil, fmt.Errorf("read classes of %d bytes: %w", len(plain), ErrCorrupt)
	}
	return found, nil
}

// classQuery is one pass over a class table.
type classQuery struct {
	reader
	octaves uint64
	wanted  []uint32 // places of the common terms
	scopes  []uint64 // which of them each scope has, one bit each
	found   []bool   // by segment
	own     []uint32
	list    []uint32
}

func (q *classQuery) run(common []segment.Term) []uint32 {
	if !q.places(common) {
		return nil
	}
	all := uint64(1)<<len(q.wanted) - 1
	for range q.count(1) {
		q.own = q.rising(q.own[:0], 1<<32)
		q.scopes = append(q.scopes, q.bits(q.own))
	}
	for range q.count(4) {
		q.class(all)
	}
	if len(q.b) != 0 {
		q.fail()
	}
	return numbers(q.found)
}

// places is false where a term is not in the table.
func (q *classQuery) places(common []segment.Term) bool {
	hashes := q.rising(nil, 1<<32)
	if len(common) > segment.MaxAttributes {
		common = common[:segment.MaxAttributes]
	}
	for _, t := range common {
		place, ok := slices.BinarySearch(hashes, uint32(t))
		if !ok {
			return false
		}
		q.wanted = append(q.wanted, uint32(place))
	}
	return true
}

func (q *classQuery) bits(terms []uint32) (all uint64) {
	for i, w := range q.wanted {
		if slices.Contains(terms, w) {
			all |= 1 << i
		}
	}
	return all
}

func (q *classQuery) class(all uint64) {
	scope := q.uvarint()
	q.own = q.own[:0]
	for range q.count(1) {
		q.own = append(q.own, uint32(q.uvarint()))
	}
	octaves := q.uvarint()
	if scope >= uint64(len(q.scopes)) {
		q.fail()
		return
	}
	if octaves&q.octaves == 0 || q.scopes[scope]|q.bits(q.own) != all {
		q.skip()
		return
	}
	q.list = q.rising(q.list[:0], MaxSegments)
	for _, n := range q.list {
		if int(n) >= len(q.found) {
			q.found = append(q.found, make([]bool, int(n)+1-len(q.found))...)
		}
		q.found[n] = true
	}
}

func numbers(found []bool) (list []uint32) {
	for n, ok := range found {
		if ok {
			list = append(list, uint32(n))
		}
	}
	return list
}
