package sdk

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// shelf is an exporter that keeps what it got, by span.
type shelf struct {
	mu      sync.Mutex
	spans   map[trace.SpanID]sdktrace.ReadOnlySpan
	doubled int
}

func (s *shelf) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spans == nil {
		s.spans = map[trace.SpanID]sdktrace.ReadOnlySpan{}
	}
	for _, span := range spans {
		id := span.SpanContext().SpanID()
		if _, there := s.spans[id]; there {
			s.doubled++
		}
		s.spans[id] = span
	}
	return nil
}

func (*shelf) Shutdown(context.Context) error { return nil }

func (s *shelf) has(id trace.SpanID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spans[id] != nil
}

// workload is what a run of requests ended: all spans, and those that failed.
type workload struct {
	tracer trace.Tracer

	mu     sync.Mutex
	ended  int
	failed []trace.SpanID
	halves map[ending]uint64
}

// ending is how spans of a kind ended.
type ending struct {
	kind   trace.SpanKind
	failed bool
}

func (w *workload) note(s trace.Span, failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended++
	if w.halves == nil {
		w.halves = map[ending]uint64{}
	}
	w.halves[ending{s.(sdktrace.ReadOnlySpan).SpanKind(), failed}]++
	if failed {
		w.failed = append(w.failed, s.SpanContext().SpanID())
	}
}

// run has a thousand requests at a time, each with its own course by its number.
func (w *workload) run(t *testing.T) {
	var wait sync.WaitGroup
	for i := range 1000 {
		wait.Go(func() { w.request(t.Context(), rand.New(rand.NewPCG(uint64(i), 1))) })
	}
	wait.Wait()
}

// request is a server span and calls below it, some of which fail, panic, end
// after it or have no time left.
func (w *workload) request(ctx context.Context, dice *rand.Rand) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctx, root := w.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	var late sync.WaitGroup
	for range dice.IntN(6) {
		switch dice.IntN(8) {
		case 0:
			w.panics(ctx)
		case 1:
			w.late(ctx, &late, dice.IntN(2) == 0)
		case 2:
			cancel()
			w.call(ctx, false)
		case 3:
			w.call(ctx, true)
		default:
			w.call(ctx, false)
		}
	}
	failed := dice.IntN(50) == 0
	if failed {
		root.SetStatus(codes.Error, "broken")
	}
	root.End()
	w.note(root, failed)
	late.Wait()
	w.call(ctx, dice.IntN(50) == 0) // started after the end
}

func (w *workload) call(ctx context.Context, fails bool) {
	ctx, span := w.tracer.Start(ctx, "call", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.Int("a", 1)))
	_, inner := w.tracer.Start(ctx, "inner")
	inner.End()
	w.note(inner, false)
	if fails {
		span.RecordError(context.DeadlineExceeded)
		span.SetStatus(codes.Error, "failed")
	}
	span.End()
	span.SetAttributes(attribute.Int("after", 1))
	span.End()
	w.note(span, fails)
}

func (w *workload) panics(ctx context.Context) {
	defer func() { _ = recover() }()
	_, span := w.tracer.Start(ctx, "panics")
	defer func() { w.note(span, true) }()
	defer span.End()
	span.SetStatus(codes.Error, "about to panic")
	panic("boom")
}

// late ends a span at some time, mostly after its root.
func (w *workload) late(ctx context.Context, done *sync.WaitGroup, fails bool) {
	_, span := w.tracer.Start(ctx, "late")
	done.Go(func() {
		if fails {
			span.SetStatus(codes.Error, "late")
		}
		span.End()
		w.note(span, fails)
	})
}

// work runs the workload on a provider with the options and gives both.
func work(t *testing.T, options ...Option) (*workload, *TracerProvider) {
	p := NewTracerProvider(options...)
	w := &workload{tracer: p.Tracer("workload")}
	w.run(t)
	require.NoError(t, p.ForceFlush(t.Context()))
	require.NoError(t, p.Shutdown(t.Context()))
	return w, p
}
