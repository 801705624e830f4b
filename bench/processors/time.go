package main

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// measureTime prints the median of the rounds of each subject.
func measureTime(ctx context.Context, p *figure.Printer, o options, r *recording) error {
	passes := (o.spans + len(r.ids) - 1) / len(r.ids)
	p.Print("round_spans", float64(passes*len(r.ids)), "spans")
	took := map[string][]float64{}
	generation := 0
	for range o.rounds {
		for _, s := range subjects {
			cost, err := round(ctx, s, r, passes, &generation)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			took[s.name] = append(took[s.name], float64(cost)/float64(passes*len(r.ids)))
		}
	}
	for _, s := range subjects {
		p.Print(s.name+"_ns_per_span", median(took[s.name]), "ns")
	}
	for _, s := range subjects {
		p.Note("%s: %.0f", s.name, slices.Sorted(slices.Values(took[s.name])))
	}
	return nil
}

func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

// round is the processor time of a subject's life, that for making IDs left out.
func round(ctx context.Context, s subject, r *recording, passes int, generation *int) (cost time.Duration, err error) {
	b, err := memory.Open(memory.Options{MaxBytes: 1 << 32})
	if err != nil {
		return 0, err
	}
	pipe, err := begin(ctx, s.make, b)
	if err != nil {
		return 0, err
	}
	for range passes {
		*generation++
		r.renew(*generation)
		before := processorTime()
		for _, td := range r.requests {
			if err := pipe.ConsumeTraces(ctx, td); err != nil {
				return 0, err
			}
		}
		cost += processorTime() - before
	}
	before := processorTime()
	err = pipe.end(ctx)
	return cost + processorTime() - before, err
}

// processorTime is that of all threads of the process.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
