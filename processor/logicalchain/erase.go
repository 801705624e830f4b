package logicalchain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Store is what erasing needs of one.
type Store interface {
	storage.KeyReader
	storage.Eraser
}

// Erased is what was erased.
type Erased struct {
	Traces int // that carried the key
	Spans  int // of them, those that did
}

const (
	// erasePage is how many traces are erased at once: the store cleans its
	// medium each time.
	erasePage = 1000
	// minSearched is how long a value must be to be looked for in any text: a
	// shorter one is in texts that have nothing to do with it.
	minSearched = 4
	// maxSearchedKeys of a span are compared with a key: more than were taken of it.
	maxSearchedKeys = 1024
)

// Erase removes a key from a store: in all of its traces the spans that carry
// it, by a rule, by an attribute jcg.chain.* or anywhere in their texts, then
// the key itself. Raw values are more texts to look for: with an HMAC, the key
// as people know it. The second time it does nothing; after an error it goes on
// where it is called again. What arrives meanwhile may stay.
func Erase(ctx context.Context, store Store, rules *Rules, key callgraph.ChainKey, raw ...string) (Erased, error) {
	var sum Erased
	e := newEraser(rules, key, raw)
	for after, more := (storage.Place{}), true; more; {
		page, err := store.Sightings(ctx, key, after, erasePage)
		if err != nil {
			return sum, fmt.Errorf("erase %s: read its traces: %w", key.Kind, err)
		}
		spans, err := e.erase(ctx, store, page)
		sum.Spans += spans
		if err != nil {
			return sum, fmt.Errorf("erase %s: its spans: %w", key.Kind, err)
		}
		sum.Traces += len(page)
		if more = len(page) == erasePage; more {
			last := page[len(page)-1]
			after = storage.Place{Start: last.Start.UnixNano(), TraceID: last.TraceID}
		}
	}
	if err := store.EraseKey(ctx, key); err != nil {
		return sum, fmt.Errorf("erase %s: %w", key.Kind, err)
	}
	return sum, nil
}

// eraser knows the spans of a key. Of a trace that has it all environments'
// spans are meant.
type eraser struct {
	rules *Rules
	key   callgraph.ChainKey
	texts []string // lower case
}

func newEraser(rules *Rules, key callgraph.ChainKey, raw []string) eraser {
	e := eraser{rules: rules, key: key}
	for _, text := range append([]string{key.Value}, raw...) {
		if len(text) >= minSearched {
			e.texts = append(e.texts, strings.ToLower(text))
		}
	}
	return e
}

func (e eraser) erase(ctx context.Context, store Store, page []callgraph.Sighting) (spans int, err error) {
	if len(page) == 0 {
		return 0, nil
	}
	traces := make([]pcommon.TraceID, len(page))
	for i, s := range page {
		traces[i] = s.TraceID
	}
	return store.EraseSpans(ctx, traces, e.carries)
}

func (e eraser) carries(resource pcommon.Resource, span ptrace.Span) bool {
	return e.stated(resource, span) || e.within(span)
}

func (e eraser) stated(resource pcommon.Resource, span ptrace.Span) bool {
	f := finder{rules: e.rules, resource: resource, limit: maxSearchedKeys}
	return slices.Contains(f.keysOf(span), found{e.key.Kind, e.key.Value})
}

func (e eraser) within(span ptrace.Span) bool {
	if e.text(span.Name()) || e.text(span.Status().Message()) || e.fields(span.Attributes()) {
		return true
	}
	for _, event := range span.Events().All() {
		if e.text(event.Name()) || e.fields(event.Attributes()) {
			return true
		}
	}
	for _, link := range span.Links().All() {
		if e.fields(link.Attributes()) {
			return true
		}
	}
	return false
}

func (e eraser) fields(m pcommon.Map) bool {
	for name, v := range m.All() {
		if e.text(name) || e.value(v) {
			return true
		}
	}
	return false
}

func (e eraser) value(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return e.text(v.Str())
	case pcommon.ValueTypeBytes:
		return e.text(string(v.Bytes().AsRaw()))
	case pcommon.ValueTypeMap:
		return e.fields(v.Map())
	case pcommon.ValueTypeSlice:
		return e.elements(v.Slice())
	}
	number, ok := textOf(v)
	return ok && slices.Contains(e.texts, number)
}

func (e eraser) elements(list pcommon.Slice) bool {
	for _, v := range list.All() {
		if e.value(v) {
			return true
		}
	}
	return false
}

func (e eraser) text(s string) bool {
	if len(s) < minSearched || len(e.texts) == 0 {
		return false
	}
	s = strings.ToLower(s)
	return slices.ContainsFunc(e.texts, func(text string) bool { return strings.Contains(s, text) })
}
