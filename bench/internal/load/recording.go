package load

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

// Recording is traces ready to be sent, in requests of one size.
type Recording struct {
	Templates []*Template
	Spans     int
	Traces    int
	Bytes     int       // encoded
	Newest    time.Time // end of the newest span
}

// EnvTraces names the folder of the recorded traces.
const EnvTraces = "JCG_TRACES"

// Files are the given ones, else the recording of the OTel demo shop.
func Files(given []string) ([]string, error) {
	if len(given) > 0 {
		return given, nil
	}
	root := os.Getenv(EnvTraces)
	if root == "" {
		return nil, fmt.Errorf("no FILE given, and %s, the folder of the default recording, is not set", EnvTraces)
	}
	return []string{filepath.Join(root, "otel-demo", "astronomy-oteltraces.zst")}, nil
}

// Read cuts the traces of the files into requests of so many spans, in the
// order of the files; the last one may be smaller.
func Read(files []string, spansPerRequest int) (Recording, error) {
	var r Recording
	traces := map[pcommon.TraceID]struct{}{}
	for td, err := range requests(otlpdump.Files(files...), spansPerRequest) {
		if err != nil {
			return r, err
		}
		if err := r.add(td, traces); err != nil {
			return r, err
		}
	}
	r.Traces = len(traces)
	if r.Spans == 0 {
		return r, errors.New("no spans in the recording")
	}
	return r, nil
}

func (r *Recording) add(td ptrace.Traces, traces map[pcommon.TraceID]struct{}) error {
	t, err := NewTemplate(td)
	if err != nil {
		return err
	}
	r.Templates = append(r.Templates, t)
	r.Spans += t.Spans
	r.Bytes += t.Size()
	for _, s := range spans(td) {
		traces[s.TraceID()] = struct{}{}
		if end := s.EndTimestamp().AsTime(); end.After(r.Newest) {
			r.Newest = end
		}
	}
	return nil
}

// Batches yields the spans of the files in batches of one size, in the order of
// the files; the last one may be smaller.
func Batches(files []string, size int) iter.Seq2[ptrace.Traces, error] {
	return requests(otlpdump.Files(files...), size)
}

// requests packs spans as a batching client does: resource and scope are
// repeated where the recording repeats them.
func requests(records iter.Seq2[ptrace.Traces, error], size int) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		p := packer{size: size, request: ptrace.NewTraces()}
		for td, err := range records {
			if err != nil {
				yield(td, err)
				return
			}
			if !p.pack(td, yield) {
				return
			}
		}
		if p.spans > 0 {
			yield(p.request, nil)
		}
	}
}

type packer struct {
	size    int
	request ptrace.Traces
	spans   int
}

func (p *packer) pack(td ptrace.Traces, yield func(ptrace.Traces, error) bool) bool {
	var of ptrace.ScopeSpans // that out is the copy of
	var out ptrace.SpanSlice
	for ss, s := range spans(td) {
		if p.spans == 0 || of != ss.scope {
			of, out = ss.scope, ss.appendTo(p.request)
		}
		s.CopyTo(out.AppendEmpty())
		if p.spans++; p.spans < p.size {
			continue
		}
		full := p.request
		p.request, p.spans = ptrace.NewTraces(), 0
		if !yield(full, nil) {
			return false
		}
	}
	return true
}

// envelope is what spans share.
type envelope struct {
	resource ptrace.ResourceSpans
	scope    ptrace.ScopeSpans
}

func (e envelope) appendTo(td ptrace.Traces) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	e.resource.Resource().CopyTo(rs.Resource())
	rs.SetSchemaUrl(e.resource.SchemaUrl())
	ss := rs.ScopeSpans().AppendEmpty()
	e.scope.Scope().CopyTo(ss.Scope())
	ss.SetSchemaUrl(e.scope.SchemaUrl())
	return ss.Spans()
}

func spans(td ptrace.Traces) iter.Seq2[envelope, ptrace.Span] {
	return func(yield func(envelope, ptrace.Span) bool) {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if !yield(envelope{rs, ss}, s) {
						return
					}
				}
			}
		}
	}
}
