package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/application"
	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// point is what was measured at one N and one load.
type point struct {
	n, load  int
	took     time.Duration
	requests application.Made
	sent     application.Sent
	made     uint64 // spans, whether they left or not
	dropped  uint64 // of those that were kept: the machine was too slow
	cpu      time.Duration
	found    map[application.Pair]application.Made
	calls    map[application.Pair]application.Made
	wrong    error // the graph is not what was made
}

func (p *point) perSecond(n uint64) float64 { return float64(n) / p.took.Seconds() }

// measure starts a collector, sends, and asks for its graph.
func (b *bench) measure(ctx context.Context, n, load int) (p point, err error) {
	p = point{n: n, load: load}
	folder := filepath.Join(b.folder, fmt.Sprintf("%d-%d", n, load))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return p, fmt.Errorf("make a folder for the store: %w", err)
	}
	c := child.Collector{Binary: b.binary, Folder: folder, PortOffset: b.portOffset}
	server, err := child.Start(ctx, c.Command())
	if err != nil {
		return p, err
	}
	defer func() { _ = server.Kill() }() // nothing after Stop
	a, err := application.New(ctx, application.Options{
		Collector: c.Traces(),
		Policy:    sampler.Policy{Rate: sampler.ParentBased{Root: sampler.OneIn(n)}, Keep: sampler.Errors},
	})
	if err != nil {
		return p, err
	}
	p.took = b.drive(ctx, a, load)
	if err := a.Flush(ctx); err != nil {
		return p, err
	}
	p.requests, p.sent, p.calls = a.Requests(), a.Sent(), a.Calls()
	lost := a.Became().Dropped
	p.dropped = lost.QueueFailed + lost.QueueOthers + lost.Export
	p.made = p.requests.Calls + spansOf(p.calls)
	if err := a.Close(ctx); err != nil {
		return p, err
	}
	if err := p.await(ctx, c.API()); err != nil {
		return p, err
	}
	usage, err := server.Stop()
	p.cpu = usage.CPU
	return p, errors.Join(err, os.RemoveAll(folder))
}

// spansOf is two for each call, one where the callee is virtual.
func spansOf(calls map[application.Pair]application.Made) (n uint64) {
	for pair, made := range calls {
		n += made.Calls
		if !application.Virtual(pair.Callee) {
			n += made.Calls
		}
	}
	return n
}

// drive offers the load, evenly, and returns how long it took.
func (b *bench) drive(ctx context.Context, a *application.Application, load int) time.Duration {
	var wg sync.WaitGroup
	requests := make(chan int, 1024)
	for range b.senders {
		wg.Go(func() {
			for i := range requests {
				a.Serve(i, nil, b.failure())
			}
		})
	}
	began := time.Now()
	offer(ctx, requests, load, b.duration)
	close(requests)
	wg.Wait()
	return time.Since(began)
}

func (b *bench) failure() application.Failure {
	if rand.Float64() < b.failures {
		return application.Failure{Type: "bank.Unavailable"}
	}
	return application.Failure{}
}

// offer hands over as many requests as the time that has passed asks for.
func offer(ctx context.Context, requests chan<- int, load int, duration time.Duration) {
	const every = 2 * time.Millisecond
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	total := int(float64(load) * duration.Seconds())
	for began, i := time.Now(), 0; i < total && ctx.Err() == nil; <-ticks.C {
		for due := int(time.Since(began).Seconds() * float64(load)); i < min(due, total); i++ {
			requests <- i
		}
	}
}

// await polls until the graph is what was made, or does not change any more: a
// call whose callee sends nothing is counted after ten seconds by a collector
// that has to find it in spans.
func (p *point) await(ctx context.Context, api string) error {
	const limit, every = 25 * time.Second, 250 * time.Millisecond
	for began := time.Now(); ; {
		var err error
		if p.found, err = application.Found(ctx, api); err != nil {
			return err
		}
		if maps.Equal(p.found, p.calls) {
			return nil
		}
		if time.Since(began) > limit {
			p.wrong = p.difference()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}

func (p *point) difference() error {
	for pair, made := range p.calls {
		if p.found[pair] != made {
			return fmt.Errorf("at %d requests/s, one of %d kept: %s -> %s has %v in the graph, and %v were made", p.load, p.n, pair.Caller, pair.Callee, p.found[pair], made)
		}
	}
	return fmt.Errorf("at %d requests/s, one of %d kept: the graph has edges that were not made: %v", p.load, p.n, p.found)
}
