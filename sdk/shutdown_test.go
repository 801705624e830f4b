package sdk

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// stuck is an exporter whose receiver does not answer. It heeds its context.
type stuck struct{ down bool }

func (*stuck) ExportSpans(ctx context.Context, _ []sdktrace.ReadOnlySpan) error {
	<-ctx.Done()
	return ctx.Err()
}

func (e *stuck) Shutdown(context.Context) error {
	e.down = true
	return nil
}

// TestAStuckExporterHoldsUpNoOther: neither when all is flushed nor at the end.
func TestAStuckExporterHoldsUpNoOther(t *testing.T) {
	for name, leave := range map[string]func(*TracerProvider, context.Context) error{
		"flush": (*TracerProvider).ForceFlush, "shutdown": (*TracerProvider).Shutdown,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, second := &stuck{}, &shelf{}
				p := NewTracerProvider(WithPolicy(oneIn(1)), WithExporter(first, Batching{}), WithExporter(second, Batching{}))
				_, s := p.Tracer("").Start(t.Context(), "last")
				s.End()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
				defer cancel()
				require.ErrorIs(t, leave(p, ctx), context.DeadlineExceeded)
				require.Len(t, second.spans, 1)
				_ = p.Shutdown(t.Context())
				synctest.Wait()
				require.True(t, first.down, "it was not shut down")
			})
		})
	}
}

// TestShutdownGivesUpWithItsContext: what an exporter has not taken by then is
// counted, and its goroutine ends.
func TestShutdownGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewTracerProvider(WithPolicy(oneIn(1)), WithExporter(&stuck{}, Batching{Batch: 2}))
		const spans = 20
		for range spans {
			_, s := p.Tracer("").Start(t.Context(), "waits")
			s.End()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		require.ErrorIs(t, p.Shutdown(ctx), context.DeadlineExceeded)
		began := time.Now()
		p.workers.Wait()
		require.Zero(t, time.Since(began), "it goes on")
		require.EqualValues(t, spans, p.stats.sendFailed.Load()+p.stats.shutdown.Load())
		require.Zero(t, p.bodies.inUse())
	})
}

// TestSpansThatMissTheLastExportAreCounted: a span that ends while the provider
// shuts down may reach a queue that nobody empties any more.
func TestSpansThatMissTheLastExportAreCounted(t *testing.T) {
	arrived, leave := make(chan bool), make(chan bool)
	holds := tally(func(sdktrace.ReadOnlySpan) { arrived <- true; <-leave })
	s := &shelf{}
	p := NewTracerProvider(WithPolicy(oneIn(1)), WithSyncer(holds), WithExporter(s, Batching{}))
	ended := make(chan bool)
	go func() {
		defer close(ended)
		_, span := p.Tracer("").Start(context.WithoutCancel(t.Context()), "late")
		span.End()
	}()
	<-arrived
	require.NoError(t, p.Shutdown(t.Context()))
	close(leave)
	<-ended
	require.Empty(t, s.spans)
	require.EqualValues(t, 1, p.stats.shutdown.Load())
	require.Zero(t, p.bodies.inUse())
}
