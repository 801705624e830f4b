// Command sdk measures what a span costs the application: our SDK beside
// OpenTelemetry's, in one process, in rounds that take turns.
//
//	go run ./bench/sdk [flags]
//
// Processor time is that of all threads, the exporter's and the garbage
// collector's among them, until the last span has left. Both SDKs have the same
// queue, the same batches, and an exporter that reads every field and sends
// nothing.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench/sdk:", err)
		os.Exit(1)
	}
}

type options struct {
	spans, rounds int
	procs         int
	gcPercent     int
	ballast       int
	only          string
	profile       string
}

func parse(args []string, usage io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench/sdk", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&o.spans, "spans", 300_000, "spans of a round; five times as many bare ones")
	flags.IntVar(&o.rounds, "rounds", 15, "rounds, whose median counts")
	flags.IntVar(&o.procs, "procs", 2, "GOMAXPROCS")
	flags.IntVar(&o.gcPercent, "gc", 100, "GOGC")
	flags.IntVar(&o.ballast, "ballast", 64<<20, "bytes of the heap, without pointers, that stand for the application's own")
	flags.StringVar(&o.only, "only", "", "measure this `subject` alone, without ratios: for profiles")
	flags.StringVar(&o.profile, "profile", "", "write a CPU profile of the rounds to this `file`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.spans < 1 || o.rounds < 1 || o.procs < 1 || o.gcPercent < 1 || o.ballast < 0 {
		return o, errors.New("-spans, -rounds, -procs and -gc must be at least 1, -ballast at least 0")
	}
	return o, nil
}

func run(args []string, out, usage io.Writer) error {
	o, err := parse(args, usage)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(o.procs)
	debug.SetGCPercent(o.gcPercent)
	ballast := make([]byte, o.ballast)
	defer runtime.KeepAlive(ballast)
	p := figure.New(out)
	p.Print("gomaxprocs", float64(o.procs), "threads")
	p.Print("gogc", float64(o.gcPercent), "percent")
	p.Print("heap_ballast_mb", figure.MB(int64(o.ballast)), "MB")
	p.Print("rounds", float64(o.rounds), "rounds")
	p.Print("round_spans", float64(o.spans), "spans")
	b := bench{options: o, Printer: p}
	return errors.Join(b.run(), p.Err())
}
