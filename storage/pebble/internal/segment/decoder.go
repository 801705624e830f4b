package segment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// ErrCorrupt says that bytes are no segment, or a damaged one.
var ErrCorrupt = errors.New("damaged segment")

// Decoder opens segments. It is safe for concurrent use.
type Decoder struct{ zstd *zstd.Decoder }

// NewDecoder is a decoder that takes part in at most concurrency
// decompressions at a time.
func NewDecoder(concurrency int) (*Decoder, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(concurrency), zstd.WithDecoderMaxMemory(MaxBody),
		zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(false))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return &Decoder{zstd: z}, nil
}

// Close frees the decoder; its segments stay readable.
func (d *Decoder) Close() { d.zstd.Close() }

// Segment is a segment whose raw part was read; Spans decompresses the rest.
// It refers to the value that it was opened from.
type Segment struct {
	Arrival int64 // Unix nanoseconds
	Traces  []Trace
	decoder *Decoder

	ids     []byte   // of spans, 8 bytes each
	times   []uint64 // start and end of each span
	parents []byte
	body    []byte // compressed
	size    int    // of the body, decompressed
}

// Trace is a trace of a segment: its spans are those numbered From <= n < To.
type Trace struct {
	ID       [16]byte
	From, To int
}

// Arrival reads only when a segment was written.
func Arrival(value []byte) (int64, error) {
	if len(value) < 9 || value[0] != version {
		return 0, fmt.Errorf("read arrival of %d bytes: %w", len(value), ErrCorrupt)
	}
	return int64(binary.BigEndian.Uint64(value[1:])), nil
}

// Open reads what is not compressed.
func (d *Decoder) Open(value []byte) (*Segment, error) {
	arrival, err := Arrival(value)
	if err != nil {
		return nil, err
	}
	s := &Segment{Arrival: arrival, decoder: d}
	r := reader{b: value[9:]}
	spans, traces, rawLength, size := r.uvarint(), r.uvarint(), r.uvarint(), r.uvarint()
	raw := reader{b: r.take(int(min(rawLength, MaxBody)))}
	if r.failed || size > MaxBody || spans > uint64(len(raw.b)/10) || traces > spans {
		return nil, fmt.Errorf("open segment of %d bytes: %w", len(value), ErrCorrupt)
	}
	s.size, s.body = int(size), r.b
	if !s.readRaw(&raw, int(spans), int(traces)) {
		return nil, fmt.Errorf("open segment of %d bytes: %w", len(value), ErrCorrupt)
	}
	return s, nil
}

func (s *Segment) readRaw(raw *reader, spans, traces int) bool {
	ids := raw.take(16 * traces)
	s.Traces = make([]Trace, traces)
	at := uint64(0)
	for i := range s.Traces {
		if ids == nil {
			return false
		}
		t := &s.Traces[i]
		copy(t.ID[:], ids[16*i:])
		t.From = int(at)
		n := raw.uvarint()
		if at += n; n == 0 || n > uint64(spans) || at > uint64(spans) {
			return false
		}
		t.To = int(at)
	}
	s.ids = raw.take(8 * spans)
	s.readTimes(raw, spans)
	s.parents = raw.b
	return !raw.failed && at == uint64(spans)
}

func (s *Segment) readTimes(raw *reader, spans int) {
	s.times = make([]uint64, 0, 2*spans)
	before := uint64(s.Arrival)
	for _, t := range s.Traces {
		first := before + uint64(raw.varint())
		s.times = append(s.times, first, first+uint64(raw.varint()))
		for range t.To - t.From - 1 {
			start := first + uint64(raw.varint())
			s.times = append(s.times, start, start+uint64(raw.varint()))
		}
		before = first
	}
}

// Len is how many spans the segment holds.
func (s *Segment) Len() int { return len(s.times) / 2 }

// Start of a span, Unix nanoseconds; times beyond 2262 are negative, as
// pcommon.Timestamp.AsTime has them.
func (s *Segment) Start(span int) int64 { return int64(s.times[2*span]) }

// End of a span, like Start.
func (s *Segment) End(span int) int64 { return int64(s.times[2*span+1]) }

