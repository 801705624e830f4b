package query

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/failure"
)

// summary is a chain in a list.
type summary struct {
	TraceID       string         `json:"traceId"`
	ShortID       string         `json:"shortId"`
	Start         time.Time      `json:"start"`
	Duration      float64        `json:"duration"` // seconds, from the first start to the last end
	Entrance      operationName  `json:"entrance"`
	Outcome       string         `json:"outcome"`
	Spans         int            `json:"spans"`
	FailedSpans   int            `json:"failedSpans"`
	SoftErrors    int            `json:"softErrors"`
	Services      []serviceSpans `json:"services"`
	ServiceCount  int            `json:"serviceCount"`
	Partial       bool           `json:"partial"`
	Origin        *failureShape  `json:"origin"`
	Weight        float64        `json:"weight"`
	WeightUnknown bool           `json:"weightUnknown"`
}

type serviceSpans struct {
	serviceName
	Spans       int `json:"spans"`
	FailedSpans int `json:"failedSpans"`
}

// maxServices of a chain in a list.
const maxServices = 20

// story is what is told of one trace of at least one span.
type story struct {
	tree     *calltree.Tree
	entrance *calltree.Node
	origins  []failure.Failure
	start    pcommon.Timestamp
	end      pcommon.Timestamp
}

func newStory(td ptrace.Traces) *story {
	st := &story{tree: calltree.Build(td), start: math.MaxUint64}
	st.origins = failure.Origins(st.tree)
	st.entrance = entranceOf(st.tree)
	for _, n := range st.tree.Walk() {
		if start := n.Span.StartTimestamp(); start > 0 {
			st.start = min(st.start, start)
			st.end = max(st.end, start+pcommon.Timestamp(n.Duration()))
		}
	}
	if st.start == math.MaxUint64 { // no span says when it began
		st.start = 0
	}
	return st
}

// entranceOf is the first root that has no parent, else the first whose parent
// never came.
func entranceOf(t *calltree.Tree) *calltree.Node {
	for _, n := range t.Roots() {
		if n.Span.ParentSpanID().IsEmpty() {
			return n
		}
	}
	return t.Roots()[0]
}

// after is a time in seconds after the chain's start.
func (st *story) after(t pcommon.Timestamp) float64 {
	return time.Duration(int64(t) - int64(st.start)).Seconds()
}

func (st *story) summary() summary {
	id := st.entrance.Span.TraceID()
	outcome, _ := st.entrance.Outcome()
	s := summary{
		TraceID: id.String(), ShortID: callgraph.ShortIDOf(id).String(), Start: st.start.AsTime(), Duration: st.after(max(st.end, st.start)),
		Entrance: operationName{nameOf(st.entrance.Service), st.entrance.Span.Name()}, Outcome: outcome.String(),
		Spans: st.tree.Len(), Services: []serviceSpans{}, Partial: st.partial(),
	}
	s.Weight, s.WeightUnknown = calltree.Weight(st.entrance.Span)
	if len(st.origins) > 0 {
		origin := shownFailure(&st.origins[0])
		s.Origin = &origin
	}
	st.count(&s)
	return s
}

// count adds spans and failures up, as a whole and by service.
func (st *story) count(s *summary) {
	services := map[callgraph.Service]int{}
	for _, n := range st.tree.Walk() {
		at, known := services[n.Service]
		if !known {
			at = len(services)
			services[n.Service] = at
			if at < maxServices {
				s.Services = append(s.Services, serviceSpans{serviceName: nameOf(n.Service)})
			}
		}
		outcome, _ := n.Outcome()
		failed := 0
		switch {
		case outcome.Failed():
			failed = 1
			s.FailedSpans++
		case outcome == callgraph.SoftError:
			s.SoftErrors++
		}
		if at < maxServices {
			s.Services[at].Spans++
			s.Services[at].FailedSpans += failed
		}
	}
	s.ServiceCount = len(services)
}

// partial reports whether a span speaks of others that are not there.
func (st *story) partial() bool {
	for _, p := range st.tree.Problems() {
		if p.Oddity == calltree.Orphan {
			return true
		}
	}
	for _, n := range st.tree.Roots() {
		if v, ok := n.Span.Attributes().Get(callgraph.AttributeLocalDropped); ok && v.Int() > 0 {
			return true
		}
	}
	return false
}
