package query

import (
	"encoding/hex"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/failure"
)

// The shapes of a span with all that is stored of it.
type (
	spanDetail struct {
		ID       string `json:"id"`
		ParentID string `json:"parentId"`
		operationName
		SpanKind          string           `json:"spanKind"`
		Start             time.Time        `json:"start"`
		Duration          float64          `json:"duration"`
		Outcome           string           `json:"outcome"`
		Source            string           `json:"source"`
		Status            string           `json:"status"`
		StatusMessage     string           `json:"statusMessage"`
		Exceptions        []spanException  `json:"exceptions"`
		Logs              []spanLog        `json:"logs"`
		Attributes        []attributeShape `json:"attributes"`
		Resource          []attributeShape `json:"resource"`
		Scope             string           `json:"scope"`
		ScopeVersion      string           `json:"scopeVersion"`
		ScopeAttributes   []attributeShape `json:"scopeAttributes"`
		Events            []spanEvent      `json:"events"`
		Links             []spanLink       `json:"links"`
		TraceState        string           `json:"traceState"`
		Flags             uint32           `json:"flags"`
		DroppedAttributes uint32           `json:"droppedAttributes"`
		DroppedEvents     uint32           `json:"droppedEvents"`
		DroppedLinks      uint32           `json:"droppedLinks"`
	}
	spanException struct {
		Type    string  `json:"type"`
		Message string  `json:"message"`
		Stack   string  `json:"stack"`
		Offset  float64 `json:"offset"`
	}
	spanLog struct {
		Severity string  `json:"severity"`
		Message  string  `json:"message"`
		Offset   float64 `json:"offset"`
	}
	spanEvent struct {
		Name              string           `json:"name"`
		Offset            float64          `json:"offset"`
		Attributes        []attributeShape `json:"attributes"`
		DroppedAttributes uint32           `json:"droppedAttributes"`
	}
	spanLink struct {
		TraceID    string           `json:"traceId"`
		ShortID    string           `json:"shortId"`
		SpanID     string           `json:"spanId"`
		Attributes []attributeShape `json:"attributes"`
	}
	attributeShape struct {
		Key   string `json:"key"`
		Type  string `json:"type"`
		Value string `json:"value"`
	}
)

func shownSpan(n *calltree.Node) spanDetail {
	outcome, source := n.Outcome()
	d := spanDetail{
		ID: n.Span.SpanID().String(), ParentID: n.Span.ParentSpanID().String(),
		operationName: operationName{nameOf(n.Service), n.Span.Name()}, SpanKind: spanKind(n.Span.Kind()),
		Start: n.Span.StartTimestamp().AsTime(), Duration: n.Duration().Seconds(), Outcome: outcome.String(), Source: source,
		Status: strings.ToLower(statusCode(n.Span.Status().Code())), StatusMessage: n.Span.Status().Message(),
		Exceptions: []spanException{}, Logs: []spanLog{},
		Attributes: shownAttributes(n.Span.Attributes()), Resource: shownAttributes(n.Resource.Attributes()),
		Scope: n.Scope.Name(), ScopeVersion: n.Scope.Version(), ScopeAttributes: shownAttributes(n.Scope.Attributes()),
		Events: shownEvents(n.Span), Links: shownLinks(n.Span), TraceState: n.Span.TraceState().AsRaw(), Flags: n.Span.Flags(),
		DroppedAttributes: n.Span.DroppedAttributesCount(), DroppedEvents: n.Span.DroppedEventsCount(), DroppedLinks: n.Span.DroppedLinksCount(),
	}
	for _, e := range failure.Exceptions(n.Span) {
		d.Exceptions = append(d.Exceptions, spanException{e.Type, e.Message, e.Stack, e.Offset.Seconds()})
	}
	for _, l := range failure.Logs(n.Span) {
		d.Logs = append(d.Logs, spanLog{l.Severity, l.Message, l.Offset.Seconds()})
	}
	return d
}

func shownEvents(span ptrace.Span) []spanEvent {
	all := make([]spanEvent, 0, span.Events().Len())
	for _, e := range span.Events().All() {
		all = append(all, spanEvent{e.Name(), failure.Offset(span, e).Seconds(), shownAttributes(e.Attributes()), e.DroppedAttributesCount()})
	}
	return all
}

func shownLinks(span ptrace.Span) []spanLink {
	all := make([]spanLink, 0, span.Links().Len())
	for _, l := range span.Links().All() {
		all = append(all, spanLink{l.TraceID().String(), callgraph.ShortIDOf(l.TraceID()).String(), l.SpanID().String(), shownAttributes(l.Attributes())})
	}
	return all
}

func shownAttributes(attributes pcommon.Map) []attributeShape {
	all := make([]attributeShape, 0, attributes.Len())
	for key, value := range attributes.All() {
		all = append(all, attributeShape{key, valueTypes[value.Type()], value.AsString()})
	}
	return all
}

var valueTypes = map[pcommon.ValueType]string{
	pcommon.ValueTypeEmpty: "empty", pcommon.ValueTypeStr: "string", pcommon.ValueTypeBool: "bool", pcommon.ValueTypeInt: "int",
	pcommon.ValueTypeDouble: "double", pcommon.ValueTypeBytes: "bytes", pcommon.ValueTypeSlice: "array", pcommon.ValueTypeMap: "map",
}

// parseSpanID reads up to 16 hex digits; leading zeros may be left out.
func parseSpanID(s string) (id pcommon.SpanID, err error) {
	if len(s) > 0 && len(s) <= 16 {
		var b []byte
		if b, err = hex.DecodeString(strings.Repeat("0", 16-len(s)) + s); err == nil {
			return pcommon.SpanID(b), nil
		}
	}
	return id, &ParameterError{"span", s, "must be up to 16 hex digits of a span ID"}
}
