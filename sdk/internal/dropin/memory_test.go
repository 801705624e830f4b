package dropin

import (
	"context"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// memory is an exporter that keeps what it is given, also after its shutdown,
// and answers with err.
type memory struct {
	err         error
	shutdownErr error

	mu      sync.Mutex
	spans   []sdktrace.ReadOnlySpan
	stopped int
}

func (m *memory) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range spans {
		m.spans = append(m.spans, plain{s})
	}
	return m.err
}

func (m *memory) Shutdown(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped++
	return m.shutdownErr
}

func (m *memory) all() []sdktrace.ReadOnlySpan {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.spans)
}

func (m *memory) stops() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stopped
}

// plain is a span without our own attributes.
type plain struct{ sdktrace.ReadOnlySpan }

func (p plain) Attributes() []attribute.KeyValue {
	return slices.DeleteFunc(slices.Clone(p.ReadOnlySpan.Attributes()), func(kv attribute.KeyValue) bool {
		return strings.HasPrefix(string(kv.Key), "jcg.")
	})
}

// journal is a span processor that writes down its calls, in order, and lets
// a case act in them.
type journal struct {
	name    string
	onStart func(context.Context, sdktrace.ReadWriteSpan)
	onEnd   func(sdktrace.ReadOnlySpan)
	flush   func(context.Context) error
	stop    func(context.Context) error

	mu    *sync.Mutex
	lines *[]string
}

// newJournals are processors that share one list of lines.
func newJournals(names ...string) []*journal {
	mu, lines := new(sync.Mutex), new([]string)
	var all []*journal
	for _, name := range names {
		all = append(all, &journal{name: name, mu: mu, lines: lines})
	}
	return all
}

func (j *journal) write(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	*j.lines = append(*j.lines, j.name+" "+line)
}

func (j *journal) read() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(*j.lines)
}

func (j *journal) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	j.write("start " + s.Name())
	if j.onStart != nil {
		j.onStart(ctx, s)
	}
}

func (j *journal) OnEnd(s sdktrace.ReadOnlySpan) {
	j.write("end " + s.Name())
	if j.onEnd != nil {
		j.onEnd(s)
	}
}

func (j *journal) ForceFlush(ctx context.Context) error {
	j.write("flush")
	if j.flush != nil {
		return j.flush(ctx)
	}
	return nil
}

func (j *journal) Shutdown(ctx context.Context) error {
	j.write("shutdown")
	if j.stop != nil {
		return j.stop(ctx)
	}
	return nil
}

func (m *memory) onEnd(s sdktrace.ReadOnlySpan) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spans = append(m.spans, s)
}

func exporters(all ...sdktrace.SpanExporter) []sdktrace.SpanExporter { return all }

func processors(all []*journal) []sdktrace.SpanProcessor {
	var out []sdktrace.SpanProcessor
	for _, j := range all {
		out = append(out, j)
	}
	return out
}
