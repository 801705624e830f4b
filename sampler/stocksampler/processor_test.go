package stocksampler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/sampler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A crash after a failure must not lose it.
func TestFailuresLeaveAtOnceAndWhatFollowsToo(t *testing.T) {
	a := newApp(t, errorsAndNoMore)
	ctx, root := a.Start(t.Context(), "root")
	_, before := a.Start(ctx, "before")
	before.End()
	require.Empty(t, a.left())
	_, failed := a.Start(ctx, "failed")
	_, after := a.Start(ctx, "after")
	fail(failed)
	failed.End()
	require.Equal(t, []string{"before:0", "failed:0"}, a.left())
	root.End()
	require.Equal(t, []string{"before:0", "failed:0", "root:0"}, a.left())
	after.End()
	require.Equal(t, []string{"before:0", "failed:0", "root:0", "after:0"}, a.left())
}

// A local trace lasts until its last span has ended, not its root.
func TestSpansThatOutliveTheRootKeepIt(t *testing.T) {
	a := newApp(t, errorsAndNoMore)
	ctx, root := a.Start(t.Context(), "root")
	_, late := a.Start(ctx, "late")
	root.End()
	require.Empty(t, a.left())
	fail(late)
	late.End()
	require.Equal(t, []string{"root:0", "late:0"}, a.left())

	_, later := a.Start(ctx, "later")
	later.End()
	require.Len(t, a.left(), 2, "a new local trace of the same trace")
}

func TestLongTracesDecideTheirOldest(t *testing.T) {
	a := newApp(t, errorsAndNoMore)
	ctx, root := a.Start(t.Context(), "root")
	for i := range spansPerTrace + 10 {
		_, s := a.Start(ctx, fmt.Sprint(i))
		s.End()
	}
	fail(root)
	root.End()
	left := a.left()
	require.Len(t, left, spansPerTrace+1)
	require.Equal(t, "10:0", left[0])
	require.Equal(t, Counts{Kept: spansPerTrace + 1, Discarded: 10, Early: Early{Full: 10}}, a.stock.Counts())
}

func TestOldSpansAreDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, errorsAndNoMore)
		ctx, root := a.Start(t.Context(), "root")
		_, s := a.Start(ctx, "early")
		s.End()
		time.Sleep(maxWait)
		synctest.Wait()
		require.Zero(t, a.stock.Counts().Early.Old)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, Counts{Discarded: 1, Early: Early{Old: 1}}, a.stock.Counts())
		fail(root)
		root.End()
		require.Equal(t, []string{"root:0"}, a.left())
		require.NoError(t, a.provider.Shutdown(context.Background()))
	})
}

// However many local traces are open and spans held, memory is bounded, and a
// failure is kept all the same.
func TestCrowdsAreDecidedEarly(t *testing.T) {
	const limit, traces = 2 * shards, 200
	a := newApp(t, errorsAndNoMore, WithMaxSpans(limit))
	var roots []trace.Span
	for range traces {
		ctx, root := a.Start(t.Context(), "root")
		for range 5 {
			_, s := a.Start(ctx, "child")
			s.End()
		}
		roots = append(roots, root)
	}
	require.GreaterOrEqual(t, a.stock.Counts().Early.Crowded, uint64(traces*5-limit))
	for _, root := range roots {
		fail(root)
		root.End()
	}
	require.GreaterOrEqual(t, len(a.left()), traces, "every failed span")
	c := a.stock.Counts()
	require.Equal(t, uint64(traces*6), c.Kept+c.Discarded)
}

// What is held falls again when local traces end.
func TestManyTracesAfterEachOtherAreNoCrowd(t *testing.T) {
	a := newApp(t, errorsAndNoMore, WithMaxSpans(4*shards))
	for range 1000 {
		a.call(t.Context(), func(trace.Span) {})
	}
	require.Equal(t, Counts{Discarded: 3000}, a.stock.Counts())
}

// Spans that never end must not pile up.
func TestLocalTracesAreBounded(t *testing.T) {
	p := New(errorsAndNoMore, WithMaxSpans(3*shards)).Wrap(&recorder{}).(*processor)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
	var spans []trace.Span
	for range 1000 {
		_, s := provider.Tracer("").Start(t.Context(), "never ends")
		spans = append(spans, s)
	}
	open := 0
	for i := range p.shards {
		open += len(p.shards[i].traces)
		require.Equal(t, len(p.shards[i].traces), p.shards[i].order.Len())
	}
	require.LessOrEqual(t, open, 3*shards)
	for _, s := range spans {
		s.End()
	}
	require.Equal(t, uint64(1000), p.stock.Counts().Sampled)
	require.NoError(t, provider.Shutdown(t.Context()))
}

func TestForceFlushDecides(t *testing.T) {
	a := newApp(t, sampler.Policy{Keep: sampler.Errors})
	ctx, root := a.Start(t.Context(), "root")
	_, s := a.Start(ctx, "child")
	s.End()
	require.NoError(t, a.provider.ForceFlush(t.Context()))
	require.Equal(t, []string{"child:0"}, a.left())
	require.Equal(t, Early{Flushed: 1}, a.stock.Counts().Early)
	root.End()
}

func TestShutdownTwice(t *testing.T) {
	var got recorder
	p := New(errorsAndNoMore).Wrap(&got, &got)
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, p.Shutdown(t.Context()))
}

// recorder counts the spans that it is given.
type recorder struct {
	sdktrace.SpanProcessor
	started, ended atomic.Int64
	errors         sync.Map
}

