package wirebench

import (
	"cmp"
	"errors"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

// recording is all spans of the files in their order, in requests as recorded.
type recording struct {
	requests []ptrace.Traces
	count    int
}

func read(files []string) (r recording, err error) {
	for td, err := range otlpdump.Files(files...) {
		if err != nil {
			return r, err
		}
		r.requests = append(r.requests, td)
		r.count += td.SpanCount()
	}
	if r.count == 0 {
		return r, errors.New("no spans in the recording")
	}
	return r, nil
}

// stream is what goes over one connection.
type stream []ptrace.Traces

// cut cuts the spans into batches of the size; each stream's last one may be
// smaller.
func (r recording) cut(form string, size int) []stream {
	cutters := map[string]*cutter{}
	for _, td := range r.requests {
		for _, rs := range td.ResourceSpans().All() {
			name := ""
			if form == "services" {
				service, _ := rs.Resource().Attributes().Get("service.name")
				name = service.AsString()
			}
			if cutters[name] == nil {
				cutters[name] = &cutter{name: name, size: size}
			}
			cutters[name].add(rs)
		}
	}
	var streams []stream
	for _, c := range slices.SortedFunc(values(cutters), func(a, b *cutter) int { return cmp.Compare(a.name, b.name) }) {
		streams = append(streams, c.done)
	}
	return streams
}

func values(m map[string]*cutter) func(func(*cutter) bool) {
	return func(yield func(*cutter) bool) {
		for _, c := range m {
			if !yield(c) {
				return
			}
		}
	}
}

// cutter makes batches; a resource and a scope are told once a batch, as often
// as they follow one another.
type cutter struct {
	name string
	size int
	done stream
	left int // room in the last batch
}

func (c *cutter) add(rs ptrace.ResourceSpans) {
	var to ptrace.ResourceSpans
	for _, ss := range rs.ScopeSpans().All() {
		for at := 0; at < ss.Spans().Len(); {
			if c.left == 0 {
				c.done = append(c.done, ptrace.NewTraces())
				c.left = c.size
				to = ptrace.ResourceSpans{}
			}
			if to == (ptrace.ResourceSpans{}) {
				to = c.done[len(c.done)-1].ResourceSpans().AppendEmpty()
				rs.Resource().CopyTo(to.Resource())
				to.SetSchemaUrl(rs.SchemaUrl())
			}
			n := min(c.left, ss.Spans().Len()-at)
			copySpans(ss, at, n, to.ScopeSpans().AppendEmpty())
			at += n
			c.left -= n
		}
	}
}

func copySpans(from ptrace.ScopeSpans, at, n int, to ptrace.ScopeSpans) {
	from.Scope().CopyTo(to.Scope())
	to.SetSchemaUrl(from.SchemaUrl())
	to.Spans().EnsureCapacity(n)
	for i := at; i < at+n; i++ {
		from.Spans().At(i).CopyTo(to.Spans().AppendEmpty())
	}
}

// all yields every span with its resource.
func (r recording) all(yield func(pcommon.Resource, ptrace.Span)) {
	for _, td := range r.requests {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					yield(rs.Resource(), s)
				}
			}
		}
	}
}
