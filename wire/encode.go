package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/jcallgraph/jcallgraph/callgraph"
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
	m      *model
	number uint64
	fresh  bool // the next frame begins an epoch
	full   bool // it must
	resets uint64

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
	from    *order // of the draft
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
func (e *Encoder) StateSize() int { return e.m.size() }

func (e *Encoder) reset() {
	e.m = newModel()
	e.m.keyOf, e.m.drafts, e.m.source = map[string]*key{}, map[*Template]*draft{}, e
	e.m.intervals.operationOf, e.m.intervals.edgeOf = map[callgraph.Operation]int{}, map[callgraph.Edge]*edge{}
	e.m.traces.byID = map[[16]byte]*trace{}
	e.orders, e.keySets, e.wholes = map[uint64]*order{}, map[uint64][]*keySet{}, map[string]*Template{}
	clear(e.scopes)
	e.target, e.of, e.from, e.draft = Span{}, nil, nil, draft{}
	e.fresh, e.full = true, false
	e.resets++
}

// Encode encodes a batch. A *RefusedError leaves spans out, any other error
// all of them: the next frame begins an epoch.
func (e *Encoder) Encode(source Source) (frames []Frame, err error) {
	e.source, e.scopes = source, e.scopes[:0]
	e.refused.Spans = nil
	e.sort()
	for rest := e.order; len(rest) > 0; {
		f, n := e.frame(rest)
		if e.m.err != nil {
			err := e.m.err
			e.reset()
			return nil, err
		}
		if rest = rest[n:]; len(f.Spans) > 0 {
			frames = append(frames, f)
		}
	}
	if len(e.refused.Spans) > 0 {
		return frames, &RefusedError{e.refused.Spans}
	}
	return frames, nil
}

// frame encodes as many spans as fit, and says how many it took.
func (e *Encoder) frame(order []place) (f Frame, taken int) {
	if e.full {
		e.reset()
	}
	e.m.beginEncoding()
	e.m.decoded = 0
	var g group
	last := int32(-1) // the last span's group
	for taken < len(order) && !e.isFull(len(f.Spans)) {
		p := order[taken]
		e.source.Span(int(p.at), &e.span)
		fits, refused := e.admit(len(f.Spans) == 0)
		if refused {
			e.refused.Spans = append(e.refused.Spans, int(p.at))
			taken++
			continue
		}
		if !fits {
			break
		}
		e.begin(&g, last, p.group)
		e.of = e.scopeOf(e.span.Scope)
		e.encodeSpan(&g)
		f.Spans = append(f.Spans, int(p.at))
		last = p.group
		taken++
	}
	if len(f.Spans) > 0 {
		e.m.flag(&g.last.more, false)
		e.m.flag(&e.m.moreGroups, false)
		e.m.endEncoding()
		e.close(&f, kindSpans)
	}
	return f, taken
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
	return m.err != nil || len(m.coded)+len(m.raw.bytes) > frameTarget || m.decoded > decodedTarget || spans == MaxSpans
}

// admit reports whether the span may join the frame, of which it may be the
// first; where it can't join any it is refused.
func (e *Encoder) admit(first bool) (fits, refused bool) {
	n := e.demand()
	switch {
	case !n.possible():
		return false, true
	case first && !e.room(n):
		e.reset()
		e.m.beginEncoding()
		return true, false
	case first:
		return true, false
	case !e.room(n):
		e.full = true
		return false, false
	}
	return n.text <= largeText, false
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
	}
	e.fresh = false
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(f.Spans)))
	b = binary.AppendUvarint(b, uint64(len(e.m.coded)))
	b = append(append(b, e.m.coded...), e.m.raw.bytes...)
	f.Bytes = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}
