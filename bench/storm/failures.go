package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
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

// failAll compares the storm with an application of which all chains are kept
// and none fails. Both take turns, so that what else the machine does meets both.
func (b *bench) failAll(ctx context.Context) error {
	return b.withCollector(ctx, "storm", func(c child.Collector) error {
		calm, err := newContender(ctx, c, sampler.Always)
		if err != nil {
			return err
		}
		storm, err := newContender(ctx, c, sampler.OneIn(1000))
		if err != nil {
			return err
		}
		watched, stop := context.WithCancel(ctx)
		peak := watchHeap(watched)
		b.rising(ctx, storm)
		b.turns(ctx, calm, storm)
		stop()
		b.Print("storm_peak_heap_mb", figure.MB(int64(<-peak)), "MB")
		return errors.Join(b.settle(ctx, c, calm, storm), calm.Close(ctx), storm.Close(ctx))
	})
}

// contender is an application with what failed in it, and what was kept of that.
type contender struct {
	*application.Application
	made, kept *signatures
}

func newContender(ctx context.Context, c child.Collector, rate sampler.Rate) (*contender, error) {
	kept := &signatures{}
	a, err := application.New(ctx, application.Options{
		Collector: c.Traces(), Record: kept, Policy: sampler.Policy{Rate: sampler.ParentBased{Root: rate}, Keep: sampler.Errors},
	})
	return &contender{a, &signatures{}, kept}, err
}

// turn is what a contender did while it was its turn.
type turn struct{ rate, cpu float64 } // requests a second; microseconds a request

// turns gives each contender half a second in turn.
func (b *bench) turns(ctx context.Context, calm, storm *contender) {
	const long = 500 * time.Millisecond
	var rates, cpus []float64
	var n1, all []turn
	for began := time.Now(); ctx.Err() == nil && time.Since(began) < 2*b.hold; {
		c, s := b.turn(ctx, calm, false, long), b.turn(ctx, storm, true, long)
		n1, all = append(n1, c), append(all, s)
		rates, cpus = append(rates, s.rate/c.rate), append(cpus, s.cpu/c.cpu)
	}
	b.Print("n1_requests_per_second", median(n1, func(t turn) float64 { return t.rate }), "requests/s")
	b.Print("storm_requests_per_second", median(all, func(t turn) float64 { return t.rate }), "requests/s")
	b.Print("n1_cpu_us_per_request", median(n1, func(t turn) float64 { return t.cpu }), "us")
	b.Print("storm_cpu_us_per_request", median(all, func(t turn) float64 { return t.cpu }), "us")
	same := func(v float64) float64 { return v }
	b.Print("storm_vs_n1", median(rates, same), "ratio")
	b.Print("storm_vs_n1_cpu", median(cpus, same), "ratio")
}

func (b *bench) turn(ctx context.Context, c *contender, fails bool, long time.Duration) turn {
	before, used, began := c.Requests().Calls, cpu(), time.Now()
	took := b.drive(func(i int) { c.serve(i, fails) }, func(int) bool { return ctx.Err() == nil && time.Since(began) < long })
	requests := float64(c.Requests().Calls - before)
	return turn{requests / took.Seconds(), float64((cpu() - used).Microseconds()) / requests}
}

func median[T any](list []T, of func(T) float64) float64 {
	var values []float64
	for _, one := range list {
		values = append(values, of(one))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// settle checks that nothing was lost.
func (b *bench) settle(ctx context.Context, c child.Collector, calm, storm *contender) error {
	if err := errors.Join(calm.Flush(ctx), storm.Flush(ctx)); err != nil {
		return err
	}
	became := storm.Became()
	b.Print("storm_failed_requests", float64(storm.Requests().Errors), "requests")
	b.Print("storm_exported_spans", float64(storm.Sent().Spans), "spans")
	b.Print("storm_dropped_spans", float64(became.Dropped.QueueFailed+became.Dropped.QueueOthers), "spans")
	b.Print("storm_thinned_local_traces", float64(became.Thinned), "local traces")
	b.Print("storm_signatures_made", float64(storm.made.count()), "signatures")
	b.Print("storm_signatures_kept", float64(storm.kept.count()), "signatures")
	if missing := storm.made.without(storm.kept); len(missing) > 0 && became.Dropped.QueueFailed == 0 {
		return fmt.Errorf("no chain was kept of %v", missing)
	}
	made := storm.Calls()
	for pair, more := range calm.Calls() {
		made[pair] = application.Made{Calls: made[pair].Calls + more.Calls, Errors: made[pair].Errors + more.Errors}
	}
	if err := exact(ctx, c.API(), made); err != nil {
		return err
	}
	b.Print("storm_counts_exact", 1, "bool")
	return nil
}

// rising lets failures grow to all.
func (b *bench) rising(ctx context.Context, c *contender) {
	began := time.Now()
	b.drive(func(i int) {
		part := 0.001 + 0.999*time.Since(began).Seconds()/b.rise.Seconds()
		c.serve(i, rand.Float64() < part)
	}, func(int) bool { return ctx.Err() == nil && time.Since(began) < b.rise })
}

func (c *contender) serve(i int, fails bool) {
	f := application.Failure{}
	if fails {
		f.Type = failure()
		c.made.add(signature{application.Entrance(i), f.Type})
	}
	c.Serve(i, nil, f)
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
