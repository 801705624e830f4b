package wirepdata

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
)

// Decoder decodes one stream. It is not safe for concurrent use.
type Decoder struct {
	*wire.Decoder
}

// NewDecoder begins a stream.
func NewDecoder() *Decoder { return &Decoder{wire.NewDecoder()} }

// Decoded is what a frame holds: spans, or an interval.
type Decoded struct {
	Traces   ptrace.Traces
	Interval *callgraph.Interval // nil: a frame of spans
}

// Decode decodes one frame; what wire.Decoder.Decode says holds, but an error
// leaves nothing of the frame.
func (d *Decoder) Decode(frame []byte) (Decoded, error) {
	s := &sink{td: ptrace.NewTraces()}
	defer s.leave()
	if err := d.Decoder.Decode(frame, s); err != nil {
		return Decoded{Traces: ptrace.NewTraces()}, err
	}
	return Decoded{s.td, s.interval}, nil
}

// sink builds traces: one ResourceSpans for each resource, one ScopeSpans for
// each scope.
type sink struct {
	td       ptrace.Traces
	places   []*place
	interval *callgraph.Interval
}

// leave lets go of the traces.
func (s *sink) leave() {
	for _, p := range s.places {
		*p = place{}
	}
}

// Interval implements wire.Sink.
func (s *sink) Interval(i callgraph.Interval) { s.interval = &i }

// Span implements wire.Sink.
func (s *sink) Span(from *wire.Span) {
	p := planOf(from.Template)
	to := s.scope(p.of).AppendEmpty()
	to.SetTraceID(from.TraceID)
	to.SetSpanID(from.SpanID)
	to.SetParentSpanID(from.ParentID)
	to.SetStartTimestamp(pcommon.Timestamp(from.Start))
	to.SetEndTimestamp(pcommon.Timestamp(from.End))
	p.setSpan(from.Open, to)
	p.setAttributes(from.Open, to.Attributes())
	if len(from.Parts) > 0 {
		setParts(from.Parts, to)
	}
}

func setParts(parts []wire.Record, to ptrace.Span) {
	events := 0
	for i := range parts {
		if parts[i].Template.Class() == wire.ClassEvent {
			events++
		}
	}
	to.Events().EnsureCapacity(events)
	to.Links().EnsureCapacity(len(parts) - events)
	for i := range parts {
		r := &parts[i]
		p := planOf(r.Template)
		if r.Template.Class() == wire.ClassEvent {
			e := to.Events().AppendEmpty()
			e.SetTimestamp(pcommon.Timestamp(r.Time))
			p.setEvent(r.Open, e)
			p.setAttributes(r.Open, e.Attributes())
			continue
		}
		l := to.Links().AppendEmpty()
		l.SetTraceID(r.TraceID)
		l.SetSpanID(r.SpanID)
		p.setLink(r.Open, l)
		p.setAttributes(r.Open, l.Attributes())
	}
}

func (s *sink) scope(p *plan) ptrace.SpanSlice {
	if p.place.sink == s {
		return p.place.spans
	}
	ss := s.resource(p.of).ScopeSpans().AppendEmpty()
	ss.Scope().SetName(p.field(wire.ScopeName, nil).Text)
	ss.Scope().SetVersion(p.field(wire.ScopeVersion, nil).Text)
	ss.SetSchemaUrl(p.field(wire.ScopeSchemaURL, nil).Text)
	ss.Scope().SetDroppedAttributesCount(uint32(p.field(wire.ScopeDroppedAttributes, nil).Bits))
	p.setAttributes(nil, ss.Scope().Attributes())
	p.place = place{sink: s, spans: ss.Spans()}
	s.places = append(s.places, &p.place)
	return ss.Spans()
}

func (s *sink) resource(p *plan) ptrace.ResourceSpans {
	if p.place.sink == s {
		return p.place.resource
	}
	rs := s.td.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl(p.field(wire.ResourceSchemaURL, nil).Text)
	rs.Resource().SetDroppedAttributesCount(uint32(p.field(wire.ResourceDroppedAttributes, nil).Bits))
	p.setAttributes(nil, rs.Resource().Attributes())
	p.place = place{sink: s, resource: rs}
	s.places = append(s.places, &p.place)
	return rs
}

func setValue(v wire.Value, to pcommon.Value) {
	switch v.Kind {
	case wire.String:
		to.SetStr(v.Text)
	case wire.Bool:
		to.SetBool(v.Bits != 0)
	case wire.Int:
		to.SetInt(int64(v.Bits))
	case wire.Double:
		to.SetDouble(math.Float64frombits(v.Bits))
	case wire.Bytes:
		to.SetEmptyBytes().FromRaw([]byte(v.Text))
	case wire.List:
		setSlice(v.Text, to.SetEmptySlice())
	case wire.Map:
		setMap(v.Text, to.SetEmptyMap())
	}
}

func setSlice(text string, to pcommon.Slice) {
	to.EnsureCapacity(elements(text, wire.List))
	for text != "" {
		_, v, rest, err := wire.CutNested(text, wire.List)
		if err != nil {
			return // the decoder wrote it
		}
		setValue(v, to.AppendEmpty())
		text = rest
	}
}

func elements(text string, of wire.Kind) (n int) {
	for err := error(nil); text != "" && err == nil; n++ {
		_, _, text, err = wire.CutNested(text, of)
	}
	return n
}

func setMap(text string, to pcommon.Map) {
	n := elements(text, wire.Map)
	keys, values := make([]string, 0, n), make([]wire.Value, 0, n)
	for text != "" {
		key, v, rest, err := wire.CutNested(text, wire.Map)
		if err != nil {
			return // the decoder wrote it
		}
		keys, values, text = append(keys, key), append(values, v), rest
	}
	emptyMap(keys).MoveTo(to)
	at := 0
	for _, v := range to.All() {
		setValue(values[at], v)
		at++
	}
}
