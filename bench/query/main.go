// Command query measures how soon and how fast the collector answers: traces
// by their tags, the neighbourhood of a service in a large graph, and how long
// after its acknowledgement a chain and an edge can be seen.
//
//	go run ./bench/query [flags] [FILE…]
//
// The collector runs as a process of its own on loopback, and is asked over
// HTTP. The files (default: the OTel demo shop's recording in $JCG_TRACES) are
// what it stores for the search by tags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
)

func main() {
	program.Main("bench/query", run)
}

type options struct {
	binary     string
	traces     int
	queries    int
	rounds     int
	portOffset int
	visible    bool
	graph      bool
	tags       bool
	large      bool
	logical    bool
	files      []string
}

func parse(args []string, usage io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench/query", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.binary, "binary", "build/jcallgraph", "the collector, as make build leaves it")
	flags.IntVar(&o.traces, "traces", 1_000_000, "least number of traces to search in, made up to whole repetitions")
	flags.IntVar(&o.queries, "queries", 300, "queries of each kind")
	flags.IntVar(&o.rounds, "rounds", 20, "traces whose way to the API is timed")
	flags.IntVar(&o.portOffset, "port-offset", 0, "added to every port (default: one that finds them free)")
	flags.BoolVar(&o.visible, "visible", true, "measure how soon chains and edges can be seen")
	flags.BoolVar(&o.graph, "graph", true, "measure the neighbourhood in a large graph")
	flags.BoolVar(&o.large, "chains", true, "measure reading large chains")
	flags.BoolVar(&o.logical, "logical", true, "measure opening a logical chain of many traces")
	flags.BoolVar(&o.tags, "tags", true, "measure the search by tags")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.traces < 1 || o.queries < 1 || o.rounds < 1 {
		return o, errors.New("-traces, -queries and -rounds must be at least 1")
	}
	if o.tags {
		o.files, err = load.Files(flags.Args())
	}
	return o, err
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
	folder, err := os.MkdirTemp("", "jcallgraph-bench-")
	if err != nil {
		return fmt.Errorf("make a folder for the stores: %w", err)
	}
	b := bench{options: o, folder: folder, Printer: figure.New(out)}
	err = b.run(ctx)
	return errors.Join(err, os.RemoveAll(folder), b.Err())
}

// bench runs one phase after the other, each with a new store.
type bench struct {
	options
	folder string
	*figure.Printer
}

func (b *bench) run(ctx context.Context) error {
	phases := []struct {
		wanted bool
		run    func(context.Context) error
	}{{b.visible, b.visibility}, {b.graph, b.neighbourhood}, {b.large, b.chains}, {b.logical, b.logicalChain}, {b.tags, b.searches}}
	for _, phase := range phases {
		if !phase.wanted {
			continue
		}
		if err := phase.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) collector(name string) (child.Collector, error) {
	folder := filepath.Join(b.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return child.Collector{}, fmt.Errorf("make a folder for the store: %w", err)
	}
	return child.Collector{Binary: b.binary, Folder: folder, PortOffset: b.portOffset}, nil
}
