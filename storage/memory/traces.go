package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Trace implements storage.TraceReader.
func (b *Backend) Trace(ctx context.Context, id pcommon.TraceID) (ptrace.Traces, error) {
	if err := b.ready(ctx); err != nil {
		return ptrace.Traces{}, err
	}
	td := ptrace.NewTraces()
	for writer := range b.writers() {
		part, err := decodeFrames(b.commands.Get(traceKey(id, writer)))
		if err != nil {
			return ptrace.Traces{}, fmt.Errorf("read trace %s of writer %s: %w", id, writer, err)
		}
		part.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
	if td.SpanCount() == 0 {
		return ptrace.Traces{}, fmt.Errorf("trace %s: %w", id, storage.ErrNotFound)
	}
	return td, dropRepeated(td)
}

// decodeFrames reads one frame or several: protobuf messages laid end to end
// are their sum.
func decodeFrames(frames []byte) (ptrace.Traces, error) {
	return (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(frames)
}

// dropRepeated leaves one of equal spans. A span's content includes its
// resource and scope.
func dropRepeated(td ptrace.Traces) error {
	seen := map[string]bool{}
	var err error
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			ss.Spans().RemoveIf(func(s ptrace.Span) bool {
				content, e := contentOf(rs, ss, s)
				err = cmp.Or(err, e)
				repeated := seen[content]
				seen[content] = true
				return repeated
			})
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
	return err
}

func contentOf(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) (string, error) {
	td := ptrace.NewTraces()
	r := td.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(r.Resource())
	r.SetSchemaUrl(rs.SchemaUrl())
	c := r.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(c.Scope())
	c.SetSchemaUrl(ss.SchemaUrl())
	s.CopyTo(c.Spans().AppendEmpty())
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		return "", fmt.Errorf("encode span %s: %w", s.SpanID(), err)
	}
	return string(b), nil
}

// frame reads the spans that an entry tells of. A value that expired since is
// an empty frame.
func (b *Backend) frame(e located) (ptrace.Traces, error) {
	frames := b.commands.Get(traceKey(e.Trace, e.writer))
	if len(frames) < int(e.Offset+e.Length) {
		return ptrace.NewTraces(), nil
	}
	td, err := decodeFrames(frames[e.Offset : e.Offset+e.Length])
	if err != nil {
		return td, fmt.Errorf("read trace %s of writer %s: %w", e.Trace, e.writer, err)
	}
	return td, nil
}

// ByShortID implements storage.TraceReader.
func (b *Backend) ByShortID(ctx context.Context, id callgraph.ShortID, w callgraph.Window) ([]pcommon.TraceID, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	found := matches{}
	for writer := range b.writers() {
		for _, trace := range traceIDs(b.commands.Get(shortKey(id, writer))) {
			td, err := decodeFrames(b.commands.Get(traceKey(trace, writer)))
			if err != nil {
				return nil, fmt.Errorf("read trace %s of writer %s: %w", trace, writer, err)
			}
			found.add(td, storage.Query{Window: w})
		}
	}
	var ids []pcommon.TraceID
	for _, m := range found.newest(len(found)) {
		ids = append(ids, m.TraceID)
	}
	return ids, nil
}

// Arrived implements storage.SpanLog.
func (b *Backend) Arrived(ctx context.Context, since time.Time, yield func(time.Time, ptrace.Traces) error) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	entries, err := b.journal(since)
	if err != nil {
		return err
	}
	slices.SortStableFunc(entries, func(x, y located) int { return cmp.Compare(x.Arrival, y.Arrival) })
	for len(entries) > 0 && err == nil {
		n := slices.IndexFunc(entries, func(e located) bool { return e.Arrival != entries[0].Arrival })
		if n < 0 {
			n = len(entries)
		}
		err = b.yieldArrived(ctx, entries[:n], yield)
		entries = entries[n:]
	}
	return err
}

// yieldArrived yields the frames of one moment together, as they came.
func (b *Backend) yieldArrived(ctx context.Context, entries []located, yield func(time.Time, ptrace.Traces) error) error {
	td := ptrace.NewTraces()
	for _, e := range entries {
		part, err := b.frame(e)
		if err != nil {
			return err
		}
		part.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
	if err := b.ready(ctx); err != nil {
		return err
	}
	return yield(time.Unix(0, entries[0].Arrival).UTC(), td)
}
