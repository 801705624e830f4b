// Command ingest measures what it costs to take traces in: OTLP in, durable
// chains and edges out, side by side with Jaeger v2 on the same requests.
//
//	go run ./bench/ingest [flags] [FILE…]
//
// The files (default: the OTel demo shop's recording in $JCG_TRACES) are sent
// again and again, with fresh IDs and times shifted to now. Both systems run as
// processes of their own on loopback; only their processor time is counted.
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
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
)

func main() {
	program.Main("bench/ingest", run)
}

type options struct {
	binary     string
	peer       bool
	small      bool
	overload   time.Duration
	spans      int
	request    int
	inFlight   int
	portOffset int
	profile    string
	keep       bool
	files      []string
}

func parse(args []string, usage io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench/ingest", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.binary, "binary", "build/jcallgraph", "the collector, as make build leaves it")
	flags.BoolVar(&o.peer, "peer", true, "measure Jaeger v2 too, which is built the first time (minutes)")
	flags.BoolVar(&o.small, "small", true, "measure requests of 10 spans too")
	flags.DurationVar(&o.overload, "overload", 20*time.Second, "how long to send twice what was sustained; 0 leaves it out")
	flags.IntVar(&o.spans, "spans", 2_000_000, "least number of spans, made up to whole repetitions")
	flags.IntVar(&o.request, "request", 512, "spans of a request")
	flags.IntVar(&o.inFlight, "inflight", 16, "requests in flight")
	flags.IntVar(&o.portOffset, "port-offset", 0, "added to every port (default: one that finds them free)")
	flags.StringVar(&o.profile, "profile", "", "write a CPU profile of the collector at ingest to this `file`, and one of its heap to file.heap")
	flags.BoolVar(&o.keep, "keep", false, "keep the stores, and say where they are")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.spans < 1 || o.request < 1 || o.inFlight < 1 {
		return o, errors.New("-spans, -request and -inflight must be at least 1")
	}
	o.files, err = load.Files(flags.Args())
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
	if o.keep {
		b.Note("stores and logs stay in %s", folder)
		return errors.Join(b.run(ctx), b.Err())
	}
	return errors.Join(b.run(ctx), os.RemoveAll(folder), b.Err())
}

// bench runs one phase after the other, each with a new store.
type bench struct {
	options
	folder string
	*figure.Printer
}

const smallRequest = 10

func (b *bench) run(ctx context.Context) error {
	if err := b.surroundings(); err != nil {
		return err
	}
	recording, err := load.Read(b.files, b.request)
	if err != nil {
		return err
	}
	ours, err := b.ingest(ctx, recording)
	if err != nil {
		return err
	}
	if b.peer {
		if err := b.compare(ctx, recording, ours); err != nil {
			return err
		}
	}
	if b.small {
		if err := b.ingestSmall(ctx); err != nil {
			return err
		}
	}
	if b.overload > 0 {
		return b.overloadRun(ctx, recording, ours)
	}
	return nil
}

// surroundings are what the figures depend on.
func (b *bench) surroundings() error {
	fsync, err := child.MeasureFsync(b.folder, 200)
	if err != nil {
		return err
	}
	b.Print("request_spans", float64(b.request), "spans")
	b.Print("requests_in_flight", float64(b.inFlight), "requests")
	b.Print("fsync_median_ms", figure.Milliseconds(fsync.Median), "ms")
	b.Print("fsync_p99_ms", figure.Milliseconds(fsync.P99), "ms")
	return nil
}

func (b *bench) subfolder(name string) (string, error) {
	folder := filepath.Join(b.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for the store: %w", err)
	}
	return folder, nil
}

func (b *bench) repetitions(r load.Recording) int { return (b.spans + r.Spans - 1) / r.Spans }

func (b *bench) ingest(ctx context.Context, r load.Recording) (measured, error) {
	b.Note("our collector, requests of %d spans", b.request)
	m, err := b.measure(ctx, r, "ours", b.profile)
	if err != nil {
		return m, err
	}
	b.Print("request_bytes", float64(r.Bytes)/float64(len(r.Templates)), "B")
	b.Print("ingest_spans", float64(m.Spans), "spans")
	b.Print("ingest_seconds", m.Elapsed.Seconds(), "s")
	b.Print("ingest_spans_per_second", m.Rate(), "spans/s")
	b.Print("ingest_refusals", float64(m.refusals()), "requests")
	b.Print("spans_per_cpu_second", m.perCPUSecond(), "spans/s")
	b.Print("cpu_us_per_span", 1e6/m.perCPUSecond(), "us")
	b.Print("disk_bytes_per_span", float64(m.disk)/float64(m.Spans), "B")
	b.Print("peak_rss_mb", figure.MB(m.usage.PeakRSS), "MB")
	return m, b.verify(ctx, "", r, m)
}

func (b *bench) ingestSmall(ctx context.Context) error {
	b.Note("our collector, requests of %d spans", smallRequest)
	r, err := load.Read(b.files, smallRequest)
	if err != nil {
		return err
	}
	m, err := b.measure(ctx, r, "small", "")
	if err != nil {
		return err
	}
	b.Print("ingest_spans_per_second_small", m.Rate(), "spans/s")
	b.Print("spans_per_cpu_second_small", m.perCPUSecond(), "spans/s")
	b.Print("disk_bytes_per_span_small", float64(m.disk)/float64(m.Spans), "B")
	b.Print("peak_rss_small_mb", figure.MB(m.usage.PeakRSS), "MB")
	return b.verify(ctx, "_small", r, m)
}
