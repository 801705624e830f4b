package query

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
)

// The shapes of Jaeger's first API; times and durations are in microseconds.
type (
	jaegerTrace struct {
		TraceID   string                   `json:"traceID"`
		Spans     []jaegerSpan             `json:"spans"`
		Processes map[string]jaegerProcess `json:"processes"`
		Warnings  []string                 `json:"warnings"`
	}
	jaegerSpan struct {
		TraceID       string            `json:"traceID"`
		SpanID        string            `json:"spanID"`
		Flags         uint32            `json:"flags,omitempty"`
		OperationName string            `json:"operationName"`
		References    []jaegerReference `json:"references"`
		StartTime     uint64            `json:"startTime"`
		Duration      uint64            `json:"duration"`
		Tags          []jaegerTag       `json:"tags"`
		Logs          []jaegerLog       `json:"logs"`
		ProcessID     string            `json:"processID"`
		Warnings      []string          `json:"warnings"`
	}
	jaegerReference struct {
		RefType string `json:"refType"`
		TraceID string `json:"traceID"`
		SpanID  string `json:"spanID"`
	}
	jaegerProcess struct {
		ServiceName string      `json:"serviceName"`
		Tags        []jaegerTag `json:"tags"`
	}
	jaegerLog struct {
		Timestamp uint64      `json:"timestamp"`
		Fields    []jaegerTag `json:"fields"`
	}
	jaegerTag struct {
		Key   string `json:"key"`
		Type  string `json:"type"`
		Value any    `json:"value"`
	}
)

func jaegerTraces(found []ptrace.Traces) []jaegerTrace {
	traces := make([]jaegerTrace, 0, len(found))
	for _, td := range found {
		traces = append(traces, toJaeger(td))
	}
	return traces
}

// placed is a span with what it lies in.
type placed struct {
	ptrace.Span
	scope   pcommon.InstrumentationScope
	process string
}

// toJaeger shows a trace of at least one span, by rising start.
func toJaeger(td ptrace.Traces) jaegerTrace {
	processes := processes{byContent: map[string]string{}, shown: map[string]jaegerProcess{}}
	all := make([]placed, 0, td.SpanCount())
	for _, rs := range td.ResourceSpans().All() {
		process := processes.id(rs.Resource())
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				all = append(all, placed{span, ss.Scope(), process})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		x, y := a.SpanID(), b.SpanID()
		return cmp.Or(cmp.Compare(a.StartTimestamp(), b.StartTimestamp()), slices.Compare(x[:], y[:]))
	})
	return jaegerTrace{TraceID: all[0].TraceID().String(), Spans: jaegerSpans(all), Processes: processes.shown}
}

func jaegerSpans(all []placed) []jaegerSpan {
	starts := make(map[pcommon.SpanID]pcommon.Timestamp, len(all))
	for _, s := range all {
		starts[s.SpanID()] = s.StartTimestamp()
	}
	spans := make([]jaegerSpan, 0, len(all))
	for _, s := range all {
		spans = append(spans, s.toJaeger(starts))
	}
	return spans
}

func (s placed) toJaeger(starts map[pcommon.SpanID]pcommon.Timestamp) jaegerSpan {
	return jaegerSpan{
		TraceID:       s.TraceID().String(),
		SpanID:        s.SpanID().String(),
		Flags:         s.Flags() & 1, // sampled, as Jaeger's
		OperationName: s.Name(),
		References:    references(s.Span),
		StartTime:     uint64(s.StartTimestamp()) / 1000,
		Duration:      uint64(s.EndTimestamp()-min(s.StartTimestamp(), s.EndTimestamp())) / 1000,
		Tags:          s.tags(),
		Logs:          logs(s.Events()),
		ProcessID:     s.process,
		Warnings:      s.warnings(starts),
	}
}

// references are the parent and the links, each once; a link to nothing says
// nothing.
func references(s ptrace.Span) []jaegerReference {
	all := make([]jaegerReference, 0, 1+s.Links().Len())
	if !s.ParentSpanID().IsEmpty() {
		all = append(all, jaegerReference{"CHILD_OF", s.TraceID().String(), s.ParentSpanID().String()})
	}
	for _, l := range s.Links().All() {
		if l.TraceID().IsEmpty() || l.SpanID().IsEmpty() {
			continue
		}
		if l.TraceID() != s.TraceID() || l.SpanID() != s.ParentSpanID() {
			all = append(all, jaegerReference{"FOLLOWS_FROM", l.TraceID().String(), l.SpanID().String()})
		}
	}
	return all
}

