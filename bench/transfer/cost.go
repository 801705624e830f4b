package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"

	"github.com/jcallgraph/jcallgraph/bench/internal/generated"
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
	"github.com/jcallgraph/jcallgraph/bench/internal/receiving"
	"github.com/jcallgraph/jcallgraph/wire/client"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// streams is over how many connections, or streams, either form comes.
const streams = 4

// cost is what the receiving process needs for spans in requests of one size.
type cost struct {
	batch int
	forms [len(ways)]form
}

// form is one way to send, measured in several rounds.
type form struct {
	perSpan []time.Duration // processor time, of each round
	bytes   int             // that left, of all rounds
	spans   int
}

func (f form) perCPUSecond() float64 { return float64(time.Second) / float64(median(f.perSpan)) }
func (f form) size() float64         { return float64(f.bytes) / float64(max(f.spans, 1)) }

// way sends all of the data, and returns once it is acknowledged.
type way struct {
	name string
	pass pass
}

type pass func(context.Context, *receiving.Server, [streams][]ptrace.Traces) (bytes int, err error)

var ways = [...]way{
	{"otlp", otlpPass()},
	{"otlp_gzip", otlpPass(grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))},
	{"compact", compactPass},
}

// ours is the last of the ways.
func (c cost) ours() form { return c.forms[len(ways)-1] }

func (c cost) ratio(to int) float64 { return c.ours().perCPUSecond() / c.forms[to].perCPUSecond() }

// spread is between the quartiles of the rounds' own ratios.
func (c cost) spread(to int) float64 {
	var ratios []float64
	for i, d := range c.ours().perSpan {
		ratios = append(ratios, float64(c.forms[to].perSpan[i])/float64(d))
	}
	slices.Sort(ratios)
	return ratios[len(ratios)*3/4] - ratios[len(ratios)/4]
}

func median[T cmp.Ordered](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// costs measures both forms, in turns, with the same spans.
func (b *bench) costs(ctx context.Context) (all []cost, err error) {
	server, err := b.server(ctx, "cost")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Kill()) }()
	for _, batch := range b.batches {
		c := cost{batch: batch}
		data, err := b.data(batch)
		if err != nil {
			return nil, err
		}
		for range b.rounds {
			if err := b.round(ctx, server, data, &c); err != nil {
				return nil, fmt.Errorf("batches of %d spans: %w", batch, err)
			}
		}
		b.reportCost(c)
		all = append(all, c)
	}
	return all, nil
}

// data is what each connection sends in one pass.
func (b *bench) data(batch int) (all [streams][]ptrace.Traces, err error) {
	if len(b.files) > 0 {
		return recorded(b.files, batch)
	}
	for i := range all {
		instance := generated.New(i)
		for spans := 0; spans < b.spans/streams; spans += batch {
			all[i] = append(all[i], instance.Batch(batch))
		}
	}
	return all, nil
}

// recorded gives each connection a part of the recording.
func recorded(files []string, batch int) (all [streams][]ptrace.Traces, err error) {
	var batches []ptrace.Traces
	for td, err := range load.Batches(files, batch) {
		if err != nil {
			return all, err
		}
		batches = append(batches, td)
	}
	for i := range all {
		all[i] = batches[len(batches)*i/streams : len(batches)*(i+1)/streams]
	}
	return all, nil
}

// round sends spans in each way, in passes over the data. Each pass has fresh
// streams: what has been seen would flatter a format that learns.
func (b *bench) round(ctx context.Context, server *receiving.Server, data [streams][]ptrace.Traces, c *cost) error {
	for i, way := range ways {
		end, err := b.profiled(ctx, server, fmt.Sprintf("receive_%s_%d.pprof", way.name, c.batch))
		if err == nil {
			err = errors.Join(b.passes(ctx, server, data, way, &c.forms[i]), end())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
	}
	return nil
}

// profiled writes a profile of the receiving process, where one is wanted: of the
// last round.
func (b *bench) profiled(ctx context.Context, server *receiving.Server, name string) (end func() error, err error) {
	if b.profile == "" {
		return func() error { return nil }, nil
	}
	return server.ProfileCPU(ctx, filepath.Join(b.profile, name))
}

func (b *bench) passes(ctx context.Context, server *receiving.Server, data [streams][]ptrace.Traces, way way, f *form) error {
	before, err := sofar(ctx, server)
	if err != nil {
		return err
	}
	spans := 0
	for spans < b.spans {
		n, err := way.pass(ctx, server, data)
		if err != nil {
			return err
		}
		f.bytes += n
		spans += count(data)
	}
	after, err := sofar(ctx, server)
	if err != nil {
		return err
	}
	if got := after.spans - before.spans; got != uint64(spans) {
		return fmt.Errorf("%d spans were sent, %d came", spans, got)
	}
	f.spans += spans
	f.perSpan = append(f.perSpan, (after.receiver-before.receiver)/time.Duration(spans))
	return nil
}

func count(data [streams][]ptrace.Traces) (spans int) {
	for _, batches := range data {
		for _, td := range batches {
			spans += td.SpanCount()
		}
	}
	return spans
}

func sofar(ctx context.Context, server *receiving.Server) (p point, err error) {
	counts, err := server.Counts(ctx)
	if err != nil {
		return p, err
	}
	usage, err := server.Usage()
	return point{spans: counts.Spans, receiver: usage.CPU}, err
}

// each does it for all connections at once.
func each(do func(i int) error) error {
	var all sync.WaitGroup
	var errs [streams]error
	for i := range streams {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errors.Join(errs[:]...)
}

func otlpPass(options ...grpc.DialOption) pass {
	return func(ctx context.Context, server *receiving.Server, data [streams][]ptrace.Traces) (bytes int, err error) {
		var sent atomic.Int64
		c, err := load.Dial(server.OTLP(), streams, append(options, counted(&sent))...)
		if err != nil {
			return 0, err
		}
		err = each(func(i int) error { return sendOTLP(ctx, c, i, data[i]) })
		return int(sent.Load()), errors.Join(err, c.Close())
	}
}

func sendOTLP(ctx context.Context, c *load.Client, connection int, batches []ptrace.Traces) error {
	for _, td := range batches {
		request, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
		if err != nil {
			return fmt.Errorf("encode a request: %w", err)
		}
		if err := c.Send(ctx, connection, request); err != nil {
			return err
		}
	}
	return nil
}

func compactPass(ctx context.Context, server *receiving.Server, data [streams][]ptrace.Traces) (bytes int, err error) {
	var sent atomic.Int64
	err = each(func(i int) error {
		c := client.New(client.Options{Dial: dial(server.Compact(), counted(&sent))})
		for _, td := range data[i] {
			if err := c.Send(ctx, wirepdata.NewSource(td)); err != nil {
				return errors.Join(err, c.Shutdown(ctx))
			}
		}
		return c.Shutdown(ctx)
	})
	return int(sent.Load()), err
}

// counted adds what connections send to the sum.
func counted(sent *atomic.Int64) grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		return counting{conn, sent}, err
	})
}

type counting struct {
	net.Conn
	sent *atomic.Int64
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
}