// Body is the decompressed part of a segment.
type Body struct {
	segment                         *Segment
	resources, scopes, heads, pairs blobs
	scopeResources                  []uint32
	spans                           []bodySpan
	attributes                      []uint32 // numbers of pairs, of spans and events
	events                          []bodyEvent
}

type bodySpan struct {
	scope, head              uint32
	parent                   uint64 // ID
	attributes, attributesTo uint32
	events, eventsTo         uint32
}

type bodyEvent struct {
	time                     uint64
	head                     uint32
	attributes, attributesTo uint32
}

// Decompress reads the compressed part.
func (s *Segment) Decompress() (*Body, error) {
	// A claim is not believed: what a few bytes can blow up to grows as it comes.
	room := min(s.size, 64*len(s.body)+4096)
	plain, err := s.decoder.zstd.DecodeAll(s.body, make([]byte, 0, room))
	if err != nil {
		return nil, fmt.Errorf("decompress segment: %w: %w", ErrCorrupt, err)
	}
	b := &Body{segment: s}
	r := reader{b: plain}
	if len(plain) != s.size || !b.read(&r) {
		return nil, fmt.Errorf("read body of %d bytes: %w", len(plain), ErrCorrupt)
	}
	return b, nil
}

func (b *Body) read(r *reader) bool {
	b.resources = r.blobs()
	b.scopes = r.blobs()
	for range b.scopes.len() {
		n := r.uvarint()
		if n >= uint64(b.resources.len()) {
			return false
		}
		b.scopeResources = append(b.scopeResources, uint32(n))
	}
	b.heads = r.blobs()
	b.pairs = r.blobs()
	return !r.failed && b.readSpans(r)
}

func (b *Body) readSpans(r *reader) bool {
	d := spanReader{reader: r, body: b, parents: reader{b: b.segment.parents}}
	b.spans = make([]bodySpan, b.segment.Len())
	b.attributes = make([]uint32, 0, len(r.b))
	for _, t := range b.segment.Traces {
		for i := t.From; i < t.To; i++ {
			d.span(i, t)
		}
	}
	return !r.failed && !d.parents.failed && len(r.b) == 0 && len(d.parents.b) == 0
}

// spanReader resolves the references of spans.
type spanReader struct {
	*reader
	body               *Body
	parents            reader
	nextHead, nextPair uint32
}

func (d *spanReader) span(i int, t Trace) {
	s := &d.body.spans[i]
	s.scope = d.index(d.uvarint(), d.body.scopes.len())
	s.head = d.ref(&d.nextHead, d.body.heads.len())
	s.parent = d.parent(t)
	s.attributes, s.attributesTo = d.pairs()
	s.events = uint32(len(d.body.events))
	start := d.body.segment.times[2*i]
	for range d.count(3) {
		v := bodyEvent{time: start + uint64(d.varint()), head: d.ref(&d.nextHead, d.body.heads.len())}
		v.attributes, v.attributesTo = d.pairs()
		d.body.events = append(d.body.events, v)
	}
	s.eventsTo = uint32(len(d.body.events))
}

func (d *spanReader) index(n uint64, entries int) uint32 {
	if n >= uint64(entries) {
		d.fail()
		return 0
	}
	return uint32(n)
}

func (d *spanReader) ref(next *uint32, entries int) uint32 {
	n := d.uvarint()
	if n == 0 {
		*next++
		n = uint64(*next)
	}
	return d.index(n-1, entries)
}

func (d *spanReader) parent(t Trace) uint64 {
	switch code := d.uvarint(); code {
	case parentNone:
		return 0
	case parentElsewhere:
		return d.parents.uint64()
	default:
		place := d.index(code-parentFirst, t.To-t.From)
		return binary.BigEndian.Uint64(d.body.segment.ids[8*(t.From+int(place)):])
	}
}

func (d *spanReader) pairs() (from, to uint32) {
	from = uint32(len(d.body.attributes))
	for range d.count(1) {
		d.body.attributes = append(d.body.attributes, d.ref(&d.nextPair, d.body.pairs.len()))
	}
	return from, uint32(len(d.body.attributes))
}
