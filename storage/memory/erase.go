package memory

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/storage"
)

// EraseSpans implements storage.Eraser. What another writer adds to a trace at
// the same moment may be lost with it: the server has no transactions.
func (b *Backend) EraseSpans(ctx context.Context, traces []pcommon.TraceID, erase func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool) (int, error) {
	b.spans.Lock()
	defer b.spans.Unlock()
	if err := b.ready(ctx); err != nil {
		return 0, err
	}
	e := erasure{backend: b, erase: erase, spans: map[string]bool{}, names: map[name]bool{}}
	var err error
	for _, id := range traces {
		for writer := range b.writers() {
			if err == nil {
				err = b.ready(ctx)
			}
			if err == nil {
				err = e.trace(id, writer)
			}
		}
	}
	if err == nil {
		err = e.forgetNames(ctx)
	}
	if err != nil {
		return len(e.spans), fmt.Errorf("erase spans of %d traces: %w", len(traces), err)
	}
	return len(e.spans), nil
}

type erasure struct {
	backend *Backend
	erase   func(pcommon.Resource, pcommon.InstrumentationScope, ptrace.Span) bool
	spans   map[string]bool // erased, by content
	names   map[name]bool   // of these
}

// trace erases in each of the resources' spans that a trace's value is made of.
// They keep their places: the journal names these, and may name some of a frame
// as one of its own.
func (e *erasure) trace(id pcommon.TraceID, writer string) error {
	key := traceKey(id, writer)
	frames := slices.Clone(e.backend.commands.Get(key))
	changed := false
	for left := frames; len(left) > 0; {
		n, err := fieldSize(left)
		if err != nil {
			return fmt.Errorf("trace %s of writer %s: %w", id, writer, err)
		}
		erased, err := e.frame(left[:n])
		if err != nil {
			return fmt.Errorf("trace %s of writer %s: %w", id, writer, err)
		}
		changed, left = changed || erased, left[n:]
	}
	if !changed {
		return nil
	}
	return e.backend.commands.SetEx(key, e.backend.traceRetention(), frames)
}

// fieldSize is how many bytes the first field of a message of bytes fields takes.
func fieldSize(b []byte) (int, error) {
	content, size := binary.Uvarint(b[1:])
	if size <= 0 || content > uint64(len(b)-1-size) {
		return 0, fmt.Errorf("a field of %d bytes in %d", content, len(b))
	}
	return 1 + size + int(content), nil
}

// frame erases in one frame, in place.
func (e *erasure) frame(frame []byte) (erased bool, err error) {
	td, err := decodeFrames(frame)
	if err != nil {
		return false, err
	}
	before := td.SpanCount()
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			ss.Spans().RemoveIf(func(s ptrace.Span) bool { return err == nil && e.takes(rs, ss, s, &err) })
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
	if err != nil || td.SpanCount() == before {
		return false, err
	}
	shorter, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		return false, err
	}
	return true, fill(frame, shorter)
}

func (e *erasure) takes(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span, failed *error) bool {
	content, err := contentOf(rs, ss, s)
	operation := name{calltree.ServiceOf(rs.Resource()), storage.OperationName{Name: s.Name(), Kind: s.Kind()}}
	if *failed = err; err != nil || !e.erase(rs.Resource(), ss.Scope(), s) {
		return false
	}
	e.spans[content] = true
	e.names[operation] = true
	return true
}

// unknownField is the tag of a field of bytes that no reader knows.
const unknownField = 15<<3 | 2

// fill puts a shorter frame in the place of one, and behind it fields that
// nobody knows, of zeros.
func fill(frame, shorter []byte) error {
	rest := frame[copy(frame, shorter):]
	clear(rest)
	for len(rest) > 0 {
		n := filled(len(rest))
		if n < 2 {
			return fmt.Errorf("a frame of %d bytes can't become one of %d", len(frame), len(shorter))
		}
		rest[0] = unknownField
		binary.PutUvarint(rest[1:n:n], uint64(n-1-varintSize(n)))
		rest = rest[n:]
	}
	return nil
}

// filled is how many of some bytes one field fills: all, but where the length
// of its content would need a byte more or less.
func filled(room int) int {
	if size := varintSize(room); len(binary.AppendUvarint(nil, uint64(max(room-1-size, 0)))) != size {
		return 2
	}
	return room
}

// varintSize is how many bytes the length of the content of a field of n bytes takes.
func varintSize(n int) int {
	size := 1
	for n-1-size >= 1<<(7*size) {
		size++
	}
	return size
}

// forgetNames takes operations that no other span names off the lists.
func (e *erasure) forgetNames(ctx context.Context) error {
	b := e.backend
	for x := range e.names {
		found, err := b.Search(ctx, storage.Query{Service: x.Service, Operation: x.Operation.Name, Limit: 1})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			continue
		}
		delete(b.names.seen, x)
		if err := b.forgetName(x); err != nil {
			return err
		}
	}
	return nil
}

func (b *Backend) forgetName(x name) error {
	for _, h := range hours(b.options.Retention) {
		for writer := range b.commands.HGetAll(spansKey(h)) {
			ns, err := decodeNames(b.commands.Get(namesKey(h, writer)))
			if err != nil {
				return err
			}
			left := slices.DeleteFunc(slices.Clone(ns), func(n name) bool { return n == x })
			if len(left) == len(ns) {
				continue
			}
			packed, err := encodeNames(left)
			if err != nil {
				return err
			}
			if err := b.commands.SetEx(namesKey(h, writer), b.traceRetention(), packed); err != nil {
				return err
			}
		}
	}
	return nil
}

// EraseKey implements storage.Eraser. Each command takes the key from one value;
// those by which it is found go last, so that who asks again after an error, or a
// crash, finds what is left.
func (b *Backend) EraseKey(ctx context.Context, key callgraph.ChainKey) error {
	b.spans.Lock()
	defer b.spans.Unlock()
	err := b.ready(ctx)
	writers := b.writers()
	for _, s := range b.chain(key) {
		for writer := range writers {
			if err == nil {
				err = b.ready(ctx)
			}
			if err == nil {
				err = b.eraseFrom(carriedKey(s.trace, writer), b.traceRetention(), key)
			}
		}
	}
	if err == nil {
		err = b.eraseFound(key, writers)
	}
	if err != nil {
		return fmt.Errorf("erase a key of kind %q: %w", key.Kind, err)
	}
	return nil
}

// eraseFound erases by what a key is found: its traces, then itself.
func (b *Backend) eraseFound(key callgraph.ChainKey, writers map[string]bool) error {
	for writer := range writers {
		for _, d := range days(b.options.Retention + 48*time.Hour) {
			b.commands.Del(seenKey(d, writer, key))
		}
	}
	for writer := range writers {
		if err := b.eraseFrom(valueKey(key.Value, writer), b.traceRetention(), key); err != nil {
			return err
		}
	}
	return nil
}

// eraseFrom takes a key out of a value of packed ones.
func (b *Backend) eraseFrom(at string, ttl time.Duration, key callgraph.ChainKey) error {
	all := decodeCarried(b.commands.Get(at))
	left := slices.DeleteFunc(slices.Clone(all), func(c carried) bool { return c.key == key })
	switch len(left) {
	case len(all):
		return nil
	case 0:
		b.commands.Del(at)
		return nil
	}
	return b.commands.SetEx(at, ttl, packCarried(left))
}
