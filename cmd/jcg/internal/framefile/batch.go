package framefile

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// batches cuts records into batches of n spans, in their order; the last may be
// smaller. The records' spans move.
func batches(records iter.Seq2[ptrace.Traces, error], n int) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		b := batch{size: n, yield: yield, Traces: ptrace.NewTraces(), left: n}
		for td, err := range records {
			if err != nil {
				yield(td, err)
				return
			}
			if !b.add(td) {
				return
			}
		}
		if b.left < n {
			b.flush()
		}
	}
}

// batch is filled until nothing is left of its room.
type batch struct {
	size  int
	yield func(ptrace.Traces, error) bool
	ptrace.Traces
	left int
}

// add moves all spans; false says that no more are wanted.
func (b *batch) add(td ptrace.Traces) bool {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for at := 0; at < ss.Spans().Len(); {
				at += b.take(rs, ss, at)
				if b.left == 0 && !b.flush() {
					return false
				}
			}
		}
	}
	return true
}

// take moves spans of a scope, from the one at a place on, and says how many.
func (b *batch) take(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, at int) int {
	n := min(b.left, ss.Spans().Len()-at)
	b.left -= n
	to := b.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(to.Resource())
	to.SetSchemaUrl(rs.SchemaUrl())
	scope := to.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(scope.Scope())
	scope.SetSchemaUrl(ss.SchemaUrl())
	scope.Spans().EnsureCapacity(n)
	for i := at; i < at+n; i++ {
		ss.Spans().At(i).MoveTo(scope.Spans().AppendEmpty())
	}
	return n
}

func (b *batch) flush() bool {
	full := b.Traces
	b.Traces, b.left = ptrace.NewTraces(), b.size
	return b.yield(full, nil)
}
