package wirebench

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// ids gives traces the IDs that our SDK would have given them: trace IDs born
// short at the trace's start, span IDs from blocks of a process's counter.
type ids struct {
	n         int // of how many traces one is kept
	random    *rand.Rand
	traces    map[pcommon.TraceID]pcommon.TraceID
	spans     map[spanOf]pcommon.SpanID
	processes map[string]*process
}

type spanOf struct {
	trace pcommon.TraceID
	id    pcommon.SpanID
}

type process struct {
	key    uint64
	blocks uint64
	local  map[pcommon.TraceID]uint64 // last number of each local trace
}

const blockSize = 8 // as the SDK's

func newIDs(n int) *ids {
	return &ids{
		n: n, random: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // the same in each run
		traces: map[pcommon.TraceID]pcommon.TraceID{}, spans: map[spanOf]pcommon.SpanID{}, processes: map[string]*process{},
	}
}

// replace replaces all IDs in place.
func (i *ids) replace(r recording) {
	type started struct {
		resource pcommon.Resource
		span     ptrace.Span
	}
	var spans []started
	r.all(func(resource pcommon.Resource, s ptrace.Span) { spans = append(spans, started{resource, s}) })
	slices.SortStableFunc(spans, func(a, b started) int {
		return cmp.Compare(a.span.StartTimestamp(), b.span.StartTimestamp())
	})
	for _, s := range spans {
		trace := i.trace(s.span.TraceID(), s.span.StartTimestamp())
		at := spanOf{s.span.TraceID(), s.span.SpanID()}
		if _, ok := i.spans[at]; !ok {
			i.spans[at] = i.process(instance(s.resource)).next(i, trace)
		}
	}
	for _, s := range spans {
		old := s.span.TraceID()
		s.span.SetTraceID(i.traces[old])
		s.span.SetSpanID(i.spans[spanOf{old, s.span.SpanID()}])
		if parent := s.span.ParentSpanID(); parent != (pcommon.SpanID{}) {
			s.span.SetParentSpanID(i.span(old, parent))
		}
	}
}

// span is the ID of a span that may not be in the recording: then it is one of
// a process that nothing is known of.
func (i *ids) span(trace pcommon.TraceID, id pcommon.SpanID) pcommon.SpanID {
	at := spanOf{trace, id}
	if _, ok := i.spans[at]; !ok {
		i.spans[at] = i.process("").next(i, i.traces[trace])
	}
	return i.spans[at]
}

func (i *ids) trace(id pcommon.TraceID, start pcommon.Timestamp) pcommon.TraceID {
	if _, ok := i.traces[id]; !ok {
		i.traces[id] = callgraph.BornShort(start.AsTime().UnixMilli(), callgraph.ShortID(i.random.Uint32()))
	}
	return i.traces[id]
}

func (i *ids) process(name string) *process {
	if i.processes[name] == nil {
		i.processes[name] = &process{key: i.random.Uint64(), local: map[pcommon.TraceID]uint64{}}
	}
	return i.processes[name]
}

func (p *process) next(i *ids, trace pcommon.TraceID) pcommon.SpanID {
	if p.local[trace]%blockSize == 0 {
		p.blocks++
		if i.n > 1 { // those of the traces that were not kept
			p.blocks += uint64(i.random.IntN(2*i.n - 1))
		}
		p.local[trace] = p.blocks * blockSize
	}
	p.local[trace]++
	return callgraph.SpanIDOf(p.key, p.local[trace])
}

// instance names a resource's process.
func instance(r pcommon.Resource) string {
	service, _ := r.Attributes().Get("service.name")
	id, ok := r.Attributes().Get("service.instance.id")
	if ok {
		return service.AsString() + "/" + id.AsString()
	}
	h := fnv.New64a()
	if host, ok := r.Attributes().Get("host.name"); ok {
		_, _ = h.Write([]byte(host.AsString()))
	}
	return service.AsString() + "/" + string(h.Sum(nil))
}