func (r *recorder) OnStart(context.Context, sdktrace.ReadWriteSpan) { r.started.Add(1) }
func (r *recorder) Shutdown(context.Context) error                  { return nil }
func (r *recorder) OnEnd(s sdktrace.ReadOnlySpan) {
	r.ended.Add(1)
	if sampler.Errors.Keep(factsOf(s)) {
		n, _ := r.errors.LoadOrStore(s.SpanContext().SpanID(), new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	}
}

// A thousand requests at once, one in ten with a failure: each failure leaves
// once, and every span is counted once.
func TestEveryFailureLeavesOnce(t *testing.T) {
	const requests, each = 1000, 8
	for _, rate := range []sampler.Rate{sampler.Always, sampler.OneIn(10), sampler.OneIn(1000), sampler.OneIn(4000)} {
		t.Run(rate.String(), func(t *testing.T) {
			var got recorder
			stock := New(sampler.Policy{Rate: sampler.ParentBased{Root: rate}, Keep: sampler.Errors}, WithMaxSpans(500))
			provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(stock), sdktrace.WithSpanProcessor(stock.Wrap(&got)))
			var all sync.WaitGroup
			for i := range requests {
				all.Go(func() { request(provider.Tracer(""), each, i%10 == 0) })
			}
			all.Wait()
			require.NoError(t, provider.Shutdown(t.Context()))
			failures := 0
			got.errors.Range(func(_, n any) bool {
				failures++
				require.Equal(t, int64(1), n.(*atomic.Int64).Load())
				return true
			})
			require.Equal(t, requests/10, failures)
			c := stock.Counts()
			require.Equal(t, uint64(requests*each), c.Kept+c.Sampled+c.Discarded)
			require.Equal(t, uint64(got.ended.Load()), c.Kept+c.Sampled)
			require.Equal(t, int64(requests*each), got.started.Load())
		})
	}
}

// request has a root, and children of which one may fail.
func request(tracer trace.Tracer, spans int, fails bool) {
	ctx, root := tracer.Start(context.Background(), "root")
	for i := range spans - 1 {
		_, s := tracer.Start(ctx, "child")
		if fails && i == spans/2 {
			fail(s)
		}
		s.End()
	}
	root.End()
}

func TestStormIsThinnedOut(t *testing.T) {
	const n = 20_000
	synctest.Test(t, func(t *testing.T) {
		a := newApp(t, errorsAndNoMore, WithErrorBudget(100))
		for range 4 {
			for range n / 4 {
				_, s := a.Start(t.Context(), "pay")
				fail(s)
				s.End()
			}
			time.Sleep(time.Second)
		}
		c := a.stock.Counts()
		require.Equal(t, uint64(n), c.Kept+c.Late+c.Discarded)
		require.InDelta(t, 5*100, c.Kept, 200)
		require.NotZero(t, c.Late)
		var sum float64
		for _, s := range a.exported.GetSpans() {
			state, _ := stateOf(s.SpanContext)
			late := len(s.Attributes) == 1 && s.Attributes[0].Key == callgraph.AttributeLate
			require.Equal(t, !late, state.HasThreshold)
			if !late {
				sum += state.Threshold.Weight()
			}
		}
		require.InEpsilon(t, n, sum, 0.3)
		require.NoError(t, a.provider.Shutdown(context.Background()))
	})
}

// Chains of which two spans fail, with thresholds of their own: every span
// still stands for one.
func TestStormOfChainsKeepsTheirWeights(t *testing.T) {
	const n = 8_000
	synctest.Test(t, func(t *testing.T) {
		var got weights
		stock := New(errorsAndNoMore, WithErrorBudget(240))
		provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(stock), sdktrace.WithSpanProcessor(stock.Wrap(&got)),
			sdktrace.WithIDGenerator(&ids{rand: rand.New(rand.NewPCG(7, 8))})) //nolint:gosec // the same IDs in every run
		tracer := provider.Tracer("")
		for i := range n {
			if i%(n/4) == 0 {
				time.Sleep(time.Second)
			}
			ctx, root := tracer.Start(t.Context(), "root")
			for _, name := range []string{"before", "often", "seldom"} {
				_, s := tracer.Start(ctx, name)
				if name == "often" || name == "seldom" && i%8 == 0 {
					fail(s)
				}
				s.End()
			}
			root.End()
		}
		require.NoError(t, provider.Shutdown(context.Background()))
		for _, name := range []string{"before", "often", "seldom", "root"} {
			require.InEpsilon(t, n, got.sum[name], 0.1, name)
		}
	})
}

// weights sums those of the spans that leave, by name.
type weights struct {
	recorder
	sum map[string]float64
}

func (w *weights) OnEnd(s sdktrace.ReadOnlySpan) {
	if state, _ := stateOf(s.SpanContext()); state.HasThreshold {
		if w.sum == nil {
			w.sum = map[string]float64{}
		}
		w.sum[s.Name()] += state.Threshold.Weight()
	}
}

func TestFirstSightKeepsTheEdge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := sampler.Policy{Rate: sampler.ParentBased{Root: sampler.Off}, Keep: sampler.FirstSight}
		a := newApp(t, policy, WithFirstSight(time.Minute))
		for range 3 {
			a.call(t.Context(), func(trace.Span) {})
		}
		require.Len(t, a.left(), 3)
		time.Sleep(time.Minute)
		a.call(t.Context(), func(trace.Span) {})
		require.Len(t, a.left(), 6)
		require.NoError(t, a.provider.Shutdown(context.Background()))
	})
}

func TestCountsString(t *testing.T) {
	c := Counts{Kept: 1, Sampled: 2, Late: 3, Discarded: 4, Early: Early{Full: 5, Old: 6, Crowded: 7, Flushed: 8}}
	require.Equal(t, "1 kept, 2 sampled, 3 late, 4 discarded; decided early: 5 full, 6 old, 7 crowded, 8 flushed", c.String())
}
