// Command sampling measures what sampling saves: the paper's Fig. 9. An
// application of six services, traced with our SDK, sends to a built collector
// over loopback, at several loads, keeping one of N successful chains and every
// failed one.
//
//	go run ./bench/sampling [flags]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
)

func main() {
	program.Main("bench/sampling", run)
}

type options struct {
	binary     string
	rates      program.Numbers
	loads      program.Numbers
	duration   time.Duration
	failures   float64
	senders    int
	portOffset int
	plot       string
	table      string
}

func parse(args []string, usage io.Writer) (o options, err error) {
	o.rates, o.loads = program.Numbers{1, 10, 100, 1000, 4000}, program.Numbers{250, 800, 2500}
	flags := flag.NewFlagSet("bench/sampling", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.binary, "binary", "build/jcallgraph", "the collector, as make build leaves it")
	flags.Var(&o.rates, "n", "one of so many successful chains is kept, `N,…`")
	flags.Var(&o.loads, "loads", "requests a second, `number,…`")
	flags.DurationVar(&o.duration, "duration", 20*time.Second, "of each load at each N")
	flags.Float64Var(&o.failures, "failures", 0.0001, "part of the requests that fail")
	flags.IntVar(&o.senders, "senders", 8, "requests at a time")
	flags.IntVar(&o.portOffset, "port-offset", 0, "added to every port (default: one that finds them free)")
	flags.StringVar(&o.plot, "plot", "", "draw the packets a second into this SVG `file`")
	flags.StringVar(&o.table, "table", "", "write the figures as a Markdown table into this `file`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.duration <= 0 || o.senders < 1 || o.failures < 0 || o.failures > 1 {
		return o, errors.New("-duration and -senders must be above 0, -failures between 0 and 1")
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, usage io.Writer) error {
	o, err := parse(args, usage)
	if err != nil {
		return err
	}
	if o.portOffset == 0 {
		if o.portOffset, err = child.FreeOffset(ctx); err != nil {
			return err
		}
	}
	return program.InFolder(func(folder string) error {
		b := bench{options: o, folder: folder, Printer: figure.New(out)}
		return errors.Join(b.run(ctx), b.Err())
	})
}

// bench measures one point after the other, each with a new collector.
type bench struct {
	options
	folder string
	*figure.Printer
}

func (b *bench) run(ctx context.Context) error {
	b.Print("seconds", b.duration.Seconds(), "s")
	b.Print("failed_requests", b.failures, "ratio")
	var all []point
	var wrong []error
	for _, load := range b.loads {
		for _, n := range b.rates {
			p, err := b.measure(ctx, n, load)
			if err != nil {
				return fmt.Errorf("at %d requests/s, one of %d kept: %w", load, n, err)
			}
			b.report(p)
			wrong = append(wrong, p.wrong)
			all = append(all, p)
		}
	}
	b.compare(all)
	if b.table != "" {
		wrong = append(wrong, os.WriteFile(b.table, []byte(table(all)), 0o644)) //nolint:gosec // anybody may read it
	}
	if b.plot != "" {
		wrong = append(wrong, os.WriteFile(b.plot, plot(all), 0o644)) //nolint:gosec // as above
	}
	return errors.Join(wrong...)
}
