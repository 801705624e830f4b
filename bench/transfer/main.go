// Command transfer measures the way of spans into a collector: the paper's
// Fig. 8, which is the rate at which one receiving process takes messages of 50
// clients, and what receiving costs beside OTLP.
//
//	go run ./bench/transfer [flags] [FILE…]
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
	"github.com/jcallgraph/jcallgraph/bench/internal/receiving"
)

func main() {
	receiving.Served()
	program.Main("bench/transfer", run)
}

type options struct {
	sizes    program.Numbers
	batches  program.Numbers
	clients  int
	inflight int
	duration time.Duration
	spans    int
	rounds   int
	ballast  int
	plot     string
	table    string
	profile  string
	files    []string
}

func parse(args []string, usage io.Writer) (o options, err error) {
	o.sizes, o.batches = program.Numbers{100, 112, 150, 200, 250}, program.Numbers{512, 2048}
	flags := flag.NewFlagSet("bench/transfer", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.Var(&o.sizes, "sizes", "of messages with one span, in bytes, `B,…`")
	flags.Var(&o.batches, "batches", "spans of a request, for the cost beside OTLP, `spans,…`")
	flags.IntVar(&o.clients, "clients", 50, "each with a stream of its own")
	flags.IntVar(&o.inflight, "inflight", 16, "messages of a client that wait for their acknowledgement")
	flags.DurationVar(&o.duration, "duration", 10*time.Second, "of each size")
	flags.IntVar(&o.spans, "spans", 200_000, "that each round receives, in each form")
	flags.IntVar(&o.rounds, "rounds", 5, "in which the forms take turns")
	flags.IntVar(&o.ballast, "ballast", 64<<20, "bytes of heap that the receiving process holds for other things")
	flags.StringVar(&o.plot, "plot", "", "draw what a processor takes over the size into this SVG `file`")
	flags.StringVar(&o.table, "table", "", "write the figures as Markdown tables into this `file`")
	flags.StringVar(&o.profile, "profile", "", "write processor profiles of the receiving process into this `folder`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.clients < 1 || o.inflight < 1 || o.duration <= 0 || o.spans < 1 || o.rounds < 1 || o.ballast < 0 {
		return o, errors.New("-clients, -inflight, -duration, -spans and -rounds must be above 0, -ballast not negative")
	}
	o.files = flags.Args()
	return o, nil
}

func run(ctx context.Context, args []string, out, usage io.Writer) error {
	o, err := parse(args, usage)
	if err != nil {
		return err
	}
	return program.InFolder(func(folder string) error {
		b := bench{options: o, folder: folder, Printer: figure.New(out)}
		return errors.Join(b.run(ctx), b.Err())
	})
}

type bench struct {
	options
	folder string
	*figure.Printer
}

func (b *bench) run(ctx context.Context) error {
	points, err := b.messages(ctx)
	if err != nil {
		return err
	}
	costs, err := b.costs(ctx)
	if err != nil {
		return err
	}
	var wrong []error
	if b.table != "" {
		wrong = append(wrong, os.WriteFile(b.table, []byte(table(points)+"\n"+costTable(costs)), 0o644)) //nolint:gosec // anybody may read it
	}
	if b.plot != "" {
		wrong = append(wrong, os.WriteFile(b.plot, plot(points), 0o644)) //nolint:gosec // as above
	}
	return errors.Join(wrong...)
}

// server starts a receiving process for one measurement.
func (b *bench) server(ctx context.Context, name string) (*receiving.Server, error) {
	return receiving.Start(ctx, receiving.Options{Log: filepath.Join(b.folder, name+".log"), Ballast: b.ballast})
}
