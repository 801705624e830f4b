// Package sdktest records what an application's spans become, for its tests:
// in memory, while End waits, so that a test needs no flush and no sleep. It
// also tells which calls were counted. When the test fails it prints both.
package sdktest

import (
	"context"
	"slices"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// Recorder is a tracer provider with a memory.
type Recorder struct {
	t        testing.TB
	provider *sdk.TracerProvider
	edges    *counts

	mu    sync.Mutex
	ended Spans
	open  map[trace.SpanID]sdktrace.ReadOnlySpan
}

// New makes a recorder that lasts as long as the test. All spans are kept,
// whatever the environment says; options may say otherwise (sdk.WithPolicy),
// and the recorder then has what would have left the process.
func New(t testing.TB, options ...sdk.Option) *Recorder {
	t.Helper()
	r := &Recorder{t: t, open: map[trace.SpanID]sdktrace.ReadOnlySpan{}, edges: &counts{sums: map[edgeKey]*Edge{}}}
	all := []sdk.Option{
		sdk.WithPolicy(sampler.Policy{}), sdk.WithSyncer(exporter{r}), sdk.WithSpanProcessor(starts{r}), sdk.WithEdgeExporter(r.edges),
	}
	r.provider = sdk.NewTracerProvider(append(all, options...)...)
	t.Cleanup(r.close)
	return r
}

func (r *Recorder) close() {
	if r.t.Failed() {
		r.t.Logf("spans:\n%s", r)
		r.t.Logf("edges:\n%s", lines(r.Edges()))
	}
	if err := r.provider.Shutdown(context.Background()); err != nil {
		r.t.Errorf("shut down the recorder: %v", err)
	}
}

// TracerProvider is what the code under test gets.
func (r *Recorder) TracerProvider() *sdk.TracerProvider { return r.provider }

// Spans are those exported so far, in order. With all spans kept each is there
// when its End returns; else when its local root has ended.
func (r *Recorder) Spans() Spans {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ended)
}

// Open are the spans that have started and not ended, in no order.
func (r *Recorder) Open() Spans {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all Spans
	for _, s := range r.open {
		all = append(all, s)
	}
	return all
}

// One is the one span of a name; the test ends where there is none or another.
func (r *Recorder) One(name string) sdktrace.ReadOnlySpan {
	r.t.Helper()
	found := r.Spans().Named(name)
	if len(found) != 1 {
		r.t.Fatalf("%d spans are named %q, want one", len(found), name)
	}
	return found[0]
}

// Reset forgets the spans so far, so that a test can look at one step after
// the other.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = nil
}

// exporter takes what leaves.
type exporter struct{ r *Recorder }

func (e exporter) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.r.mu.Lock()
	defer e.r.mu.Unlock()
	e.r.ended = append(e.r.ended, spans...)
	return nil
}

func (exporter) Shutdown(context.Context) error { return nil }

// starts knows the spans that are open.
type starts struct{ r *Recorder }

func (s starts) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.open[span.SpanContext().SpanID()] = span
}

func (s starts) OnEnd(span sdktrace.ReadOnlySpan) {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	delete(s.r.open, span.SpanContext().SpanID())
}

func (starts) ForceFlush(context.Context) error { return nil }
func (starts) Shutdown(context.Context) error   { return nil }
