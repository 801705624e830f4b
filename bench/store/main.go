// Command store measures the embedded store alone: what a span costs in
// processor time and on disk, and how fast traces and tags are found.
//
//	go run ./bench/store [-spans N] [-request N] [-flying N] [-keys N] [FILE…]
//
// Without a file it repeats the OpenTelemetry demo set of JCG_TRACES, each
// time with fresh IDs, spread over the last hour.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

type options struct {
	files     []string
	directory string
	spans     int // at least
	request   int // spans
	flying    int // requests at a time
	queries   int // of each kind
	keys      int // business keys
	seed      uint64
}

func main() {
	o := options{}
	flag.StringVar(&o.directory, "directory", "", "of the store, kept afterwards; a temporary one")
	flag.IntVar(&o.spans, "spans", 1_000_000, "spans to write, at least")
	flag.IntVar(&o.request, "request", 512, "spans of a request")
	flag.IntVar(&o.flying, "flying", 16, "requests in flight")
	flag.IntVar(&o.queries, "queries", 200, "queries of each kind; 0: none")
	flag.IntVar(&o.keys, "keys", 1_000_000, "business keys of a day; 0: none")
	flag.Uint64Var(&o.seed, "seed", 1, "of the choice of queries")
	flag.Parse()
	o.files = flag.Args()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/store:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.directory == "" {
		dir, err := os.MkdirTemp("", "bench-store-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		o.directory = dir
	}
	if len(o.files) == 0 {
		o.files = []string{filepath.Join(os.Getenv("JCG_TRACES"), "otel-demo", "astronomy-oteltraces.zst")}
	}
	set, err := readSet(o.files, o.request)
	if err != nil {
		return err
	}
	p := figure.New(os.Stdout)
	p.Print("request_spans", float64(o.request), "spans")
	p.Print("requests_in_flight", float64(o.flying), "requests")
	if err := measureSync(p, o.directory); err != nil {
		return err
	}
	if err := ingest(ctx, p, o, set); err != nil {
		return err
	}
	if err := query(ctx, p, o, set); err != nil {
		return err
	}
	return measureKeys(ctx, p, o)
}

// storeOptions keep everything that a benchmark writes.
func storeOptions(o options) pebble.Options {
	return pebble.Options{Directory: o.directory, MaxBytes: 1 << 40, Retention: 1000 * time.Hour}
}
