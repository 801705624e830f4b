package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
)

type bench struct {
	options
	*figure.Printer
}

// cost of one span in one round.
type cost struct {
	nanos, bytes, allocations float64
}

type costs map[string][]cost

func (b *bench) run() error {
	stop, err := startProfile(b.profile)
	if err != nil {
		return err
	}
	measured, err := b.measure()
	if err := stop(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	for _, s := range b.chosen() {
		b.Print(s.name+"_cpu_ns", median(measured[s.name], nanos), "ns")
	}
	if b.only != "" {
		b.Note("rounds:%s", each(measured[b.only]))
		return nil
	}
	b.ratios(measured)
	return b.propagation()
}

func (b *bench) chosen() []subject {
	return slices.DeleteFunc(subjects(), func(s subject) bool { return b.only != "" && s.name != b.only })
}

// measure lets the subjects take turns, so that what else the machine does
// meets all of them; each round begins with another one.
func (b *bench) measure() (costs, error) {
	all, measured := b.chosen(), costs{}
	for round := range b.rounds {
		for i := range all {
			s := all[(i+round)%len(all)]
			c, err := s.round(b.spans * s.times)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			measured[s.name] = append(measured[s.name], c)
		}
	}
	return measured, nil
}

func each(list []cost) (text string) {
	for _, c := range list {
		text += fmt.Sprintf(" %.0f", c.nanos)
	}
	return text
}

// warm is how many spans fill pools and caches before a round counts.
const warm = 20_000

// round is the cost of n spans, until the last has left.
func (s *subject) round(n int) (c cost, err error) {
	ctx, into := context.Background(), newSink()
	p := s.start(into)
	tracer := p.Tracer("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", trace.WithInstrumentationVersion("0.72.0"))
	s.attend(tracer, into, 0, warm)
	if err := p.ForceFlush(ctx); err != nil {
		return c, err
	}
	runtime.GC()
	before := usageNow()
	s.attend(tracer, into, warm, n)
	if err := p.ForceFlush(ctx); err != nil {
		return c, err
	}
	c = usageNow().since(before, n)
	want := 0
	if s.exports {
		want = warm + n
	}
	if got := into.spans.Load(); got != int64(want) {
		return c, fmt.Errorf("%d spans were exported of %d", got, want)
	}
	return c, p.Shutdown(ctx)
}

// attend has no more spans under way than two batches.
func (s *subject) attend(tracer trace.Tracer, into *sink, before, n int) {
	const pace = 256
	for i := range n {
		s.attends(tracer)
		if done := before + i; s.exports && done%pace == 0 {
			into.waitFor(int64(done - 2*batch))
		}
	}
}

type usage struct {
	cpu                time.Duration
	bytes, allocations uint64
}

func usageNow() (u usage) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.bytes, u.allocations = m.TotalAlloc, m.Mallocs
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err == nil { // fails for wrong arguments only
		u.cpu = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return u
}

func (u usage) since(before usage, n int) cost {
	of := func(v float64) float64 { return v / float64(n) }
	return cost{nanos: of(float64(u.cpu - before.cpu)), bytes: of(float64(u.bytes - before.bytes)), allocations: of(float64(u.allocations - before.allocations))}
}

// startProfile returns how to end it.
func startProfile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
