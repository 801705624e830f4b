package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/internal/procstat"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

// ingest writes the set until there are enough spans, and closes the store.
func ingest(ctx context.Context, p *figure.Printer, o options, set *dataset) error {
	rounds := (o.spans + set.spans - 1) / set.spans
	now := time.Now()
	renewal, err := costOfRenewal(set, rounds, now)
	if err != nil {
		return err
	}
	s, err := pebble.Open(storeOptions(o))
	if err != nil {
		return err
	}
	before, err := procstat.Of(os.Getpid())
	if err != nil {
		return errors.Join(err, s.Close())
	}
	began := time.Now()
	var took []time.Duration
	for r := range rounds {
		set.renew(r, set.shift(r, rounds, now))
		round, err := writeRound(ctx, s, o, set)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		took = append(took, round...)
	}
	elapsed := time.Since(began)
	stats := s.Stats()
	closing := time.Now()
	if err := s.Close(); err != nil {
		return err
	}
	return report(p, o, ingested{
		spans: rounds * set.spans, traces: rounds * len(set.traces), elapsed: elapsed, closing: time.Since(closing),
		before: before, renewal: renewal * time.Duration(rounds), stats: stats, took: took,
	})
}

// costOfRenewal is the processor time that making one round takes.
func costOfRenewal(set *dataset, rounds int, now time.Time) (time.Duration, error) {
	const tries = 3
	before, err := procstat.Of(os.Getpid())
	if err != nil {
		return 0, err
	}
	for r := range tries {
		set.renew(r, set.shift(0, rounds, now))
	}
	after, err := procstat.Of(os.Getpid())
	return (after.CPU - before.CPU) / tries, err
}

// writeRound writes all requests, some at a time, and returns what each took.
func writeRound(ctx context.Context, s *pebble.Store, o options, set *dataset) ([]time.Duration, error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	var took []time.Duration
	var failed error
	next := 0
	for range o.flying {
		all.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				stop := failed != nil || n >= len(set.requests)
				mu.Unlock()
				if stop {
					return
				}
				began := time.Now()
				_, err := s.WriteSpans(ctx, set.requests[n])
				mu.Lock()
				took = append(took, time.Since(began))
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return took, failed
}

type ingested struct {
	spans, traces             int
	elapsed, closing, renewal time.Duration
	before                    procstat.Usage
	stats                     pebble.Stats
	took                      []time.Duration
}

func report(p *figure.Printer, o options, i ingested) error {
	after, err := procstat.Of(os.Getpid())
	if err != nil {
		return err
	}
	bytes, err := diskBytes(o.directory)
	if err != nil {
		return err
	}
	p.Print("spans", float64(i.spans), "spans")
	p.Print("traces", float64(i.traces), "traces")
	p.Print("segments", float64(i.stats.Segments), "segments")
	p.Print("cpu_us_per_span", float64((after.CPU-i.before.CPU-i.renewal).Microseconds())/float64(i.spans), "us")
	p.Print("cpu_us_per_span_benchmark", float64(i.renewal.Microseconds())/float64(i.spans), "us")
	p.Print("spans_per_second", float64(i.spans)/i.elapsed.Seconds(), "spans/s")
	p.Print("write_p50_ms", figure.Milliseconds(quantile(i.took, 0.5)), "ms")
	p.Print("write_p99_ms", figure.Milliseconds(quantile(i.took, 0.99)), "ms")
	p.Print("segment_bytes_per_span", float64(i.stats.SegmentBytes)/float64(i.stats.Spans), "bytes")
	p.Print("disk_bytes_per_span", float64(bytes)/float64(i.spans), "bytes")
	p.Print("close_s", i.closing.Seconds(), "s")
	p.Print("peak_rss_mb", figure.MB(after.PeakRSS), "MB")
	return p.Err()
}

func quantile(took []time.Duration, q float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(int(q*float64(len(took))), len(took)-1)]
}

func diskBytes(directory string) (total int64, err error) {
	err = filepath.WalkDir(directory, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// measureSync tells how fast the disk is: a durable write of 4 KiB.
func measureSync(p *figure.Printer, directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return fmt.Errorf("measure sync: %w", err)
	}
	f, err := os.CreateTemp(directory, "sync-")
	if err != nil {
		return fmt.Errorf("measure sync: %w", err)
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }()
	var took []time.Duration
	for range 100 {
		began := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return fmt.Errorf("measure sync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return fmt.Errorf("measure sync: %w", err)
		}
		took = append(took, time.Since(began))
	}
	runtime.GC()
	p.Print("fsync_p50_ms", figure.Milliseconds(quantile(took, 0.5)), "ms")
	p.Print("fsync_p99_ms", figure.Milliseconds(quantile(took, 0.99)), "ms")
	return p.Err()
}
