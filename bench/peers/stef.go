package main

import (
	"fmt"

	"github.com/splunk/stef/go/otel/oteltef"
	"github.com/splunk/stef/go/pkg"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/bench/internal/wirebench"
)

// stef is STEF with zstd over its frames. Its schema has no place for the number
// of dropped events and links.
func stef() (wirebench.Encoder, wirebench.Decoder, error) {
	var sent pkg.MemChunkWriter
	w, err := oteltef.NewSpansWriter(&sent, pkg.WriterOptions{Compression: pkg.CompressionZstd})
	if err != nil {
		return nil, nil, fmt.Errorf("open STEF: %w", err)
	}
	taken := 0
	var counts []int
	encode := func(td ptrace.Traces) ([][]byte, error) {
		counts = append(counts, td.SpanCount())
		if err := writeTraces(w, td); err != nil {
			return nil, err
		}
		if err := w.Flush(); err != nil {
			return nil, err
		}
		message := sent.Bytes()[taken:]
		taken = len(sent.Bytes())
		return [][]byte{message}, nil
	}
	var got wirebench.Feed
	var r *oteltef.SpansReader
	decode := func(message []byte) (td ptrace.Traces, err error) {
		got.Sent(message)
		if r == nil {
			if r, err = oteltef.NewSpansReader(&got); err != nil {
				return td, err
			}
		}
		n := counts[0]
		counts = counts[1:]
		return readTraces(r, n)
	}
	return encode, decode, nil
}

