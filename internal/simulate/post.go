package simulate

import (
	"container/heap"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// BatchSize is how many spans a process sends together at most.
const BatchSize = 512

// post holds the spans that have left their SDK until their process sends them,
// about a second later, each at a time of its own.
type post struct {
	system    *System
	random    random // of losses: the world is the same with and without
	processes []process
	waiting   []int32 // processes with spans, a heap by due
	emit      func(ptrace.Traces)
}

// process is one that runs a service.
type process struct {
	service int32
	skew    int64
	delay   int64
	batch   ptrace.Traces
	spans   ptrace.SpanSlice
	due     int64
}

func (p *post) begin(s *System) {
	p.system, p.random = s, newRandom(s.Seed, 4)
	clocks := newRandom(s.Seed, 5)
	for i := range s.services {
		for range s.services[i].processes {
			p.processes = append(p.processes, process{
				service: int32(i), skew: int64(clocks.between(-1, 1) * float64(s.Skew)), delay: int64(clocks.between(0.5e9, 1.5e9)),
			})
		}
	}
}

// span is a new one of a process's; false where it gets lost. at is when it
// has ended.
func (p *post) span(process int32, at int64) (ptrace.Span, bool) {
	p.system.counts.Kept++
	if p.random.chance(p.system.SpanLoss) {
		p.system.counts.Lost++
		return ptrace.Span{}, false
	}
	q := &p.processes[process]
	if q.due != 0 && q.spans.Len() >= BatchSize {
		p.send(q)
	}
	if q.due == 0 {
		p.open(q, at)
		heap.Push(p, process)
	} else if q.spans.Len() == 0 {
		q.batch, q.spans = p.envelope(q)
	}
	return q.spans.AppendEmpty(), true
}

func (p *post) open(q *process, at int64) {
	q.due = p.system.now + at + q.delay
	q.batch, q.spans = p.envelope(q)
}

func (p *post) envelope(q *process) (ptrace.Traces, ptrace.SpanSlice) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	v := &p.system.services[q.service]
	a := rs.Resource().Attributes()
	a.PutStr(callgraph.ServiceKey, v.Name)
	a.PutStr(callgraph.NamespaceKey, v.Namespace)
	a.PutStr(callgraph.EnvironmentKey, v.Environment)
	a.PutStr("service.instance.id", fmt.Sprintf("%s-%d", v.Name, q.delay%1000))
	a.PutStr("host.name", fmt.Sprintf("node-%02d", q.delay%97))
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("github.com/jcallgraph/jcallgraph/internal/simulate")
	spans := ss.Spans()
	spans.EnsureCapacity(16)
	return td, spans
}

// send hands a process's batch over, unless it gets lost. The process waits on.
func (p *post) send(q *process) {
	n := q.spans.Len()
	if n == 0 {
		return
	}
	batch := q.batch
	q.batch, q.spans = ptrace.Traces{}, ptrace.NewSpanSlice()
	if p.random.chance(p.system.BatchLoss) {
		p.system.counts.Lost += uint64(n)
		return
	}
	p.system.counts.Sent += uint64(n)
	p.emit(batch)
}

// sendDue sends what is due at that time; all with a negative one.
func (p *post) sendDue(now int64) {
	for len(p.waiting) > 0 && (now < 0 || p.processes[p.waiting[0]].due <= now) {
		q := &p.processes[heap.Pop(p).(int32)]
		p.send(q)
		q.due = 0
	}
}

// timestamp is a time of the present chain's by a process's clock.
func (p *post) timestamp(process int32, at int64) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(p.system.Start.Add(time.Duration(p.system.now + at + p.processes[process].skew)))
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (p *post) Len() int { return len(p.waiting) }

func (p *post) Less(i, j int) bool {
	a, b := p.waiting[i], p.waiting[j]
	if x, y := p.processes[a].due, p.processes[b].due; x != y {
		return x < y
	}
	return a < b
}
func (p *post) Swap(i, j int) { p.waiting[i], p.waiting[j] = p.waiting[j], p.waiting[i] }
func (p *post) Push(x any)    { p.waiting = append(p.waiting, x.(int32)) }
func (p *post) Pop() any {
	last := len(p.waiting) - 1
	x := p.waiting[last]
	p.waiting = p.waiting[:last]
	return x
}
