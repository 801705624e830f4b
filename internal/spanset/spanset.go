// Package spanset decides whether two batches hold the same spans: each with
// all that OTLP says of it, its resource and its scope, whatever the order of
// spans, resources and attributes.
package spanset

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Set is how often each span occurs, by a 128-bit hash of it.
type Set map[xxh3.Uint128]int

// Add adds all spans.
func (s Set) Add(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		r := appendText(appendAttributes(nil, rs.Resource().Attributes()), rs.SchemaUrl())
		r = appendNumber(r, uint64(rs.Resource().DroppedAttributesCount()))
		for _, ss := range rs.ScopeSpans().All() {
			scope := appendScope(slices.Clone(r), ss)
			for _, span := range ss.Spans().All() {
				s[xxh3.Hash128(appendSpan(slices.Clip(scope), span))]++
			}
		}
	}
}

// Of is the set of one batch.
func Of(td ptrace.Traces) Set {
	s := Set{}
	s.Add(td)
	return s
}

// Differing is how many spans one of the sets has and the other has not; a
// span that was changed counts once.
func (s Set) Differing(o Set) int {
	missing, extra := 0, 0
	for h, n := range s {
		missing += max(n-o[h], 0)
	}
	for h, n := range o {
		extra += max(n-s[h], 0)
	}
	return max(missing, extra)
}

func appendScope(b []byte, ss ptrace.ScopeSpans) []byte {
	b = appendText(appendText(appendText(b, ss.Scope().Name()), ss.Scope().Version()), ss.SchemaUrl())
	b = appendAttributes(b, ss.Scope().Attributes())
	return appendNumber(b, uint64(ss.Scope().DroppedAttributesCount()))
}

func appendSpan(b []byte, s ptrace.Span) []byte {
	trace, id, parent := s.TraceID(), s.SpanID(), s.ParentSpanID()
	b = append(append(append(b, trace[:]...), id[:]...), parent[:]...)
	b = appendText(appendText(appendText(b, s.Name()), s.TraceState().AsRaw()), s.Status().Message())
	for _, n := range []uint64{
		uint64(s.Kind()), uint64(s.Flags()), uint64(s.Status().Code()), uint64(s.StartTimestamp()), uint64(s.EndTimestamp()),
		uint64(s.DroppedAttributesCount()), uint64(s.DroppedEventsCount()), uint64(s.DroppedLinksCount()),
	} {
		b = appendNumber(b, n)
	}
	b = appendNumber(appendAttributes(b, s.Attributes()), uint64(s.Events().Len()))
	for _, e := range s.Events().All() {
		b = appendNumber(appendNumber(appendText(b, e.Name()), uint64(e.Timestamp())), uint64(e.DroppedAttributesCount()))
		b = appendAttributes(b, e.Attributes())
	}
	b = appendNumber(b, uint64(s.Links().Len()))
	for _, l := range s.Links().All() {
		trace, id := l.TraceID(), l.SpanID()
		b = appendText(append(append(b, trace[:]...), id[:]...), l.TraceState().AsRaw())
		b = appendAttributes(appendNumber(appendNumber(b, uint64(l.Flags())), uint64(l.DroppedAttributesCount())), l.Attributes())
	}
	return b
}

// appendAttributes appends them by key; those of one key keep their order.
func appendAttributes(b []byte, m pcommon.Map) []byte {
	type attribute struct {
		key   string
		value pcommon.Value
	}
	var sorted []attribute
	for k, v := range m.All() {
		sorted = append(sorted, attribute{k, v})
	}
	slices.SortStableFunc(sorted, func(a, b attribute) int { return strings.Compare(a.key, b.key) })
	b = appendNumber(b, uint64(len(sorted)))
	for _, a := range sorted {
		b = appendValue(appendText(b, a.key), a.value)
	}
	return b
}

func appendValue(b []byte, v pcommon.Value) []byte {
	b = append(b, byte(v.Type()))
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return appendText(b, v.Str())
	case pcommon.ValueTypeBytes:
		return appendText(b, string(v.Bytes().AsRaw()))
	case pcommon.ValueTypeInt:
		return appendNumber(b, uint64(v.Int()))
	case pcommon.ValueTypeDouble:
		return appendNumber(b, math.Float64bits(v.Double()))
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case pcommon.ValueTypeMap:
		return appendAttributes(b, v.Map())
	case pcommon.ValueTypeSlice:
		b = appendNumber(b, uint64(v.Slice().Len()))
		for _, e := range v.Slice().All() {
			b = appendValue(b, e)
		}
	}
	return b
}

func appendText(b []byte, s string) []byte { return append(appendNumber(b, uint64(len(s))), s...) }

func appendNumber(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }
