package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
)

const (
	overloadFactor = 2
	// overloadInFlight is the most requests under way: callers that give up
	// waiting for an answer do not pile up without a bound either.
	overloadInFlight = 512
)

// overloadRun sends twice what was sustained, kills the collector while it is
// at work, and looks for every span that it acknowledged.
func (b *bench) overloadRun(ctx context.Context, r load.Recording, ours measured) error {
	rate := overloadFactor * ours.Rate()
	b.Note("overload: %.0f spans/s for %v, at most %d requests under way, then kill -9", rate, b.overload, overloadInFlight)
	m, err := b.overloaded(ctx, r, rate)
	if err != nil {
		return err
	}
	b.Print("overload_offered_spans_per_second", rate, "spans/s")
	b.Print("overload_acknowledged_spans_per_second", m.Rate(), "spans/s")
	b.Print("overload_requests_in_flight", float64(m.MaxInFlight), "requests")
	b.Print("overload_requests_left_out", float64(m.Unsent), "requests")
	for code, n := range m.Refusals {
		b.Print("overload_refused_"+code.String(), float64(n), "requests")
	}
	bound, err := b.limiterBytes(ctx)
	if err != nil {
		return err
	}
	b.Print("overload_peak_heap_mb", figure.MB(m.heap), "MB")
	b.Print("overload_heap_bound_mb", figure.MB(bound), "MB")
	b.Print("overload_peak_rss_mb", figure.MB(m.usage.PeakRSS), "MB")
	found, err := b.stored(ctx, m.store)
	if err != nil {
		return err
	}
	missing := r.Missing(m.Outcome, found.spans)
	b.Print("overload_lost_spans", float64(missing), "spans")
	if missing > 0 {
		return fmt.Errorf("%w: %d spans at overload", errLost, missing)
	}
	return nil
}

type overloaded struct {
	measured
	heap int64 // greatest seen
}

func (b *bench) overloaded(ctx context.Context, r load.Recording, rate float64) (m overloaded, err error) {
	c, err := b.collector("overload")
	if err != nil {
		return m, err
	}
	server, err := child.Start(ctx, c.Command())
	if err != nil {
		return m, err
	}
	defer func() { _ = server.Kill() }() // safe twice
	client, err := load.Dial(c.Traces(), connections)
	if err != nil {
		return m, err
	}
	m.store = c.Store()
	watched, stopWatching := context.WithCancel(ctx)
	peak := b.watchHeap(watched)
	m.Outcome = r.Open(ctx, client, rate, b.overload, overloadInFlight, r.Now)
	stopWatching()
	m.heap = <-peak
	if m.usage, err = server.Usage(); err != nil {
		return m, errors.Join(err, client.Close())
	}
	return m, errors.Join(ctx.Err(), server.Kill(), client.Close())
}
