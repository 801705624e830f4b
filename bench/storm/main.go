// Command storm measures what an application pays when everything fails at
// once, and when callers send hostile trace headers: six services traced with
// our SDK, as fast as the machine goes; a built collector takes their counts of
// calls, the spans are read in process.
//
//	go run ./bench/storm [flags]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
)

func main() {
	program.Main("bench/storm", run)
}

type options struct {
	binary     string
	storm      bool
	hostile    bool
	rise, hold time.Duration
	requests   int
	senders    int
	portOffset int
}

func parse(args []string, usage io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench/storm", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.binary, "binary", "build/jcallgraph", "the collector, as make build leaves it")
	flags.BoolVar(&o.storm, "storm", true, "let failures rise from 0.1 to 100 percent")
	flags.BoolVar(&o.hostile, "hostile", true, "send hostile trace headers")
	flags.DurationVar(&o.rise, "rise", 10*time.Second, "how long failures rise")
	flags.DurationVar(&o.hold, "hold", 5*time.Second, "how long everything fails then, in turns with an application in which nothing does")
	flags.IntVar(&o.requests, "requests", 1_000_000, "hostile requests")
	flags.IntVar(&o.senders, "senders", 8, "requests at a time")
	flags.IntVar(&o.portOffset, "port-offset", 0, "added to every port (default: one that finds them free)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.rise <= 0 || o.hold <= 0 || o.requests < 10 || o.senders < 1 {
		return o, errors.New("-rise, -hold and -senders must be above 0, -requests at least 10")
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

type bench struct {
	options
	folder string
	*figure.Printer
}

func (b *bench) run(ctx context.Context) error {
	if b.storm {
		if err := b.failAll(ctx); err != nil {
			return fmt.Errorf("storm: %w", err)
		}
	}
	if b.hostile {
		if err := b.beAttacked(ctx); err != nil {
			return fmt.Errorf("hostile headers: %w", err)
		}
	}
	return nil
}

// withCollector runs f beside a collector of its own.
func (b *bench) withCollector(ctx context.Context, name string, f func(child.Collector) error) error {
	folder := filepath.Join(b.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make a folder for the store: %w", err)
	}
	c := child.Collector{Binary: b.binary, Folder: folder, PortOffset: b.portOffset}
	server, err := child.Start(ctx, c.Command())
	if err != nil {
		return err
	}
	defer func() { _ = server.Kill() }() // nothing after Stop
	if err := f(c); err != nil {
		return err
	}
	_, err = server.Stop()
	return err
}
