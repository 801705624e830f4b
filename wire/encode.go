package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"
)

// Frame is one encoded frame.
type Frame struct {
	Number uint64
	Spans  []int // which of the batch's, in the frame's order
	Bytes  []byte
}

// RefusedError says which spans of a batch are larger than a frame may be, have
// more attributes, or nest them deeper. The frames hold all others.
type RefusedError struct{ Spans []int }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%d spans are larger than a compact frame may be", len(e.Spans))
}

// ErrIntervalTooLarge says that an interval has more cells or names than a frame
// may have.
var ErrIntervalTooLarge = errors.New("interval is larger than a compact frame may be")

// Encoder encodes one stream. It is not safe for concurrent use.
type Encoder struct {
	m        *model
	number   uint64
	fresh    bool // the next frame begins an epoch
	together bool // the batch was a frame before
	resets   uint64

	source  Source
	span    SourceSpan
	target  Span
	places  []place
	order   []place
	groups  map[[16]byte]int32
	ids     [][16]byte
	counts  []int32
	scopes  []*Template // of the batch
	orders  map[uint64]*order
	keySets map[uint64][]*keySet
	wholes  map[string]*Template
	of      *Template
	values  []Value
	draft   draft
	record  sourceRecord // of the draft
	open    []*Value
	scope   SourceScope
	refused RefusedError
	name    []byte
}

// NewEncoder begins a stream.
func NewEncoder() *Encoder {
	e := &Encoder{groups: map[[16]byte]int32{}}
	e.reset()
	return e
}

// Reset makes the next frame begin an epoch: a decoder needs nothing from
// before.
func (e *Encoder) Reset() { e.reset() }

// Resets is how many epochs were begun.
func (e *Encoder) Resets() uint64 { return e.resets }

// StateSize estimates the bytes of heap that the stream holds.
func (e *Encoder) StateSize() int {
	const perOrder = 512
	buffers := cap(e.m.coded) + cap(e.m.raw.bytes) + int(unsafe.Sizeof(place{}))*(cap(e.places)+cap(e.order)) + 16*cap(e.ids)
	return e.m.size() + e.m.placesMade*int(unsafe.Sizeof(places{})) + len(e.orders)*perOrder + buffers
}

func (e *Encoder) reset() {
	e.m = newModel()
	e.m.keyOf, e.m.drafts, e.m.source = map[string]*key{}, map[*Template]*draft{}, e
	e.m.traces.byID = map[[16]byte]*trace{}
	e.orders, e.keySets, e.wholes = map[uint64]*order{}, map[uint64][]*keySet{}, map[string]*Template{}
	clear(e.scopes)
	e.target, e.of, e.record, e.draft = Span{}, nil, sourceRecord{}, draft{}
	e.fresh = true
}

// Encode encodes a batch. Its error is a *RefusedError: some spans are left out.
func (e *Encoder) Encode(source Source) (frames []Frame, err error) {
	e.source, e.scopes = source, e.scopes[:0]
	e.refused.Spans = nil
	e.sort()
	for rest := e.order; len(rest) > 0; {
		f, n := e.frame(rest)
		if rest = rest[n:]; len(f.Spans) > 0 {
			frames = append(frames, f)
		}
	}
	if len(e.refused.Spans) > 0 {
		return frames, &RefusedError{e.refused.Spans}
	}
	return frames, nil
}

// EncodeTogether is Encode for spans that were one frame before, and are to be one
// again: an epoch's begin takes more bytes, for which it leaves room.
func (e *Encoder) EncodeTogether(source Source) ([]Frame, error) {
	e.together = true
	defer func() { e.together = false }()
	return e.Encode(source)
}

// frame encodes as many spans as fit, and says how many it took. Where the
// epoch has no room for one it begins another, with the frame's spans so far.
func (e *Encoder) frame(order []place) (Frame, int) {
	for refused := e.refused.Spans; ; {
		e.refused.Spans = refused
		fresh := e.fresh
		f, taken, ok := e.attempt(order)
		if ok {
			return f, taken
		}
		e.reset()
		switch {
		case fresh && taken == 0:
			e.refused.Spans = append(refused, int(order[0].at))
			return Frame{}, 1
		case fresh:
			order = order[:taken]
		}
	}
}

// attempt is a frame, or the number of the span that was too much.
func (e *Encoder) attempt(order []place) (f Frame, taken int, ok bool) {
	e.m.beginEncoding()
	e.m.decoded = 0
	var g group
	last := int32(-1) // the last span's group
	for ; taken < len(order) && !e.isFull(len(f.Spans)); taken++ {
		p := order[taken]
		e.source.Span(int(p.at), &e.span)
		scope, fits := e.scopeOf(e.span.Scope)
		if !fits || e.span.tooLarge() {
			e.refused.Spans = append(e.refused.Spans, int(p.at))
			continue
		}
		e.begin(&g, last, p.group)
		e.of = scope
		e.encodeSpan(&g)
		if e.overflown() {
			return f, taken, false
		}
		f.Spans = append(f.Spans, int(p.at))
		last = p.group
	}
	if len(f.Spans) > 0 {
		e.m.flag(&g.last.more, false)
		e.m.flag(&e.m.moreGroups, false)
		e.m.endEncoding()
		e.close(&f, kindSpans)
	}
	return f, taken, true
}

// overflown reports whether a limit was reached.
func (e *Encoder) overflown() bool {
	return e.m.err != nil || len(e.m.coded)+len(e.m.raw.bytes) > MaxFrame-maxHeader
}

// begin ends the group before the span, if it begins another.
func (e *Encoder) begin(g *group, last, now int32) {
	if last >= 0 {
		e.m.flag(&g.last.more, last == now)
	}
	if last != now {
		e.m.flag(&e.m.moreGroups, true)
		e.m.beginGroup(g, e.span.TraceID)
	}
}

func (e *Encoder) isFull(spans int) bool {
	m := e.m
	frame, decoded := frameTarget, uint64(decodedTarget)
	if e.together {
		frame, decoded = 2*frame, 2*decoded
	}
	return len(m.coded)+len(m.raw.bytes) > frame || m.decoded > decoded || spans == MaxSpans
}

func (e *Encoder) encodeSpan(g *group) {
	s := &e.target
	s.TraceID, s.SpanID, s.ParentID = e.span.TraceID, e.span.SpanID, e.span.ParentID
	s.Start, s.End = e.span.Start, e.span.End
	s.Parts = s.Parts[:0]
	for i := range e.span.Parts {
		p := &e.span.Parts[i]
		s.Parts = append(s.Parts, Record{Time: p.Time, TraceID: p.TraceID, SpanID: p.SpanID})
	}
	e.m.span(g, s)
}

// close puts a frame's sections together.
func (e *Encoder) close(f *Frame, kind byte) {
	e.number++
	f.Number = e.number
	b := []byte{Version, kind}
	b = binary.AppendUvarint(b, e.number)
	flags := byte(0)
	if e.fresh {
		flags = flagReset
		e.resets++
	}
	e.fresh = false
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(f.Spans)))
	b = binary.AppendUvarint(b, uint64(len(e.m.coded)))
	b = append(append(b, e.m.coded...), e.m.raw.bytes...)
	f.Bytes = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}
