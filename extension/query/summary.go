package query

import (
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
)

// The shapes of Jaeger's trace summaries: 64-bit numbers are strings.
type (
	traceSummary struct {
		TraceID         string           `json:"traceId"`
		RootService     string           `json:"rootServiceName"` // of the first span without a parent; empty: there is none
		RootOperation   string           `json:"rootOperationName"`
		MinStart        uint64           `json:"minStartTimeUnixNano,string"`
		MaxEnd          uint64           `json:"maxEndTimeUnixNano,string"`
		SpanCount       int              `json:"spanCount"`
		ErrorSpanCount  int              `json:"errorSpanCount"`
		OrphanSpanCount int              `json:"orphanSpanCount"` // their parent is not in the trace
		Services        []serviceSummary `json:"services"`
	}
	serviceSummary struct {
		Name           string `json:"name"`
		SpanCount      int    `json:"spanCount"`
		ErrorSpanCount int    `json:"errorSpanCount"`
	}
)

// summaries are what a list of search results shows of each trace.
func (s *Server) summaries(r *http.Request) (any, error) {
	q, err := s.query3(r)
	if err != nil {
		return nil, err
	}
	found, _, err := s.found(r.Context(), q)
	all := make([]traceSummary, 0, len(found))
	for _, td := range found {
		all = append(all, summaryOf(td))
	}
	return map[string][]traceSummary{"summaries": all}, err
}

// summaryOf a trace of at least one span.
func summaryOf(td ptrace.Traces) traceSummary {
	tree := calltree.Build(td)
	ids := make(map[pcommon.SpanID]bool, tree.Len())
	for _, n := range tree.Walk() {
		ids[n.Span.SpanID()] = true
	}
	first := tree.Roots()[0].Span
	sum := traceSummary{TraceID: first.TraceID().String(), MinStart: uint64(first.StartTimestamp())}
	services := map[string]*serviceSummary{}
	for _, n := range tree.Walk() {
		sum.add(n, ids)
		addSpan(services, n)
	}
	sum.Services = make([]serviceSummary, 0, len(services))
	for _, s := range services {
		sum.Services = append(sum.Services, *s)
	}
	slices.SortFunc(sum.Services, func(a, b serviceSummary) int { return strings.Compare(a.Name, b.Name) })
	return sum
}

// add is called in the order of the tree: its first root began first.
func (t *traceSummary) add(n *calltree.Node, ids map[pcommon.SpanID]bool) {
	t.SpanCount++
	t.MinStart = min(t.MinStart, uint64(n.Span.StartTimestamp()))
	t.MaxEnd = max(t.MaxEnd, uint64(n.Span.StartTimestamp()), uint64(n.Span.EndTimestamp()))
	if failed(n) {
		t.ErrorSpanCount++
	}
	switch parent := n.Span.ParentSpanID(); {
	case parent.IsEmpty() && t.RootService == "":
		t.RootService, t.RootOperation = n.Service.Name, n.Span.Name()
	case !parent.IsEmpty() && !ids[parent]:
		t.OrphanSpanCount++
	}
}

func addSpan(services map[string]*serviceSummary, n *calltree.Node) {
	s := services[n.Service.Name]
	if s == nil {
		s = &serviceSummary{Name: n.Service.Name}
		services[s.Name] = s
	}
	s.SpanCount++
	if failed(n) {
		s.ErrorSpanCount++
	}
}

func failed(n *calltree.Node) bool { return n.Span.Status().Code() == ptrace.StatusCodeError }
