package main

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/application"
)

// drive lets every sender serve one request after the other, until next says
// that there is none left.
func (b *bench) drive(serve func(i int), next func(i int) bool) (took time.Duration) {
	var wg sync.WaitGroup
	var numbers atomic.Int64
	began := time.Now()
	for range b.senders {
		wg.Go(func() {
			for i := int(numbers.Add(1)); next(i); i = int(numbers.Add(1)) {
				serve(i)
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

// cpu is what the process has used, in all threads.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0 // cannot be: the arguments are right
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watchHeap returns the greatest heap seen until ctx ends.
func watchHeap(ctx context.Context) <-chan uint64 {
	const every = 50 * time.Millisecond
	peak := make(chan uint64, 1)
	go func() {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-ctx.Done():
				peak <- most
				return
			case <-ticks.C:
			}
		}
	}()
	return peak
}

// exact waits until the collector's graph is what was made.
func exact(ctx context.Context, api string, made map[application.Pair]application.Made) error {
	const limit, every = 20 * time.Second, 200 * time.Millisecond
	for began := time.Now(); ; {
		found, err := application.Found(ctx, api)
		if err != nil {
			return err
		}
		if maps.Equal(found, made) {
			return nil
		}
		if time.Since(began) > limit {
			return fmt.Errorf("the graph has %v, and there were %v", found, made)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}
