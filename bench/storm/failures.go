package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/bench/internal/application"
	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// kinds of errors; the last ones are rare.
const errorTypes = 20

// failAll compares the storm with times in which all chains are kept and none
// fails, before and after it.
func (b *bench) failAll(ctx context.Context) error {
	measured := map[string]figures{}
	for _, phase := range []string{"n1", "storm", "n1_again"} {
		f, err := b.phase(ctx, phase)
		if err != nil {
			return err
		}
		b.Print(phase+"_requests_per_second", f.rate, "requests/s")
		b.Print(phase+"_cpu_us_per_request", f.cpu, "us")
		measured[phase] = f
	}
	n1, again, storm := measured["n1"], measured["n1_again"], measured["storm"]
	b.Print("storm_vs_n1", storm.rate/max(n1.rate, again.rate), "ratio")
	b.Print("storm_vs_n1_cpu", storm.cpu/min(n1.cpu, again.cpu), "ratio")
	return nil
}

// figures of a phase.
type figures struct {
	rate float64 // requests a second
	cpu  float64 // microseconds of a request, in all threads
}

// phase measures the time in which everything fails, or all of it.
func (b *bench) phase(ctx context.Context, name string) (f figures, err error) {
	err = b.withCollector(ctx, name, func(c child.Collector) error {
		kept := &signatures{}
		o := application.Options{Collector: c.Traces(), Record: kept, Policy: sampler.Policy{Rate: sampler.ParentBased{}, Keep: sampler.Errors}}
		if name == "storm" {
			o.Policy.Rate = sampler.ParentBased{Root: sampler.OneIn(1000)}
		}
		a, err := application.New(ctx, o)
		if err != nil {
			return err
		}
		watched, stop := context.WithCancel(ctx)
		peak := watchHeap(watched)
		made := &signatures{}
		if name == "storm" {
			b.rising(ctx, a, made)
		}
		before, used := a.Requests().Calls, cpu()
		took := b.steady(ctx, a, made, name == "storm")
		requests := float64(a.Requests().Calls - before)
		f = figures{requests / took.Seconds(), float64((cpu() - used).Microseconds()) / requests}
		stop()
		b.Print(name+"_peak_heap_mb", figure.MB(int64(<-peak)), "MB")
		return b.settle(ctx, name, a, c, made, kept)
	})
	return f, err
}

func (b *bench) settle(ctx context.Context, name string, a *application.Application, c child.Collector, made, kept *signatures) error {
	if err := a.Flush(ctx); err != nil {
		return err
	}
	became := a.Became()
	b.Print(name+"_exported_spans", float64(a.Sent().Spans), "spans")
	b.Print(name+"_dropped_spans", float64(became.Dropped.QueueFailed+became.Dropped.QueueOthers), "spans")
	if name == "storm" {
		b.Print("storm_thinned_local_traces", float64(became.Thinned), "local traces")
		b.Print("storm_failed_requests", float64(a.Requests().Errors), "requests")
		b.Print("storm_signatures_made", float64(made.count()), "signatures")
		b.Print("storm_signatures_kept", float64(kept.count()), "signatures")
		if missing := made.without(kept); len(missing) > 0 {
			return fmt.Errorf("no chain was kept of %v", missing)
		}
	}
	if application.EdgesCounted {
		if err := exact(ctx, c.API(), a.Calls()); err != nil {
			return err
		}
		b.Print(name+"_counts_exact", 1, "bool")
	}
	return a.Close(ctx)
}

// rising lets failures grow to all.
func (b *bench) rising(ctx context.Context, a *application.Application, made *signatures) {
	began := time.Now()
	part := func() float64 { return 0.001 + 0.999*min(1, time.Since(began).Seconds()/b.rise.Seconds()) }
	b.drive(func(i int) {
		fails := rand.Float64() < part()
		serve(a, i, fails, made)
	}, func(int) bool { return ctx.Err() == nil && time.Since(began) < b.rise })
}

func (b *bench) steady(ctx context.Context, a *application.Application, made *signatures, fails bool) time.Duration {
	began := time.Now()
	return b.drive(func(i int) { serve(a, i, fails, made) }, func(int) bool { return ctx.Err() == nil && time.Since(began) < b.hold })
}

func serve(a *application.Application, i int, fails bool, made *signatures) {
	f := application.Failure{}
	if fails {
		f.Type = failure()
		made.add(signature{application.Entrance(i), f.Type})
	}
	a.Serve(i, nil, f)
}

// failure is one of the kinds: each half as frequent as the one before.
func failure() string {
	kind := 0
	for kind < errorTypes-1 && rand.Uint32()&1 == 0 {
		kind++
	}
	return names[kind]
}

var names = func() (all [errorTypes]string) {
	for i := range all {
		all[i] = fmt.Sprintf("storm.Failure%d", i)
	}
	return all
}()

// signature is what tells failures apart: the operation and its error.type.
type signature struct{ operation, errorType string }

// signatures that were met. As an exporter, those that left.
type signatures struct {
	all sync.Map
}

func (s *signatures) add(one signature) {
	if _, known := s.all.Load(one); !known {
		s.all.Store(one, true)
	}
}

func (s *signatures) count() (n int) {
	s.all.Range(func(any, any) bool { n++; return true })
	return n
}

func (s *signatures) without(others *signatures) (missing []signature) {
	s.all.Range(func(one, _ any) bool {
		if _, known := others.all.Load(one); !known {
			missing = append(missing, one.(signature))
		}
		return true
	})
	return missing
}

func (s *signatures) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		if span.Status().Code == codes.Error && application.IsEntrance(span.Name()) {
			s.add(signature{span.Name(), errorTypeOf(span.Attributes())})
		}
	}
	return nil
}

func (s *signatures) Shutdown(context.Context) error { return nil }

func errorTypeOf(attributes []attribute.KeyValue) string {
	for i := range attributes {
		if attributes[i].Key == "error.type" {
			return attributes[i].Value.AsString()
		}
	}
	return ""
}
