package sdk

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/spanfact"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// judgement is what a span's end shows of it.
type judgement struct {
	kept      bool   // by the policy, whatever the rate
	errorType string // for a storm's signature
}

// judge reads what the span says of itself. The caller holds mu.
func (s *span) judge() (j judgement) {
	if !s.needsLook() {
		return s.judgeBare()
	}
	f := spanfact.New(spanfact.Kind(s.traits.kind()))
	if s.body != nil {
		s.body.tell(&f)
	}
	outcome, _ := f.Outcome(statusOf(codes.Code(s.statusCode)))
	s.outcome, s.connection = uint8(outcome), uint8(f.Connection())
	if isExit(s.traits.kind()) {
		s.judgeSite(&f)
	}
	if s.provider.policy.Keep == nil {
		return j
	}
	facts := sampler.Facts{
		Operation: s.name, Kind: s.traits.kind(), Status: codes.Code(s.statusCode), Outcome: outcome,
		ErrorType: f.ErrorType(), HTTPStatus: int(f.HTTPStatus()), Duration: s.duration(),
		Escaped: f.Escaped(), SoftError: f.SoftError(), Debug: s.root.debugged(), FirstSight: s.firstSight(&f),
	}
	if s.provider.plainMarks {
		j.kept = s.provider.marks.Keeps(&facts)
	} else {
		j.kept = s.provider.policy.Keeps(facts)
	}
	if j.kept {
		j.errorType = firstOf(f.ErrorType(), f.ExceptionType(), outcome.String())
	}
	return j
}

// judgeSite says where the span calls, unless the callee was told: then a
// reader must know that name of the peer too.
func (s *span) judgeSite(f *spanfact.Facts) {
	site := s.provider.siteOf(f, s.name)
	switch {
	case s.flags&flagTold == 0:
		s.site = site
	case site != s.site:
		s.flags |= flagPeer
	}
}

// judgeBare judges a span that says nothing of itself.
func (s *span) judgeBare() (j judgement) {
	if s.traits.kind() == trace.SpanKindConsumer {
		s.connection = uint8(callgraph.Messaging)
	}
	if s.provider.plainMarks {
		j.kept = s.provider.marks&sampler.Debug != 0 && s.root.debugged()
		return j
	}
	if s.provider.policy.Keep != nil {
		j.kept = s.provider.policy.Keeps(sampler.Facts{
			Operation: s.name, Kind: s.traits.kind(), Duration: s.duration(), Debug: s.root.debugged(),
		})
	}
	return j
}

func firstOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

// statusOf: OTel's Go API numbers the codes differently from OTLP.
func statusOf(c codes.Code) spanfact.Status {
	switch c {
	case codes.Ok:
		return spanfact.StatusOK
	case codes.Error:
		return spanfact.StatusError
	}
	return spanfact.StatusUnset
}

// tell notes all attributes and exceptions.
func (r *Record) tell(f *spanfact.Facts) {
	noteAll(f, r.attributes)
	noteAll(f, r.inline[:r.inlined])
	for i := range r.events {
		if e := &r.events[i]; e.Name == semconv.ExceptionEventName {
			noteException(f, e.Attributes)
		}
	}
}

// noteAll looks at the values of those attributes only that may say something.
func noteAll(f *spanfact.Facts, attributes []attribute.KeyValue) {
	for i := range attributes {
		if a := &attributes[i]; f.Speaks(string(a.Key)) {
			note(f, a)
		}
	}
}

func note(f *spanfact.Facts, a *attribute.KeyValue) {
	switch a.Value.Type() {
	case attribute.STRING:
		f.NoteString(string(a.Key), a.Value.AsString())
	case attribute.INT64:
		f.NoteInt(string(a.Key), a.Value.AsInt64())
	case attribute.BOOL:
		f.NoteBool(string(a.Key), a.Value.AsBool())
	case attribute.FLOAT64:
		f.NoteFloat(string(a.Key), a.Value.AsFloat64())
	default:
		f.NoteName(string(a.Key))
	}
}

// exceptionEscaped is deprecated in the conventions, and still told.
const exceptionEscaped = "exception.escaped"

func noteException(f *spanfact.Facts, attributes []attribute.KeyValue) {
	kind, escaped := "", false
	for i := range attributes {
		switch a := &attributes[i]; a.Key {
		case semconv.ExceptionTypeKey:
			kind = a.Value.AsString()
		case exceptionEscaped:
			escaped = a.Value.AsBool()
		}
	}
	f.NoteException(kind, escaped)
}
