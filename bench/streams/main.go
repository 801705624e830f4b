// Command streams measures what many compact streams cost a collector: memory of
// idle and of trickling ones, and how long it takes until all are back after the
// collector was killed.
//
//	go run ./bench/streams [flags]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
	"github.com/jcallgraph/jcallgraph/bench/internal/receiving"
)

func main() {
	receiving.Served()
	sent()
	program.Main("bench/streams", run)
}

type options struct {
	idle, trickling   int
	state             int
	rest, down, watch time.Duration
	profile           string
}

func parse(args []string, usage io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench/streams", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&o.idle, "idle", 30_000, "streams that send one span and then nothing")
	flags.IntVar(&o.trickling, "trickling", 1_000, "streams that send a local trace a second")
	flags.DurationVar(&o.rest, "rest", 100*time.Second, "how long idle streams rest before their memory is read")
	flags.DurationVar(&o.down, "down", 3*time.Second, "how long the collector is away")
	flags.DurationVar(&o.watch, "watch", 2*time.Minute, "how long streams trickle before their memory is read")
	flags.IntVar(&o.state, "state", 2048, "MiB that the dictionaries of a collector's streams may hold; the default is not enough for so many that begin at once")
	flags.StringVar(&o.profile, "profile", "", "write profiles of the collectors' heap into this `folder`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.idle < 1 || o.trickling < 1 || o.rest <= 0 || o.down < 0 || o.watch <= 0 || o.state < 1 || flags.NArg() > 0 {
		return o, errors.New("-idle, -trickling, -rest, -watch and -state must be above 0, -down not negative; no files are taken")
	}
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
	if err := b.many(ctx, "trickling", b.trickling, b.trickle); err != nil {
		return fmt.Errorf("trickling streams: %w", err)
	}
	if err := b.many(ctx, "idle", b.idle, b.rested); err != nil {
		return fmt.Errorf("idle streams: %w", err)
	}
	return nil
}

// many measures streams to as few collectors as may have so many files open.
func (b *bench) many(ctx context.Context, name string, streams int, measure func(context.Context, *fleet) error) (err error) {
	f, err := b.start(ctx, name, streams)
	if err != nil {
		return errors.Join(err, f.kill())
	}
	defer func() { err = errors.Join(err, f.kill()) }()
	b.Print(name+"_streams", float64(streams), "streams")
	b.Print(name+"_collectors", float64(len(f.collectors)), "processes")
	return measure(ctx, f)
}

// trickle is for streams that always have a little to send.
func (b *bench) trickle(ctx context.Context, f *fleet) error {
	if err := f.tell(ctx, "trickle"); err != nil {
		return err
	}
	begun, err := f.until(ctx, func(s state) bool { return s.Connected == f.streams })
	if err != nil {
		return err
	}
	start := time.Now()
	if err := sleep(ctx, b.watch); err != nil {
		return err
	}
	s, err := f.state(ctx)
	if err != nil {
		return err
	}
	b.Print("trickling_spans_per_second", float64(s.Spans-begun.Spans)/time.Since(start).Seconds()/float64(f.streams), "spans/s")
	if s.Lost > 0 {
		b.Note("%d streams were lost: %s", s.Lost, s.Why)
	}
	return b.memory(ctx, f, "trickling", s.Connected)
}

// rested is for streams that have nothing to send any more.
func (b *bench) rested(ctx context.Context, f *fleet) error {
	if err := f.tell(ctx, "send"); err != nil {
		return err
	}
	if err := b.back(ctx, f, "connect"); err != nil {
		return err
	}
	if err := sleep(ctx, b.rest); err != nil {
		return err
	}
	s, err := f.state(ctx)
	if err != nil {
		return err
	}
	b.Print("idle_connected", float64(s.Connected), "streams")
	if err := b.memory(ctx, f, "idle", s.Connected); err != nil {
		return err
	}
	return b.reconnect(ctx, f)
}

// reconnect kills the collectors while all senders have something to send again.
func (b *bench) reconnect(ctx context.Context, f *fleet) error {
	if err := f.killCollectors(); err != nil {
		return err
	}
	if err := f.tell(ctx, "send"); err != nil {
		return err
	}
	if err := sleep(ctx, b.down); err != nil {
		return err
	}
	if err := b.restart(ctx, f); err != nil {
		return err
	}
	return b.back(ctx, f, "reconnect")
}

// back waits until each client has had acknowledged what it was told to send.
func (b *bench) back(ctx context.Context, f *fleet, name string) error {
	start := time.Now()
	var r rate
	var most time.Duration
	s, err := f.until(ctx, func(s state) bool {
		r.add(s.Streams)
		if most == 0 && s.Waiting <= int64(f.streams)/100 {
			most = time.Since(start)
		}
		return s.Waiting == 0
	})
	if err != nil {
		return err
	}
	b.Print(name+"_s", time.Since(start).Seconds(), "s")
	b.Print(name+"_99_percent_s", most.Seconds(), "s")
	b.Print(name+"_peak_per_s", float64(r.peak), "streams/s")
	if s.Lost > 0 {
		b.Note("until then %d streams were lost, or attempts in vain; the last: %s", s.Lost, s.Why)
	}
	return nil
}

const (
	step        = 100 * time.Millisecond
	stepsSecond = 10
)

// rate finds the second in which most were added to a sum, which it is told each
// step.
type rate struct {
	last [stepsSecond]uint64
	n    int
	peak uint64
}

func (r *rate) add(sum uint64) {
	if r.n == 0 {
		for i := range r.last {
			r.last[i] = sum
		}
	}
	r.peak = max(r.peak, sum-r.last[r.n%stepsSecond])
	r.last[r.n%stepsSecond] = sum
	r.n++
}

// memory says what each stream that is there costs: first as it is, then without garbage.
func (b *bench) memory(ctx context.Context, f *fleet, name string, connected int) error {
	per := func(bytes int64) float64 { return float64(bytes) / float64(max(connected, 1)) / 1024 }
	rss, err := f.rss()
	if err != nil {
		return err
	}
	b.Print(name+"_kib", per(rss-f.before), "KiB")
	senders, err := f.sendersRSS()
	if err != nil {
		return err
	}
	b.Print(name+"_sender_kib", per(senders), "KiB")
	m, err := f.memory(ctx)
	if err != nil {
		return err
	}
	if rss, err = f.rss(); err != nil {
		return err
	}
	b.Print(name+"_without_garbage_kib", per(rss-f.before), "KiB")
	b.Print(name+"_heap_kib", per(int64(m.Heap)), "KiB")
	b.Print(name+"_stack_kib", per(int64(m.Stacks)), "KiB")
	b.Print(name+"_goroutines", float64(m.Goroutines)/float64(max(connected, 1)), "goroutines")
	return b.heapProfiles(ctx, f, name)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
