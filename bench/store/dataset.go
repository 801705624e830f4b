package main

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/freshid"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

// dataset is a recording cut into requests of equal size. Each round it is
// changed in place: IDs are fresh, and all starts lie in the last hour.
type dataset struct {
	requests []ptrace.Traces
	recorded []span // in order of the requests
	spans    int
	first    pcommon.Timestamp
	lasts    uint64
	traces   map[pcommon.TraceID]struct{}
}

// span is what changes from round to round.
type span struct {
	trace      pcommon.TraceID
	id, parent pcommon.SpanID
	start, end pcommon.Timestamp
	events     []pcommon.Timestamp
}

func readSet(files []string, request int) (*dataset, error) {
	c := cutter{request: request, set: &dataset{traces: map[pcommon.TraceID]struct{}{}}}
	for td, err := range otlpdump.Files(files...) {
		if err != nil {
			return nil, fmt.Errorf("read recording: %w", err)
		}
		c.add(td)
	}
	c.cut()
	c.set.record()
	return c.set, nil
}

// cutter divides a recording into requests.
type cutter struct {
	request int
	set     *dataset
	current ptrace.Traces
	spans   int
}

func (c *cutter) add(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for from := 0; from < ss.Spans().Len(); {
				from += c.take(rs, ss, from)
			}
		}
	}
}

// take puts spans of a scope into the current request until that is full.
func (c *cutter) take(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, from int) int {
	if c.spans == 0 {
		c.current = ptrace.NewTraces()
	}
	r := c.current.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(r.Resource())
	r.SetSchemaUrl(rs.SchemaUrl())
	scope := r.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(scope.Scope())
	scope.SetSchemaUrl(ss.SchemaUrl())
	n := min(ss.Spans().Len()-from, c.request-c.spans)
	for i := range n {
		ss.Spans().At(from + i).CopyTo(scope.Spans().AppendEmpty())
	}
	if c.spans += n; c.spans == c.request {
		c.cut()
	}
	return n
}

func (c *cutter) cut() {
	if c.spans > 0 {
		c.set.requests = append(c.set.requests, c.current)
		c.spans = 0
	}
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

func (d *dataset) record() {
	d.first = 1<<64 - 1
	last := pcommon.Timestamp(0)
	for _, td := range d.requests {
		each(td, func(s ptrace.Span) {
			r := span{s.TraceID(), s.SpanID(), s.ParentSpanID(), s.StartTimestamp(), s.EndTimestamp(), nil}
			for _, e := range s.Events().All() {
				r.events = append(r.events, e.Timestamp())
			}
			d.recorded = append(d.recorded, r)
			d.traces[r.trace] = struct{}{}
			d.first, last = min(d.first, r.start), max(last, r.start)
		})
	}
	d.spans, d.lasts = len(d.recorded), uint64(last-d.first)
}

// shift is what a round of so many adds to all times: rounds follow one
// another through the hour before now.
func (d *dataset) shift(round, rounds int, now time.Time) uint64 {
	room := max(int64(time.Hour)-int64(d.lasts), 0)
	from := now.Add(-time.Hour).UnixNano() + room*int64(round)/int64(rounds)
	return uint64(from) - uint64(d.first)
}

// renew makes the requests those of a round.
func (d *dataset) renew(round int, shift uint64) {
	fresh := freshid.Generation(round + 1)
	n := 0
	for _, td := range d.requests {
		each(td, func(s ptrace.Span) {
			r := &d.recorded[n]
			n++
			s.SetTraceID(fresh.TraceID(r.trace))
			s.SetSpanID(fresh.SpanID(r.id))
			s.SetParentSpanID(fresh.SpanID(r.parent))
			s.SetStartTimestamp(r.start + pcommon.Timestamp(shift))
			s.SetEndTimestamp(r.end + pcommon.Timestamp(shift))
			for i, at := range r.events {
				s.Events().At(i).SetTimestamp(at + pcommon.Timestamp(shift))
			}
		})
	}
}
