package sdk

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// TestBodiesHaveABound: however many spans are open, and whatever they hold.
func TestBodiesHaveABound(t *testing.T) {
	for _, bound := range []int{16, 64, 1000} {
		t.Run(fmt.Sprint(bound), func(t *testing.T) {
			s := &shelf{}
			p := NewTracerProvider(WithPolicy(oneIn(1)), WithMaxBodies(bound), WithStormBudget(0), WithExporter(s, Batching{Queue: 1 << 15}))
			open := openSpans(t, p, 3000)
			require.LessOrEqual(t, p.bodies.inUse(), int64(bound))
			require.NotZero(t, p.bodies.refused.Load())
			for _, span := range open {
				span.End()
			}
			require.NoError(t, p.ForceFlush(t.Context()))
			require.Zero(t, p.bodies.inUse())
			checkWithoutBodies(t, s, len(open))
			require.NoError(t, p.Shutdown(t.Context()))
		})
	}
}

// openSpans starts spans from several goroutines at once.
func openSpans(t *testing.T, p *TracerProvider, n int) []trace.Span {
	const at = 10
	open := make([]trace.Span, n)
	var wait sync.WaitGroup
	for g := range at {
		wait.Go(func() {
			for i := g; i < n; i += at {
				_, open[i] = p.Tracer("").Start(t.Context(), "open", trace.WithAttributes(attribute.Int("a", i)))
				open[i].AddEvent("e")
				open[i].SetName("renamed")
				open[i].SetStatus(codes.Error, "why")
			}
		})
	}
	wait.Wait()
	return open
}

// checkWithoutBodies: a span without a body keeps name, status and times.
func checkWithoutBodies(t *testing.T, s *shelf, n int) {
	require.Len(t, s.spans, n)
	without := 0
	for _, span := range s.spans {
		require.Equal(t, "renamed", span.Name())
		require.Equal(t, codes.Error, span.Status().Code)
		require.False(t, span.EndTime().Before(span.StartTime()))
		if len(span.Events()) == 0 {
			without++
		}
	}
	require.NotZero(t, without)
}

// owners is a record exporter that looks whether a record holds one span's
// data only. It keeps nothing, so that records are used again.
type owners struct {
	mu    sync.Mutex
	seen  int
	wrong []string
}

func (o *owners) ExportRecords(_ context.Context, records []*Record) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range records {
		o.seen++
		if bad := strangers(r); bad != "" {
			o.wrong = append(o.wrong, bad)
		}
	}
	return nil
}

func (*owners) Shutdown(context.Context) error { return nil }

// strangers tells of what in the record is not of the span that its name says.
func strangers(r *Record) string {
	for _, a := range r.Attributes() {
		if a.Key == "owner" && a.Value.AsString() != r.Name() || a.Key == "after" {
			return fmt.Sprintf("%s has %s=%s", r.Name(), a.Key, a.Value.AsString())
		}
	}
	for _, e := range r.Events() {
		if e.Name != r.Name() {
			return fmt.Sprintf("%s has the event %s", r.Name(), e.Name)
		}
	}
	for _, l := range r.Links() {
		if owner := l.Attributes[0].Value.AsString(); owner != r.Name() {
			return fmt.Sprintf("%s has the link of %s", r.Name(), owner)
		}
	}
	if d := r.Status().Description; d != "" && d != r.Name() {
		return fmt.Sprintf("%s has the status of %s", r.Name(), d)
	}
	return ""
}

// TestBodiesUsedAgainBelongToOneSpan: an application that goes on writing to
// spans after their end reaches no body that another span has by now.
func TestBodiesUsedAgainBelongToOneSpan(t *testing.T) {
	for _, n := range []int{1, 10} {
		t.Run(fmt.Sprintf("1 in %d", n), func(t *testing.T) {
			o := &owners{}
			p := NewTracerProvider(WithPolicy(oneIn(n)), WithMaxBodies(64), WithStormBudget(0), WithRecordExporter(o, Batching{Queue: 1 << 12, Batch: 16}))
			var wait sync.WaitGroup
			for g := range 8 {
				wait.Go(func() {
					for i := range 300 {
						owner(t.Context(), p.Tracer(""), fmt.Sprintf("%d-%d", g, i), i%5 == 0)
					}
				})
			}
			wait.Wait()
			require.NoError(t, p.ForceFlush(t.Context()))
			require.NoError(t, p.Shutdown(t.Context()))
			require.Empty(t, o.wrong)
			require.NotZero(t, o.seen)
			require.Zero(t, p.bodies.inUse())
		})
	}
}

// owner writes to its span before, while and after it ends.
func owner(ctx context.Context, tracer trace.Tracer, name string, fails bool) {
	ctx, span := tracer.Start(ctx, name, trace.WithAttributes(attribute.String("owner", name)))
	mark := func() {
		span.SetAttributes(attribute.String("owner", name))
		span.AddEvent(name)
		span.AddLink(trace.Link{Attributes: []attribute.KeyValue{attribute.String("owner", name)}})
		if fails {
			span.SetStatus(codes.Error, name)
		}
	}
	mark()
	var wait sync.WaitGroup
	wait.Go(mark)
	wait.Go(func() { span.End() })
	wait.Wait()
	span.SetAttributes(attribute.Int("after", 1))
	mark()
	_, late := tracer.Start(ctx, name+" late", trace.WithAttributes(attribute.String("owner", name+" late")))
	late.End()
	mark()
}
