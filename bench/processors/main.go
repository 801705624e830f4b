// Command processors measures what the processors for logical chains and for
// dependencies cost: processor time a span, and what they hold when they are full.
//
//	go run ./bench/processors [flags]
//
// Each round a processor is made, sees the recording with fresh IDs again and
// again, and is shut down, with a store in memory. Subjects take turns; one of
// them does nothing. Local traces state how many spans they have, as those of our
// SDK do, and are all sampled, so that each gives evidence.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
)

func main() { program.Main("bench/processors", run) }

type options struct {
	files    []string
	spans    int // of a round, at least
	rounds   int
	request  int // spans
	maxSpans int
	maxSites int
	procs    int

	busySites int
	turns     int
}

func parse(args []string, usage io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench/processors", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&o.spans, "spans", 300_000, "spans of a round, at least")
	flags.IntVar(&o.rounds, "rounds", 7, "rounds, whose median counts")
	flags.IntVar(&o.request, "request", 512, "spans of a request")
	flags.IntVar(&o.maxSpans, "max-spans", 200_000, "spans that may wait, as the processor's max_spans")
	flags.IntVar(&o.maxSites, "max-sites", 50_000, "call sites, as the processor's max_sites")
	flags.IntVar(&o.procs, "procs", 2, "GOMAXPROCS")
	flags.IntVar(&o.busySites, "busy-sites", 10_000, "call sites whose evidence is written; 0: none")
	flags.IntVar(&o.turns, "turns", 30, "flushes of it, two seconds apart")
	input := flags.String("input", "", "OTLP dump to use in place of the OTel demo shop's recording in JCG_TRACES; more may follow as arguments")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if min(o.spans, o.rounds, o.request, o.maxSpans, o.maxSites, o.procs, o.turns) < 1 {
		return o, errors.New("-spans, -rounds, -request, -max-spans, -max-sites, -procs and -turns must be at least 1")
	}
	if o.files = flags.Args(); *input != "" {
		o.files = append([]string{*input}, o.files...)
	}
	if len(o.files) == 0 {
		o.files = []string{filepath.Join(os.Getenv("JCG_TRACES"), "otel-demo", "astronomy-oteltraces.zst")}
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, usage io.Writer) error {
	o, err := parse(args, usage)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(o.procs)
	p := figure.New(out)
	p.Print("gomaxprocs", float64(o.procs), "threads")
	p.Print("request_spans", float64(o.request), "spans")
	if err := measureMemory(ctx, p, o); err != nil {
		return err
	}
	if err := measureEvidence(ctx, p, o); err != nil {
		return err
	}
	r, err := read(o.files, o.request)
	if err != nil {
		return err
	}
	return errors.Join(measureTime(ctx, p, o, r), p.Err())
}