// tags are the attributes, and what Jaeger knows as tags only.
func (s placed) tags() []jaegerTag {
	tags := make([]jaegerTag, 0, s.Attributes().Len()+6)
	tags = appendText(tags, "otel.scope.name", s.scope.Name())
	tags = appendText(tags, "otel.scope.version", s.scope.Version())
	tags = appendTags(tags, s.Attributes())
	tags = appendText(tags, "span.kind", spanKind(s.Kind()))
	tags = appendText(tags, "otel.status_code", statusCode(s.Status().Code()))
	if s.Status().Code() == ptrace.StatusCodeError {
		tags = append(tags, jaegerTag{"error", "bool", true})
	}
	tags = appendText(tags, "otel.status_description", s.Status().Message())
	return appendText(tags, "w3c.tracestate", s.TraceState().AsRaw())
}

func statusCode(c ptrace.StatusCode) string {
	switch c {
	case ptrace.StatusCodeOk:
		return "OK"
	case ptrace.StatusCodeError:
		return "ERROR"
	}
	return ""
}

func appendText(tags []jaegerTag, key, value string) []jaegerTag {
	if value == "" {
		return tags
	}
	return append(tags, jaegerTag{key, "string", value})
}

func appendTags(tags []jaegerTag, attributes pcommon.Map) []jaegerTag {
	for key, value := range attributes.All() {
		tags = append(tags, tag(key, value))
	}
	return tags
}

func tag(key string, v pcommon.Value) jaegerTag {
	switch v.Type() {
	case pcommon.ValueTypeBool:
		return jaegerTag{key, "bool", v.Bool()}
	case pcommon.ValueTypeInt:
		return jaegerTag{key, "int64", integer(v.Int())}
	case pcommon.ValueTypeDouble:
		return jaegerTag{key, "float64", number(v.Double())}
	case pcommon.ValueTypeBytes:
		return jaegerTag{key, "binary", v.Bytes().AsRaw()}
	}
	return jaegerTag{key, "string", v.AsString()} // maps and lists as their JSON
}

// integer is a string where JavaScript would round it, as Jaeger has it.
func integer(n int64) any {
	const safe = 1<<53 - 1
	if n > safe || n < -safe {
		return strconv.FormatInt(n, 10)
	}
	return n
}

// number is a string where JSON has no number for it.
func number(f float64) any {
	if f-f != 0 { // NaN or infinite
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return f
}

func logs(events ptrace.SpanEventSlice) []jaegerLog {
	all := make([]jaegerLog, 0, events.Len())
	for _, e := range events.All() {
		fields := make([]jaegerTag, 0, e.Attributes().Len()+1)
		if _, named := e.Attributes().Get("event"); !named {
			fields = appendText(fields, "event", e.Name())
		}
		all = append(all, jaegerLog{uint64(e.Timestamp()) / 1000, appendTags(fields, e.Attributes())})
	}
	return all
}

// warnings name what looks wrong; times are shown as they were stored.
func (s placed) warnings(starts map[pcommon.SpanID]pcommon.Timestamp) (all []string) {
	if s.EndTimestamp() < s.StartTimestamp() {
		all = append(all, fmt.Sprintf("ends %s before it starts", time.Duration(s.StartTimestamp()-s.EndTimestamp())))
	}
	if parent, known := starts[s.ParentSpanID()]; known && s.StartTimestamp() < parent {
		all = append(all, fmt.Sprintf("starts %s before its parent: clocks may differ", time.Duration(parent-s.StartTimestamp())))
	}
	return all
}

// processes are the resources of a trace, each once.
type processes struct {
	byContent map[string]string
	shown     map[string]jaegerProcess
}

func (p *processes) id(resource pcommon.Resource) string {
	content := content(resource.Attributes())
	id, known := p.byContent[content]
	if !known {
		id = fmt.Sprintf("p%d", len(p.byContent)+1)
		p.byContent[content] = id
		p.shown[id] = process(resource)
	}
	return id
}

// content tells resources apart, types included.
func content(attributes pcommon.Map) string {
	var b []byte
	for key, value := range attributes.All() {
		b = strconv.AppendQuote(b, key)
		b = append(b, byte(value.Type()))
		b = strconv.AppendQuote(b, value.AsString())
	}
	return string(b)
}

func process(resource pcommon.Resource) jaegerProcess {
	p := jaegerProcess{ServiceName: calltree.ServiceOf(resource).Name, Tags: []jaegerTag{}}
	for key, value := range resource.Attributes().All() {
		if key != "service.name" {
			p.Tags = append(p.Tags, tag(key, value))
		}
	}
	return p
}

func spans(found []ptrace.Traces) (n int) {
	for _, td := range found {
		n += td.SpanCount()
	}
	return n
}
