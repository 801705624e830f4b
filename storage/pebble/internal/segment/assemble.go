package segment

import (
	"encoding/binary"
)

// Assembler puts spans of bodies together again as OTLP protobuf. With Once
// set, spans that are equal in every byte, resource and scope included, are
// taken once.
type Assembler struct {
	Once    bool
	request []byte
	seen    map[fingerprint]struct{}
	span    []byte
	event   []byte
}

// Request is a TracesData message of all spans taken so far.
func (a *Assembler) Request() []byte { return a.request }

// Add takes the spans numbered from <= n < to, in runs of the same scope.
func (a *Assembler) Add(b *Body, from, to int) {
	for from < to {
		run := from + 1
		for run < to && b.spans[run].scope == b.spans[from].scope {
			run++
		}
		a.addRun(b, from, run)
		from = run
	}
}

func (a *Assembler) addRun(b *Body, from, to int) {
	var spans []byte
	for i := from; i < to; i++ {
		a.span = a.appendSpan(a.span[:0], b, i)
		if a.Once && a.known(b, b.spans[i].scope) {
			continue
		}
		spans = appendBytesField(spans, scopeSpansSpans, a.span)
	}
	if len(spans) == 0 {
		return
	}
	s := b.spans[from].scope
	scope := append(append([]byte{}, b.scopes.at(s)...), spans...)
	resource := appendBytesField(append([]byte{}, b.resources.at(b.scopeResources[s])...), resourceSpansScopeSpans, scope)
	a.request = appendBytesField(a.request, requestResourceSpans, resource)
}

func (a *Assembler) appendSpan(dst []byte, b *Body, i int) []byte {
	s := &b.spans[i]
	t := b.segment.traceOf(i)
	dst = appendBytesField(dst, spanTraceID, t.ID[:])
	dst = appendBytesField(dst, spanSpanID, b.segment.ids[8*i:8*i+8])
	dst = appendIDField(dst, spanParentID, s.parent)
	dst = append(dst, b.heads.at(s.head)...)
	dst = appendFixed64Field(dst, spanStart, b.segment.times[2*i])
	dst = appendFixed64Field(dst, spanEnd, b.segment.times[2*i+1])
	for _, n := range b.attributes[s.attributes:s.attributesTo] {
		dst = appendBytesField(dst, spanAttributes, b.pairs.at(n))
	}
	for _, v := range b.events[s.events:s.eventsTo] {
		a.event = appendEvent(a.event[:0], b, v)
		dst = appendBytesField(dst, spanEvents, a.event)
	}
	return dst
}

func appendEvent(dst []byte, b *Body, v bodyEvent) []byte {
	dst = appendFixed64Field(dst, eventTime, v.time)
	dst = append(dst, b.heads.at(v.head)...)
	for _, n := range b.attributes[v.attributes:v.attributesTo] {
		dst = appendBytesField(dst, eventAttributes, b.pairs.at(n))
	}
	return dst
}

// traceOf finds the trace of a span by halving.
func (s *Segment) traceOf(span int) *Trace {
	low, high := 0, len(s.Traces)
	for high-low > 1 {
		if middle := (low + high) / 2; s.Traces[middle].From <= span {
			low = middle
		} else {
			high = middle
		}
	}
	return &s.Traces[low]
}

// fingerprint is 128 bits of hash over a span, its scope and its resource.
type fingerprint [16]byte

// known reports whether the span at hand was taken before.
func (a *Assembler) known(b *Body, scope uint32) bool {
	parts := [][]byte{b.resources.at(b.scopeResources[scope]), b.scopes.at(scope), a.span}
	f := fingerprintOf(parts)
	if _, ok := a.seen[f]; ok {
		return true
	}
	if a.seen == nil {
		a.seen = map[fingerprint]struct{}{}
	}
	a.seen[f] = struct{}{}
	return false
}

func fingerprintOf(parts [][]byte) (f fingerprint) {
	h := newHash()
	var length [8]byte
	for _, p := range parts {
		binary.LittleEndian.PutUint64(length[:], uint64(len(p)))
		_, _ = h.Write(length[:])
		_, _ = h.Write(p)
	}
	sum := h.Sum128()
	binary.BigEndian.PutUint64(f[:8], sum.Hi)
	binary.BigEndian.PutUint64(f[8:], sum.Lo)
	return f
}