func writeTraces(w *oteltef.SpansWriter, td ptrace.Traces) error {
	for _, rs := range td.ResourceSpans().All() {
		r := w.Record.Resource()
		r.SetSchemaURL(rs.SchemaUrl())
		r.SetDroppedAttributesCount(uint64(rs.Resource().DroppedAttributesCount()))
		writeMap(rs.Resource().Attributes(), r.Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			s := w.Record.Scope()
			s.SetName(ss.Scope().Name())
			s.SetVersion(ss.Scope().Version())
			s.SetSchemaURL(ss.SchemaUrl())
			s.SetDroppedAttributesCount(uint64(ss.Scope().DroppedAttributesCount()))
			writeMap(ss.Scope().Attributes(), s.Attributes())
			for _, span := range ss.Spans().All() {
				writeSpan(span, w.Record.Span())
				if err := w.Write(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func writeSpan(from ptrace.Span, to *oteltef.Span) {
	trace, id, parent := from.TraceID(), from.SpanID(), from.ParentSpanID()
	to.SetTraceID(pkg.Bytes(trace[:]))
	to.SetSpanID(pkg.Bytes(id[:]))
	to.SetParentSpanID(pkg.Bytes(parent[:]))
	to.SetTraceState(from.TraceState().AsRaw())
	to.SetFlags(uint64(from.Flags()))
	to.SetName(from.Name())
	to.SetKind(uint64(from.Kind()))
	to.SetStartTimeUnixNano(uint64(from.StartTimestamp()))
	to.SetEndTimeUnixNano(uint64(from.EndTimestamp()))
	to.SetDroppedAttributesCount(uint64(from.DroppedAttributesCount()))
	to.Status().SetCode(uint64(from.Status().Code()))
	to.Status().SetMessage(from.Status().Message())
	writeMap(from.Attributes(), to.Attributes())
	to.Events().EnsureLen(from.Events().Len())
	for i, e := range from.Events().All() {
		event := to.Events().At(i)
		event.SetName(e.Name())
		event.SetTimeUnixNano(uint64(e.Timestamp()))
		event.SetDroppedAttributesCount(uint64(e.DroppedAttributesCount()))
		writeMap(e.Attributes(), event.Attributes())
	}
	to.Links().EnsureLen(from.Links().Len())
	for i, l := range from.Links().All() {
		link := to.Links().At(i)
		trace, id := l.TraceID(), l.SpanID()
		link.SetTraceID(pkg.Bytes(trace[:]))
		link.SetSpanID(pkg.Bytes(id[:]))
		link.SetTraceState(l.TraceState().AsRaw())
		link.SetFlags(uint64(l.Flags()))
		link.SetDroppedAttributesCount(uint64(l.DroppedAttributesCount()))
		writeMap(l.Attributes(), link.Attributes())
	}
}

func writeMap(from pcommon.Map, to *oteltef.Attributes) {
	to.EnsureLen(from.Len())
	i := 0
	for k, v := range from.All() {
		to.SetKey(i, k)
		writeValue(v, to.At(i).Value())
		i++
	}
}

func writeValue(from pcommon.Value, to *oteltef.AnyValue) {
	switch from.Type() {
	case pcommon.ValueTypeStr:
		to.SetString(from.Str())
	case pcommon.ValueTypeBool:
		to.SetBool(from.Bool())
	case pcommon.ValueTypeInt:
		to.SetInt64(from.Int())
	case pcommon.ValueTypeDouble:
		to.SetFloat64(from.Double())
	case pcommon.ValueTypeBytes:
		to.SetBytes(pkg.Bytes(from.Bytes().AsRaw()))
	case pcommon.ValueTypeSlice:
		to.SetType(oteltef.AnyValueTypeArray)
		to.Array().EnsureLen(from.Slice().Len())
		for i, v := range from.Slice().All() {
			writeValue(v, to.Array().At(i))
		}
	case pcommon.ValueTypeMap:
		to.SetType(oteltef.AnyValueTypeKVList)
		to.KVList().EnsureLen(from.Map().Len())
		i := 0
		for k, v := range from.Map().All() {
			to.KVList().SetKey(i, k)
			writeValue(v, to.KVList().At(i).Value())
			i++
		}
	default:
		to.SetType(oteltef.AnyValueTypeNone)
	}
}

// readTraces reads so many spans; a resource or scope that did not change is
// not made again.
func readTraces(r *oteltef.SpansReader, n int) (ptrace.Traces, error) {
	td := ptrace.NewTraces()
	var rs ptrace.ResourceSpans
	var ss ptrace.ScopeSpans
	for i := range n {
		if err := r.Read(pkg.ReadOptions{}); err != nil {
			return td, err
		}
		newResource := i == 0 || r.Record.IsResourceModified()
		if newResource {
			rs = td.ResourceSpans().AppendEmpty()
			from := r.Record.Resource()
			rs.SetSchemaUrl(from.SchemaURL())
			rs.Resource().SetDroppedAttributesCount(uint32(from.DroppedAttributesCount()))
			readMap(from.Attributes(), rs.Resource().Attributes())
		}
		if newResource || r.Record.IsScopeModified() {
			ss = rs.ScopeSpans().AppendEmpty()
			from := r.Record.Scope()
			ss.SetSchemaUrl(from.SchemaURL())
			ss.Scope().SetName(from.Name())
			ss.Scope().SetVersion(from.Version())
			ss.Scope().SetDroppedAttributesCount(uint32(from.DroppedAttributesCount()))
			readMap(from.Attributes(), ss.Scope().Attributes())
		}
		readSpan(r.Record.Span(), ss.Spans().AppendEmpty())
	}
	return td, nil
}

func readSpan(from *oteltef.Span, to ptrace.Span) {
	to.SetTraceID(traceID(from.TraceID()))
	to.SetSpanID(spanID(from.SpanID()))
	to.SetParentSpanID(spanID(from.ParentSpanID()))
	to.TraceState().FromRaw(from.TraceState())
	to.SetFlags(uint32(from.Flags()))
	to.SetName(from.Name())
	to.SetKind(ptrace.SpanKind(from.Kind()))
	to.SetStartTimestamp(pcommon.Timestamp(from.StartTimeUnixNano()))
	to.SetEndTimestamp(pcommon.Timestamp(from.EndTimeUnixNano()))
	to.SetDroppedAttributesCount(uint32(from.DroppedAttributesCount()))
	to.Status().SetCode(ptrace.StatusCode(from.Status().Code()))
	to.Status().SetMessage(from.Status().Message())
	readMap(from.Attributes(), to.Attributes())
	to.Events().EnsureCapacity(from.Events().Len())
	for i := range from.Events().Len() {
		e, event := from.Events().At(i), to.Events().AppendEmpty()
		event.SetName(e.Name())
		event.SetTimestamp(pcommon.Timestamp(e.TimeUnixNano()))
		event.SetDroppedAttributesCount(uint32(e.DroppedAttributesCount()))
		readMap(e.Attributes(), event.Attributes())
	}
	to.Links().EnsureCapacity(from.Links().Len())
	for i := range from.Links().Len() {
		l, link := from.Links().At(i), to.Links().AppendEmpty()
		link.SetTraceID(traceID(l.TraceID()))
		link.SetSpanID(spanID(l.SpanID()))
		link.TraceState().FromRaw(l.TraceState())
		link.SetFlags(uint32(l.Flags()))
		link.SetDroppedAttributesCount(uint32(l.DroppedAttributesCount()))
		readMap(l.Attributes(), link.Attributes())
	}
}

func traceID(b pkg.Bytes) (id pcommon.TraceID) {
	copy(id[:], b)
	return id
}

func spanID(b pkg.Bytes) (id pcommon.SpanID) {
	copy(id[:], b)
	return id
}

func readMap(from *oteltef.Attributes, to pcommon.Map) {
	to.EnsureCapacity(from.Len())
	for i := range from.Len() {
		readValue(from.At(i).Value(), to.PutEmpty(from.At(i).Key()))
	}
}

func readValue(from *oteltef.AnyValue, to pcommon.Value) {
	switch from.Type() {
	case oteltef.AnyValueTypeString:
		to.SetStr(from.String())
	case oteltef.AnyValueTypeBool:
		to.SetBool(from.Bool())
	case oteltef.AnyValueTypeInt64:
		to.SetInt(from.Int64())
	case oteltef.AnyValueTypeFloat64:
		to.SetDouble(from.Float64())
	case oteltef.AnyValueTypeBytes:
		to.SetEmptyBytes().FromRaw([]byte(from.Bytes()))
	case oteltef.AnyValueTypeArray:
		s := to.SetEmptySlice()
		for i := range from.Array().Len() {
			readValue(from.Array().At(i), s.AppendEmpty())
		}
	case oteltef.AnyValueTypeKVList:
		m := to.SetEmptyMap()
		for i := range from.KVList().Len() {
			readValue(from.KVList().At(i).Value(), m.PutEmpty(from.KVList().At(i).Key()))
		}
	}
}
