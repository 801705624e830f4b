package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// nowhere is a backend that keeps nothing, so that the heap is the processor's.
type nowhere struct{ storage.Backend }

func (nowhere) WriterID() uint64                                       { return 1 }
func (nowhere) WriteEvidence(context.Context, []strength.Record) error { return nil }
func (nowhere) Evidence(context.Context, storage.EvidenceQuery, func([]strength.Record) error) error {
	return nil
}

func (nowhere) Trace(context.Context, pcommon.TraceID) (ptrace.Traces, error) {
	return ptrace.Traces{}, storage.ErrNotFound
}

// measureMemory fills the dependency processor: first with call sites, each in a
// local trace that is whole, then with spans whose local root never comes.
func measureMemory(ctx context.Context, p *figure.Printer, o options) error {
	before := heap()
	pipe, err := begin(ctx, []maker{dependencies(o.maxSpans, o.maxSites)}, nowhere{})
	if err != nil {
		return err
	}
	const calls = 5
	for n := range (o.maxSites + calls - 1) / calls {
		if err := pipe.ConsumeTraces(ctx, localTrace(uint64(n+1), calls, true)); err != nil {
			return err
		}
	}
	sites := heap()
	for n := range o.maxSpans / calls {
		if err := pipe.ConsumeTraces(ctx, localTrace(uint64(n+1)<<32, calls, false)); err != nil {
			return err
		}
	}
	full := heap()
	p.Print("max_sites", float64(o.maxSites), "sites")
	p.Print("bytes_per_site", float64(sites-before)/float64(o.maxSites), "B")
	p.Print("max_spans", float64(o.maxSpans), "spans")
	p.Print("bytes_per_span_held", float64(full-sites)/float64(o.maxSpans), "B")
	p.Print("heap_mb", figure.MB(full-before), "MB")
	return pipe.end(ctx)
}

// localTrace is a request of its own that calls so many sites which no other calls.
func localTrace(n uint64, calls int, root bool) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr(callgraph.ServiceKey, fmt.Sprintf("service-%d", n%1000))
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	var trace pcommon.TraceID
	binary.BigEndian.PutUint64(trace[:], n)
	for i := range calls + 1 {
		if i == 0 && !root {
			continue
		}
		s := spans.AppendEmpty()
		s.SetTraceID(trace)
		s.SetSpanID(pcommon.SpanID{0: 1, 7: byte(i)})
		s.SetKind(ptrace.SpanKindClient)
		s.SetName(fmt.Sprintf("GET /operation/of/some/length/%d", i))
		s.Attributes().PutStr("peer.service", fmt.Sprintf("peer-%d", i))
		s.SetParentSpanID(pcommon.SpanID{0: 1})
		s.SetStartTimestamp(pcommon.Timestamp(1e18 + 1000*i))
		s.SetEndTimestamp(s.StartTimestamp() + 500)
	}
	if root {
		complete(spans.At(0), n, calls)
	}
	return td
}

func complete(s ptrace.Span, n uint64, calls int) {
	s.SetKind(ptrace.SpanKindServer)
	s.SetParentSpanID(pcommon.SpanID{})
	s.SetName(fmt.Sprintf("POST /entrance/of/some/length/%d", n))
	s.SetEndTimestamp(s.StartTimestamp() + 1_000_000)
	s.TraceState().FromRaw("ot=th:0")
	s.Attributes().PutInt(callgraph.AttributeLocalSpans, int64(calls+1))
	s.Attributes().PutInt(callgraph.AttributeLocalDropped, 0)
	s.Attributes().PutStr(callgraph.AttributeHeadThreshold, "0")
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
