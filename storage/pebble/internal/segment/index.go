package segment

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Index says what a segment can be searched by. Its Terms and Traces are
// sorted, each once; all else refers to places in Terms.
type Index struct {
	Terms          []Term
	Traces         []uint32 // short IDs
	Oldest, Newest int64    // starts of spans, Unix nanoseconds

	Scopes [][]uint32 // terms of scope and resource
	Heads  [][]uint32 // terms of name and status
	Spans  []IndexedSpan
	Own    []uint32 // terms of attributes, span by span
}

// IndexedSpan refers to the index that it is in. Its own terms are those from
// the OwnTo of the span before to its OwnTo.
type IndexedSpan struct {
	Scope, Head, OwnTo uint32
	Octave             uint8
}

// Octave of a duration: 0 for zero and less, else one more than its binary
// logarithm.
func Octave(nanoseconds int64) uint8 { return uint8(bits.Len64(uint64(max(nanoseconds, 0)))) }

// ShortID is bytes 8–11 of a trace ID.
func ShortID(trace [16]byte) uint32 { return binary.BigEndian.Uint32(trace[8:12]) }

// Index of all spans that the encoder holds.
func (e *Encoder) Index() *Index {
	b := indexBuilder{encoder: e, pairs: make([]uint32, len(e.pairs.entries))}
	x := &b.index
	b.scopes()
	b.heads()
	b.spans()
	b.settle()
	x.Traces = shortIDs(e.spans)
	return x
}

// indexBuilder numbers terms as they come and sorts them in the end.
type indexBuilder struct {
	encoder *Encoder
	index   Index
	terms   []Term
	pairs   []uint32 // term + 1 of each pair that a span has
}

func (b *indexBuilder) term(t Term) uint32 {
	b.terms = append(b.terms, t)
	return uint32(len(b.terms) - 1)
}

func (b *indexBuilder) scopes() {
	for _, scope := range b.encoder.scopes.entries {
		var terms []uint32
		add := func(pair []byte) { terms = append(terms, b.term(AttributeTerm(pairText(pair)))) }
		resource, n := binary.Uvarint(scope)
		resourcePairs(b.encoder.resources.entries[resource], add)
		scopePairs(scope[n:], add)
		b.index.Scopes = append(b.index.Scopes, terms)
	}
}

func (b *indexBuilder) heads() {
	b.index.Heads = make([][]uint32, len(b.encoder.heads.entries))
	for i := range b.encoder.spans {
		n := b.encoder.spans[i].head
		if b.index.Heads[n] != nil {
			continue
		}
		h := readHead(b.encoder.heads.entries[n])
		terms := []uint32{b.term(OperationTerm(text(h.name)))}
		if h.failed {
			terms = append(terms, b.term(FailedTerm()))
		}
		b.index.Heads[n] = terms
	}
}

func (b *indexBuilder) spans() {
	e, x := b.encoder, &b.index
	x.Spans = make([]IndexedSpan, len(e.spans))
	x.Own = make([]uint32, 0, len(e.attributes))
	x.Oldest, x.Newest = 1<<63-1, -1<<63
	for i := range e.spans {
		s := &e.spans[i]
		for _, n := range e.attributes[s.attributes:s.attributesTo] {
			if b.pairs[n] == 0 {
				b.pairs[n] = b.term(AttributeTerm(pairText(e.pairs.entries[n]))) + 1
			}
			x.Own = append(x.Own, b.pairs[n]-1)
		}
		start := int64(s.start)
		x.Oldest, x.Newest = min(x.Oldest, start), max(x.Newest, start)
		x.Spans[i] = IndexedSpan{s.scope, s.head, uint32(len(x.Own)), Octave(Duration(start, int64(s.end)))}
	}
}

// settle sorts the terms and turns their first numbers into places.
func (b *indexBuilder) settle() {
	order := make([]uint64, len(b.terms))
	for i, t := range b.terms {
		order[i] = uint64(t)<<32 | uint64(i)
	}
	slices.Sort(order)
	place := make([]uint32, len(b.terms))
	x := &b.index
	for _, o := range order {
		t := Term(o >> 32)
		if len(x.Terms) == 0 || x.Terms[len(x.Terms)-1] != t {
			x.Terms = append(x.Terms, t)
		}
		place[uint32(o)] = uint32(len(x.Terms) - 1)
	}
	for _, lists := range [][][]uint32{x.Scopes, x.Heads, {x.Own}} {
		for _, list := range lists {
			for i, n := range list {
				list[i] = place[n]
			}
		}
	}
}

func shortIDs(spans []spanRecord) []uint32 {
	ids := make([]uint32, 0, len(spans)/2)
	for i := range spans {
		if i == 0 || spans[i].trace != spans[i-1].trace {
			ids = append(ids, ShortID(spans[i].trace))
		}
	}
	slices.Sort(ids)
	return slices.Clip(slices.Compact(ids))
}

// Duration is end − start, bounded as time.Time.Sub bounds it.
func Duration(start, end int64) int64 {
	d := end - start
	switch {
	case end >= start && d < 0:
		return 1<<63 - 1
	case end < start && d > 0:
		return -1 << 63
	}
	return d
}

// MayHold reports whether a span of the segment may have all of the terms and
// a duration in one of the octaves.
func (x *Index) MayHold(terms []Term, octaves uint64) bool {
	places := make([]uint32, len(terms))
	for i, t := range terms {
		n, ok := slices.BinarySearch(x.Terms, t)
		if !ok {
			return false
		}
		places[i] = uint32(n)
	}
	from := uint32(0)
	for _, s := range x.Spans {
		own := x.Own[from:s.OwnTo]
		from = s.OwnTo
		if octaves>>s.Octave&1 != 0 && x.hasAll(s, own, places) {
			return true
		}
	}
	return false
}

func (x *Index) hasAll(s IndexedSpan, own, places []uint32) bool {
	for _, p := range places {
		if !slices.Contains(own, p) && !slices.Contains(x.Scopes[s.Scope], p) && !slices.Contains(x.Heads[s.Head], p) {
			return false
		}
	}
	return true
}

// Name is an operation of a service as spans name it.
type Name struct {
	Environment, Namespace, Service, Operation string
	Kind                                       int32
}

// Names yields each operation of the encoder's spans at least once. The
// strings are valid until the encoder is reset.
func (e *Encoder) Names(yield func(Name)) {
	seen := map[uint64]struct{}{}
	last := uint64(1<<64 - 1)
	for i := range e.spans {
		s := &e.spans[i]
		both := uint64(s.scope)<<32 | uint64(s.head)
		if both == last {
			continue
		}
		last = both
		if _, ok := seen[both]; ok {
			continue
		}
		seen[both] = struct{}{}
		resource, _ := binary.Uvarint(e.scopes.entries[s.scope])
		n := serviceName(e.resources.entries[resource])
		h := readHead(e.heads.entries[s.head])
		n.Operation, n.Kind = text(h.name), h.kind
		yield(n)
	}
}

// serviceName is the resource's service, as calltree.ServiceOf has it.
func serviceName(resource []byte) (n Name) {
	var older string
	resourcePairs(resource, func(pair []byte) {
		switch k, v := pairText(pair); k {
		case callgraph.EnvironmentKey:
			n.Environment = v
		case callgraph.EnvironmentKeyOlder:
			older = v
		case callgraph.NamespaceKey:
			n.Namespace = v
		case callgraph.ServiceKey:
			n.Service = v
		}
	})
	n.Environment = cmp.Or(n.Environment, older)
	n.Service = cmp.Or(n.Service, callgraph.UnknownService)
	return n
}
