// Package load decides what a benchmark sends: recorded traces, cut into
// requests of one size and encoded once, whose IDs and times are replaced in
// the encoded bytes each time they are sent.
package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/jcallgraph/jcallgraph/internal/freshid"
)

// Template is an encoded request. It is never changed.
type Template struct {
	Spans    int
	encoded  []byte
	traceIDs []int // offsets of 16 bytes each
	spanIDs  []int // of 8 bytes each
	times    []int // of 8 bytes each, little-endian
	spans    []identity
}

// identity is where a span's own IDs are, or absent.
type identity struct{ trace, span int }

const absent = -1

// Variant is one repetition of a recording.
type Variant struct {
	IDs   freshid.Generation
	Shift time.Duration
}

// Size of the request in bytes.
func (t *Template) Size() int { return len(t.encoded) }

// Request is the encoded request with the variant's IDs and times.
func (t *Template) Request(v Variant) []byte {
	b := make([]byte, len(t.encoded))
	copy(b, t.encoded)
	for _, at := range t.traceIDs {
		id := v.IDs.TraceID([16]byte(b[at:]))
		copy(b[at:], id[:])
	}
	for _, at := range t.spanIDs {
		id := v.IDs.SpanID([8]byte(b[at:]))
		copy(b[at:], id[:])
	}
	for _, at := range t.times {
		if ns := binary.LittleEndian.Uint64(b[at:]); ns != 0 {
			binary.LittleEndian.PutUint64(b[at:], ns+uint64(v.Shift))
		}
	}
	return b
}

// Identities yields trace and span ID of each span of the request that has
// both, with the variant's IDs.
func (t *Template) Identities(v Variant) iter.Seq2[[16]byte, [8]byte] {
	return func(yield func([16]byte, [8]byte) bool) {
		for _, s := range t.spans {
			if s.trace == absent || s.span == absent {
				continue // stores refuse such spans
			}
			if !yield(v.IDs.TraceID([16]byte(t.encoded[s.trace:])), v.IDs.SpanID([8]byte(t.encoded[s.span:]))) {
				return
			}
		}
	}
}

// NewTemplate encodes a request and finds its IDs and times.
func NewTemplate(td ptrace.Traces) (*Template, error) {
	encoded, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	t := &Template{Spans: td.SpanCount(), encoded: encoded}
	if err := t.find(0, len(encoded), request); err != nil {
		return nil, fmt.Errorf("find IDs in encoded request: %w", err)
	}
	return t, nil
}

// message is what of a protobuf message is looked at, by field number.
type message map[protowire.Number]field

type field struct {
	inner message
	kind  kind
}

type kind int

const (
	ignored kind = iota
	span
	ownTraceID
	ownSpanID
	traceID
	spanID
	unixNano
)

// The fields of ExportTraceServiceRequest down to IDs and times, as OTLP's
// trace.proto numbers them.
var (
	request       = message{1: {inner: resourceSpans}}
	resourceSpans = message{2: {inner: scopeSpans}}
	scopeSpans    = message{2: {inner: spanFields, kind: span}}
	spanFields    = message{
		1: {kind: ownTraceID}, 2: {kind: ownSpanID}, 4: {kind: spanID}, 7: {kind: unixNano}, 8: {kind: unixNano},
		11: {inner: message{1: {kind: unixNano}}},
		13: {inner: message{1: {kind: traceID}, 2: {kind: spanID}}},
	}
)

var errWire = errors.New("not the protobuf that was encoded")

func (t *Template) find(from, to int, m message) error {
	for m != nil && from < to {
		number, wire, n := protowire.ConsumeTag(t.encoded[from:to])
		if n < 0 {
			return errWire
		}
		value := from + n
		n = protowire.ConsumeFieldValue(number, wire, t.encoded[value:to])
		if n < 0 {
			return errWire
		}
		if err := t.note(value, value+n, wire, m[number]); err != nil {
			return err
		}
		from = value + n
	}
	return nil
}

func (t *Template) note(from, to int, wire protowire.Type, f field) error {
	if wire == protowire.BytesType {
		_, n := protowire.ConsumeVarint(t.encoded[from:to])
		from += n
	}
	if to > from || f.kind == span {
		t.place(from, f.kind)
	}
	return t.find(from, to, f.inner)
}

// place notes where a value of a kind begins. The fields of a message may come
// in any order.
func (t *Template) place(at int, k kind) {
	switch k {
	case span:
		t.spans = append(t.spans, identity{absent, absent})
	case ownTraceID:
		t.spans[len(t.spans)-1].trace = at
		t.traceIDs = append(t.traceIDs, at)
	case ownSpanID:
		t.spans[len(t.spans)-1].span = at
		t.spanIDs = append(t.spanIDs, at)
	case traceID:
		t.traceIDs = append(t.traceIDs, at)
	case spanID:
		t.spanIDs = append(t.spanIDs, at)
	case unixNano:
		t.times = append(t.times, at)
	}
}
