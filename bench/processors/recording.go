package main

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/freshid"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// recording is traces in requests. Each round gives it fresh IDs in place.
type recording struct {
	requests []ptrace.Traces
	ids      []identity // in order of the requests
}

type identity struct {
	span       ptrace.Span
	trace      pcommon.TraceID
	id, parent pcommon.SpanID
}

func read(files []string, request int) (*recording, error) {
	all := ptrace.NewTraces()
	for td, err := range otlpdump.Files(files...) {
		if err != nil {
			return nil, fmt.Errorf("read recording: %w", err)
		}
		td.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	if all.SpanCount() == 0 {
		return nil, errors.New("no spans in the recording")
	}
	state(all)
	r := &recording{requests: cut(all, request)}
	for _, td := range r.requests {
		each(td, func(s ptrace.Span) {
			r.ids = append(r.ids, identity{s, s.TraceID(), s.SpanID(), s.ParentSpanID()})
		})
	}
	return r, nil
}

// state has local roots say what those of our SDK say.
func state(td ptrace.Traces) {
	each(td, func(s ptrace.Span) { s.TraceState().FromRaw("ot=th:0") })
	for _, l := range localtrace.Of(calltree.Build(td)) {
		a := l.Root.Span.Attributes()
		a.PutInt(callgraph.AttributeLocalSpans, l.Ended())
		a.PutInt(callgraph.AttributeLocalDropped, 0)
		a.PutStr(callgraph.AttributeHeadThreshold, "0")
	}
}

// cut makes requests of so many spans.
func cut(td ptrace.Traces, request int) (all []ptrace.Traces) {
	left := 0
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for at := 0; at < ss.Spans().Len(); {
				if left == 0 {
					all, left = append(all, ptrace.NewTraces()), request
				}
				n := min(left, ss.Spans().Len()-at)
				to := all[len(all)-1].ResourceSpans().AppendEmpty()
				rs.Resource().CopyTo(to.Resource())
				scope := to.ScopeSpans().AppendEmpty()
				ss.Scope().CopyTo(scope.Scope())
				for i := range n {
					ss.Spans().At(at + i).CopyTo(scope.Spans().AppendEmpty())
				}
				at, left = at+n, left-n
			}
		}
	}
	return all
}

func each(td ptrace.Traces, visit func(ptrace.Span)) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				visit(s)
			}
		}
	}
}

func (r *recording) renew(generation int) {
	fresh := freshid.Generation(generation)
	for _, i := range r.ids {
		i.span.SetTraceID(fresh.TraceID(i.trace))
		i.span.SetSpanID(fresh.SpanID(i.id))
		i.span.SetParentSpanID(fresh.SpanID(i.parent))
	}
}
