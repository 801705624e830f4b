package memory

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/zeebo/xxh3"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// WriteSpans implements storage.SpanWriter.
func (b *Backend) WriteSpans(ctx context.Context, td ptrace.Traces) (repeated bool, err error) {
	if err := b.ready(ctx); err != nil {
		return false, err
	}
	parts := splitByTrace(td)
	if len(parts) == 0 {
		return false, nil
	}
	key, err := requestKey(td, hex(b.writer))
	if err != nil {
		return false, err
	}
	b.spans.Lock()
	defer b.spans.Unlock()
	if b.commands.Get(key) != nil {
		return true, nil
	}
	if err = b.writeParts(parts); err == nil {
		err = b.commands.SetEx(key, storage.RepeatWindow, []byte{1})
	}
	if err != nil {
		return false, fmt.Errorf("write %d spans: %w", td.SpanCount(), err)
	}
	return false, nil
}

// requestKey is that under which it is noted that a request was stored.
func requestKey(td ptrace.Traces, writer string) (string, error) {
	data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		return "", fmt.Errorf("encode %d spans: %w", td.SpanCount(), err)
	}
	hash := xxh3.Hash128(data).Bytes()
	return fmt.Sprintf("request:%x:%s", hash, writer), nil
}

func (b *Backend) writeParts(parts []part) error {
	now := time.Now()
	b.names.enter(hourAt(now))
	var entries []byte
	for _, p := range parts {
		e, err := b.extendTrace(p)
		if err != nil {
			return err
		}
		e.Arrival = now.UnixNano()
		if entries, err = binary.Append(entries, binary.BigEndian, e); err != nil {
			return fmt.Errorf("encode journal entry: %w", err)
		}
		b.names.add(p.spans)
	}
	if err := b.names.save(b); err != nil {
		return err
	}
	return b.appendJournal(now, entries)
}

func traceKey(id pcommon.TraceID, writer string) string {
	return fmt.Sprintf("trace:%s:%s", id, writer)
}

func shortKey(id callgraph.ShortID, writer string) string {
	return fmt.Sprintf("short:%s:%s", id, writer)
}

// extendTrace appends a frame to the trace's value. A frame that is there
// already is a repeated write: it is found again, not kept twice.
func (b *Backend) extendTrace(p part) (entry, error) {
	frame, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(p.spans)
	if err != nil {
		return entry{}, fmt.Errorf("encode spans of trace %s: %w", p.id, err)
	}
	key := traceKey(p.id, hex(b.writer))
	frames := b.commands.Get(key)
	if frames == nil {
		if err := b.addShortID(p.id); err != nil {
			return entry{}, err
		}
	}
	e := entry{Trace: p.id, Oldest: p.oldest, Newest: p.newest, Length: uint32(len(frame))}
	if at := bytes.Index(frames, frame); at >= 0 {
		e.Offset = uint32(at)
		return e, b.commands.SetEx(key, b.traceRetention(), frames)
	}
	e.Offset = uint32(len(frames))
	return e, b.commands.SetEx(key, b.traceRetention(), join(frames, frame))
}

func (b *Backend) addShortID(id pcommon.TraceID) error {
	key := shortKey(callgraph.ShortIDOf(id), hex(b.writer))
	ids := b.commands.Get(key)
	for _, known := range traceIDs(ids) {
		if known == id {
			return nil
		}
	}
	return b.commands.SetEx(key, b.traceRetention(), join(ids, id[:]))
}

func traceIDs(packed []byte) []pcommon.TraceID {
	var ids []pcommon.TraceID
	for ; len(packed) >= 16; packed = packed[16:] {
		ids = append(ids, pcommon.TraceID(packed[:16]))
	}
	return ids
}

// part is one request's spans of one trace.
type part struct {
	id             pcommon.TraceID
	spans          ptrace.Traces
	oldest, newest int64
}

// splitByTrace copies the spans that can be stored, trace by trace, in order
// of first appearance.
func splitByTrace(td ptrace.Traces) []part {
	var s splitter
	s.index = map[pcommon.TraceID]int{}
	for _, rs := range td.ResourceSpans().All() {
		s.forget(true)
		for _, ss := range rs.ScopeSpans().All() {
			s.forget(false)
			for _, span := range ss.Spans().All() {
				if storage.Refusal(span) == "" {
					s.add(rs, ss, span)
				}
			}
		}
	}
	return s.parts
}

type splitter struct {
	parts     []part
	index     map[pcommon.TraceID]int
	resources map[int]ptrace.ResourceSpans // of the current resource, by part
	scopes    map[int]ptrace.ScopeSpans    // of the current scope, by part
}

func (s *splitter) forget(resource bool) {
	if resource {
		s.resources = map[int]ptrace.ResourceSpans{}
	}
	s.scopes = map[int]ptrace.ScopeSpans{}
}

func (s *splitter) add(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) {
	i := s.partOf(span)
	to, ok := s.scopes[i]
	if !ok {
		to = s.resourceOf(i, rs).ScopeSpans().AppendEmpty()
		ss.Scope().CopyTo(to.Scope())
		to.SetSchemaUrl(ss.SchemaUrl())
		s.scopes[i] = to
	}
	span.CopyTo(to.Spans().AppendEmpty())
}

func (s *splitter) resourceOf(i int, rs ptrace.ResourceSpans) ptrace.ResourceSpans {
	to, ok := s.resources[i]
	if !ok {
		to = s.parts[i].spans.ResourceSpans().AppendEmpty()
		rs.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(rs.SchemaUrl())
		s.resources[i] = to
	}
	return to
}

func (s *splitter) partOf(span ptrace.Span) int {
	start := int64(span.StartTimestamp())
	i, ok := s.index[span.TraceID()]
	if !ok {
		i = len(s.parts)
		s.index[span.TraceID()] = i
		s.parts = append(s.parts, part{id: span.TraceID(), spans: ptrace.NewTraces(), oldest: start, newest: start})
	}
	s.parts[i].oldest = min(s.parts[i].oldest, start)
	s.parts[i].newest = max(s.parts[i].newest, start)
	return i
}
