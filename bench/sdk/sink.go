package main

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	traceservice "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracedata "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/wire"
)

// sink is an exporter that reads what OTLP's does, field by field, and counts
// the spans. It is the same code for both SDKs.
type sink struct {
	spans atomic.Int64
	bytes uint64        // of what was read, so that it is read
	moved chan struct{} // after each export
}

func newSink() *sink { return &sink{moved: make(chan struct{}, 1)} }

// waitFor returns when n spans have come.
func (s *sink) waitFor(n int64) {
	for s.spans.Load() < n {
		<-s.moved
	}
}

func (s *sink) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		s.read(span)
	}
	s.count(len(spans))
	return nil
}

func (s *sink) Shutdown(context.Context) error { return nil }

func (s *sink) count(n int) {
	s.spans.Add(int64(n))
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

func (s *sink) read(span sdktrace.ReadOnlySpan) {
	state := span.SpanContext().TraceState().String()
	sc, parent, status := span.SpanContext(), span.Parent(), span.Status()
	traceID, spanID, parentID := sc.TraceID(), sc.SpanID(), parent.SpanID()
	n := len(span.Name()) + len(state) + len(status.Description) + int(status.Code)
	n += int(traceID[15]) + int(spanID[7]) + int(parentID[7]) + int(sc.TraceFlags()) + int(span.SpanKind())
	n += int(span.EndTime().UnixNano() - span.StartTime().UnixNano())
	n += span.DroppedAttributes() + span.DroppedEvents() + span.DroppedLinks()
	n += len(span.Resource().SchemaURL()) + len(span.InstrumentationScope().Name)
	n += lengths(span.Attributes())
	for _, e := range span.Events() {
		n += len(e.Name) + lengths(e.Attributes)
	}
	for _, l := range span.Links() {
		n += lengths(l.Attributes)
	}
	s.bytes += uint64(n)
}

func lengths(attributes []attribute.KeyValue) (n int) {
	for i := range attributes {
		n += len(attributes[i].Key)
		switch v := attributes[i].Value; v.Type() {
		case attribute.STRING:
			n += len(v.AsString())
		case attribute.INT64:
			n += int(v.AsInt64())
		}
	}
	return n
}

// encoding encodes as exporter/compact does, for a stream that leads nowhere.
type encoding struct {
	*sink
	source  compact.Source
	encoder *wire.Encoder
}

func (e *encoding) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.source.Read(spans)
	defer e.source.Forget()
	frames, err := e.encoder.Encode(&e.source)
	for _, f := range frames {
		e.bytes += uint64(len(f.Bytes))
		e.count(len(f.Spans))
	}
	return err
}

// marshalling is the client of OTLP's exporter that marshals as that over gRPC
// does, and sends nothing.
type marshalling struct{ *sink }

func (marshalling) Start(context.Context) error { return nil }
func (marshalling) Stop(context.Context) error  { return nil }

func (m marshalling) UploadTraces(_ context.Context, spans []*tracedata.ResourceSpans) error {
	b, err := proto.Marshal(&traceservice.ExportTraceServiceRequest{ResourceSpans: spans})
	m.bytes += uint64(len(b))
	for _, rs := range spans {
		for _, ss := range rs.ScopeSpans {
			m.count(len(ss.Spans))
		}
	}
	return err
}

// countSink takes the counts of calls.
type countSink struct{}

func (countSink) Temporality(sdkmetric.InstrumentKind) metricdata.Temporality {
	return metricdata.DeltaTemporality
}

func (countSink) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}

func (countSink) Export(context.Context, *metricdata.ResourceMetrics) error { return nil }
func (countSink) ForceFlush(context.Context) error                          { return nil }
func (countSink) Shutdown(context.Context) error                            { return nil }
