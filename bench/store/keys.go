package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

const (
	keySightings = 256  // of a write: what a request of spans may carry
	longChain    = 5000 // traces of one key, over 30 days
	keyPage      = 100  // sightings of a page
)

// measureKeys writes a day's business keys, each in one to three traces, one
// trace in ten with a second key, and reads them.
func measureKeys(ctx context.Context, p *figure.Printer, o options) error {
	if o.keys == 0 {
		return nil
	}
	so := storeOptions(o)
	so.Directory = filepath.Join(o.directory, "keys")
	s, err := pebble.Open(so)
	if err != nil {
		return err
	}
	if err := writeKeys(ctx, p, o, s); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	bytes, err := diskBytes(so.Directory)
	if err != nil {
		return err
	}
	p.Print("key_bytes", float64(bytes)/float64(o.keys), "bytes")
	if s, err = pebble.Open(so); err != nil {
		return err
	}
	if err = readKeys(ctx, p, o, s); err == nil {
		err = longChainOf(ctx, p, s)
	}
	if e := s.Close(); err == nil {
		err = e
	}
	return err
}

func numberedKey(n int) callgraph.ChainKey {
	return callgraph.ChainKey{Environment: "prod", Kind: "order", Value: fmt.Sprintf("ORD-2026-%011d", n)}
}

// sightingsOf are those of the nth key. Numbers rise over the day.
func sightingsOf(n int, of int, r *rand.Rand) (all []callgraph.Sighting) {
	day := time.Now().Add(-24 * time.Hour)
	for i := range 1 + n%3 {
		var id pcommon.TraceID
		for i := range id {
			id[i] = byte(r.Uint32())
		}
		at := day.Add(time.Duration(float64(24*time.Hour)*float64(n)/float64(of)) + time.Duration(i)*time.Minute + time.Duration(r.Int64N(int64(time.Minute))))
		all = append(all, callgraph.Sighting{Key: numberedKey(n), TraceID: id, Start: at})
		if n%10 == 0 && i == 0 {
			payment := callgraph.ChainKey{Environment: "prod", Kind: "payment", Value: fmt.Sprintf("PAY-%016x", r.Uint64())}
			all = append(all, callgraph.Sighting{Key: payment, TraceID: id, Start: at})
		}
	}
	return all
}

func writeKeys(ctx context.Context, p *figure.Printer, o options, s *pebble.Store) error {
	var next, sightings atomic.Int64
	var all sync.WaitGroup
	errs := make(chan error, o.flying)
	began := time.Now()
	for w := range o.flying {
		all.Go(func() {
			r := rand.New(rand.NewPCG(o.seed, uint64(w)))
			var batch []callgraph.Sighting
			for n := int(next.Add(1)) - 1; n < o.keys; n = int(next.Add(1)) - 1 {
				if batch = append(batch, sightingsOf(n, o.keys, r)...); len(batch) < keySightings {
					continue
				}
				if err := s.WriteSightings(ctx, batch); err != nil {
					errs <- err
					return
				}
				sightings.Add(int64(len(batch)))
				batch = nil
			}
			sightings.Add(int64(len(batch)))
			if err := s.WriteSightings(ctx, batch); err != nil {
				errs <- err
			}
		})
	}
	all.Wait()
	close(errs)
	p.Print("keys", float64(o.keys), "keys")
	p.Print("key_sightings", float64(sightings.Load()), "sightings")
	p.Print("key_writes_per_second", float64(sightings.Load())/time.Since(began).Seconds(), "sightings/s")
	return <-errs
}

// readKeys opens random keys: their traces, and what these are linked with.
func readKeys(ctx context.Context, p *figure.Printer, o options, s *pebble.Store) error {
	r := rand.New(rand.NewPCG(o.seed, 0))
	began := time.Now()
	n := max(o.queries, 1) * 10
	for range n {
		k := numberedKey(r.IntN(o.keys))
		found, err := s.Sightings(ctx, k, storage.Place{}, keyPage)
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("key %s is not found", k)
		}
		if err == nil {
			_, err = s.Links(ctx, k, 20)
		}
		if err != nil {
			return err
		}
	}
	p.Print("key_reads_per_second", float64(n)/time.Since(began).Seconds(), "keys/s")
	return nil
}

// longChainOf opens a key of many traces that share a few other keys.
func longChainOf(ctx context.Context, p *figure.Printer, s *pebble.Store) error {
	key := callgraph.ChainKey{Environment: "prod", Kind: "order", Value: "ORD-2026-LONG"}
	r := rand.New(rand.NewPCG(1, 2))
	var batch []callgraph.Sighting
	from := time.Now().Add(-30 * 24 * time.Hour)
	for n := range longChain {
		x := sightingsOf(1, 2, r)[0]
		x.Key, x.Start = key, from.Add(time.Duration(n)*30*24*time.Hour/longChain)
		batch = append(batch, x)
		x.Key = callgraph.ChainKey{Environment: "prod", Kind: "payment", Value: fmt.Sprintf("PAY-LONG-%d", n%10)}
		batch = append(batch, x)
	}
	if err := s.WriteSightings(ctx, batch); err != nil {
		return err
	}
	return timeReads(p, map[string]func() error{
		"long_chain_page_ms":   func() error { _, err := s.Sightings(ctx, key, storage.Place{}, keyPage); return err },
		"long_chain_extent_ms": func() error { _, err := s.KeyExtent(ctx, key); return err },
		"long_chain_links_ms":  func() error { _, err := s.Links(ctx, key, 20); return err },
	})
}

// timeReads prints each one's mean of ten.
func timeReads(p *figure.Printer, reads map[string]func() error) error {
	for _, name := range []string{"long_chain_page_ms", "long_chain_extent_ms", "long_chain_links_ms"} {
		began := time.Now()
		for range 10 {
			if err := reads[name](); err != nil {
				return err
			}
		}
		p.Print(name, time.Since(began).Seconds()*100, "ms")
	}
	return nil
}
