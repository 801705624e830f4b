package chunk

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCorrupt says that bytes are no part of a chunk, or a damaged one.
var ErrCorrupt = errors.New("damaged index")

// Directory says which segments a chunk has.
type Directory struct {
	// Low is the number below which all segments are in this chunk or in one
	// before.
	Low                       uint64
	FirstArrival, LastArrival int64 // Unix nanoseconds
	Bytes                     uint64
	Spans                     uint64
	Segments                  []Entry
}

// Entry is a segment of a chunk.
type Entry struct {
	Number         uint64
	Oldest, Newest int64 // starts of spans, Unix nanoseconds
	Spans          int
}

// Append writes the directory.
func (d *Directory) Append(b []byte) []byte {
	b = append(b, version)
	b = binary.AppendUvarint(b, d.Low)
	b = binary.AppendVarint(b, d.FirstArrival)
	b = binary.AppendVarint(b, d.LastArrival)
	b = binary.AppendUvarint(b, d.Bytes)
	b = binary.AppendUvarint(b, d.Spans)
	b = binary.AppendUvarint(b, uint64(len(d.Segments)))
	before := uint64(0)
	for _, s := range d.Segments {
		b = binary.AppendVarint(b, int64(s.Number-before))
		b = binary.AppendVarint(b, s.Oldest-d.FirstArrival)
		b = binary.AppendUvarint(b, uint64(s.Newest-s.Oldest))
		b = binary.AppendUvarint(b, uint64(s.Spans))
		before = s.Number
	}
	return b
}

// ReadDirectory reads what Append wrote.
func ReadDirectory(value []byte) (*Directory, error) {
	r := reader{b: value}
	r.version()
	d := &Directory{Low: r.uvarint(), FirstArrival: r.varint(), LastArrival: r.varint(), Bytes: r.uvarint(), Spans: r.uvarint()}
	n := r.count(4)
	d.Segments = make([]Entry, n)
	before := uint64(0)
	for i := range d.Segments {
		s := &d.Segments[i]
		before += uint64(r.varint())
		s.Number = before
		s.Oldest = d.FirstArrival + r.varint()
		s.Newest = s.Oldest + int64(r.uvarint())
		s.Spans = int(r.uvarint())
	}
	if r.failed || len(r.b) != 0 {
		return nil, fmt.Errorf("read directory of %d bytes: %w", len(value), ErrCorrupt)
	}
	return d, nil
}
