package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Encoder gathers spans and writes them as a segment. It is for one goroutine
// at a time; reset it to use it again.
type Encoder struct {
	spans      []spanRecord
	events     []eventRecord
	attributes []uint32 // numbers of pairs, of spans and events

	resources, scopes, heads, pairs interner

	arena   []byte   // bytes that stand apart in a request and together here
	pending [][]byte // events of the span at hand

	zstd    *zstd.Encoder
	layout  layout
	streams streams
}

// streams are the parts of a segment while it is written.
type streams struct {
	raw, parents, spans, body []byte
	heads, pairs              renumbering
}

// NewEncoder is an encoder without spans.
func NewEncoder() (*Encoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return &Encoder{zstd: z, layout: newLayout()}, nil
}

// Spans is how many spans the encoder holds.
func (e *Encoder) Spans() int { return len(e.spans) }

// Reset forgets all spans and the requests that they came in.
func (e *Encoder) Reset() {
	e.spans, e.events, e.attributes = e.spans[:0], e.events[:0], e.attributes[:0]
	for _, t := range []*interner{&e.resources, &e.scopes, &e.heads, &e.pairs} {
		t.reset()
	}
	e.arena = e.arena[:0]
	clear(e.pending[:cap(e.pending)])
}

// Append writes the segment that holds all spans to dst.
func (e *Encoder) Append(dst []byte, arrival int64) ([]byte, error) {
	e.layout.group(e.spans)
	e.writeRaw(arrival)
	e.writeSpans()
	e.writeBody()
	if len(e.streams.body) > MaxBody {
		return nil, fmt.Errorf("encode %d spans: %d bytes are more than the %d of a segment", len(e.spans), len(e.streams.body), MaxBody)
	}
	dst = append(dst, version)
	dst = binary.BigEndian.AppendUint64(dst, uint64(arrival))
	raw := len(e.streams.raw) + len(e.streams.parents)
	for _, n := range []int{len(e.spans), len(e.layout.groups), raw, len(e.streams.body)} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	dst = append(dst, e.streams.raw...)
	dst = append(dst, e.streams.parents...)
	return e.zstd.EncodeAll(e.streams.body, dst), nil
}

func (e *Encoder) writeRaw(arrival int64) {
	raw := e.streams.raw[:0]
	for _, g := range e.layout.groups {
		raw = append(raw, e.spans[e.layout.order[g.from]].trace[:]...)
	}
	for _, g := range e.layout.groups {
		raw = binary.AppendUvarint(raw, uint64(g.to-g.from))
	}
	for _, n := range e.layout.order {
		raw = binary.BigEndian.AppendUint64(raw, e.spans[n].id)
	}
	before := uint64(arrival)
	for _, g := range e.layout.groups {
		first := e.spans[e.layout.order[g.from]].start
		for i, n := range e.layout.order[g.from:g.to] {
			s := &e.spans[n]
			since := first
			if i == 0 {
				since = before
			}
			raw = binary.AppendVarint(raw, int64(s.start-since))
			raw = binary.AppendVarint(raw, int64(s.end-s.start))
		}
		before = first
	}
	e.streams.raw = raw
}

func (e *Encoder) writeSpans() {
	st := &e.streams
	st.spans, st.parents = st.spans[:0], st.parents[:0]
	st.heads.reset(len(e.heads.entries))
	st.pairs.reset(len(e.pairs.entries))
	for g, group := range e.layout.groups {
		for _, n := range e.layout.order[group.from:group.to] {
			e.writeSpan(g, &e.spans[n])
		}
	}
}

func (e *Encoder) writeSpan(group int, s *spanRecord) {
	st := &e.streams
	b := binary.AppendUvarint(st.spans, uint64(s.scope))
	b = binary.AppendUvarint(b, st.heads.ref(s.head))
	code := e.layout.parentCode(group, s.parent)
	if code == parentElsewhere {
		st.parents = binary.BigEndian.AppendUint64(st.parents, s.parent)
	}
	b = binary.AppendUvarint(b, code)
	b = e.appendAttributes(b, s.attributes, s.attributesTo)
	b = binary.AppendUvarint(b, uint64(s.eventsTo-s.events))
	for i := s.events; i < s.eventsTo; i++ {
		v := &e.events[i]
		b = binary.AppendVarint(b, int64(v.time-s.start))
		b = binary.AppendUvarint(b, st.heads.ref(v.head))
		b = e.appendAttributes(b, v.attributes, v.attributesTo)
	}
	st.spans = b
}

func (e *Encoder) appendAttributes(b []byte, from, to uint32) []byte {
	b = binary.AppendUvarint(b, uint64(to-from))
	for _, n := range e.attributes[from:to] {
		b = binary.AppendUvarint(b, e.streams.pairs.ref(n))
	}
	return b
}

func (e *Encoder) writeBody() {
	body := appendBlobs(e.streams.body[:0], e.resources.entries)
	body = e.appendScopes(body)
	body = e.streams.heads.appendBlobs(body, e.heads.entries)
	body = e.streams.pairs.appendBlobs(body, e.pairs.entries)
	e.streams.body = append(body, e.streams.spans...)
}

// appendScopes takes the resource's number off the front of each scope.
func (e *Encoder) appendScopes(body []byte) []byte {
	body = binary.AppendUvarint(body, uint64(len(e.scopes.entries)))
	for _, s := range e.scopes.entries {
		_, n := binary.Uvarint(s)
		body = binary.AppendUvarint(body, uint64(len(s)-n))
	}
	for _, s := range e.scopes.entries {
		_, n := binary.Uvarint(s)
		body = append(body, s[n:]...)
	}
	for _, s := range e.scopes.entries {
		resource, _ := binary.Uvarint(s)
		body = binary.AppendUvarint(body, resource)
	}
	return body
}

func appendBlobs(b []byte, blobs [][]byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(blobs)))
	for _, blob := range blobs {
		b = binary.AppendUvarint(b, uint64(len(blob)))
	}
	for _, blob := range blobs {
		b = append(b, blob...)
	}
	return b
}
