package logicalchain

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Store is what erasing needs of one.
type Store interface {
	storage.KeyReader
	storage.Eraser
	Namer
}

// Erased is what was erased.
type Erased struct {
	Traces int // that carried the key
	Spans  int // of them, those that did
	Left   Left
}

const (
	// erasePage is how many traces are erased at once: the store cleans its
	// medium each time.
	erasePage = 1000
	// maxSearchedKeys of a span are compared with a key: more than were taken of it.
	maxSearchedKeys = 1024
)

// Erase removes a key from a store: in all of its traces the spans that carry
// it, by a rule, by an attribute jcg.chain.* or anywhere in their texts, those of
// their resource and scope among them, then the key itself. Before that it counts
// what will still name it. Raw values are more texts to look for: with an HMAC, the key
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
	left, err := e.needles.leftIn(ctx, store)
	if err != nil {
		return sum, fmt.Errorf("erase %s: count what still names it: %w", key.Kind, err)
	}
	sum.Left = left
	if err := store.EraseKey(ctx, key); err != nil {
		return sum, fmt.Errorf("erase %s: %w", key.Kind, err)
	}
	return sum, nil
}

// eraser knows the spans of a key. Of a trace that has it all environments'
// spans are meant.
type eraser struct {
	rules   *Rules
	key     callgraph.ChainKey
	needles needles
}

func newEraser(rules *Rules, key callgraph.ChainKey, raw []string) eraser {
	return eraser{rules: rules, key: key, needles: newNeedles(append([]string{key.Value}, raw...))}
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

func (e eraser) carries(resource pcommon.Resource, scope pcommon.InstrumentationScope, span ptrace.Span) bool {
	return e.stated(resource, span) || e.within(span) || e.around(resource, scope)
}

func (e eraser) stated(resource pcommon.Resource, span ptrace.Span) bool {
	f := finder{rules: e.rules, resource: resource, limit: maxSearchedKeys}
	return slices.Contains(f.keysOf(span), found{e.key.Kind, e.key.Value})
}

func (e eraser) within(span ptrace.Span) bool {
	n := &e.needles
	if n.in(span.Name()) || n.in(span.Status().Message()) || n.in(span.TraceState().AsRaw()) || n.inFields(span.Attributes()) {
		return true
	}
	for _, event := range span.Events().All() {
		if n.in(event.Name()) || n.inFields(event.Attributes()) {
			return true
		}
	}
	for _, link := range span.Links().All() {
		if n.in(link.TraceState().AsRaw()) || n.inFields(link.Attributes()) {
			return true
		}
	}
	return false
}

// around looks at what a span is stored with: all spans of a resource carry what
// that does.
func (e eraser) around(resource pcommon.Resource, scope pcommon.InstrumentationScope) bool {
	n := &e.needles
	return n.in(scope.Name()) || n.in(scope.Version()) || n.inFields(scope.Attributes()) || n.inFields(resource.Attributes())
}
