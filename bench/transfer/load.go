package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/bench/internal/generated"
	"github.com/jcallgraph/jcallgraph/bench/internal/receiving"
	"github.com/jcallgraph/jcallgraph/internal/procstat"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/client"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// lane makes what a client sends in one of its lanes: a source is read until it
// is acknowledged; then it may be another one's.
type lane func(client int) (next func() wire.Source)

// singles are messages of one span.
func singles(padding int) lane {
	processes := map[int]*process{}
	return func(client int) func() wire.Source {
		if processes[client] == nil {
			processes[client] = newProcess(client + 1)
		}
		m := processes[client].message(padding)
		return func() wire.Source { return m.next() }
	}
}

// kept is how many batches a lane has. They come again with other IDs and times:
// to make new ones costs more than to send them.
const kept = 4

// batches are frames as SDKs send them.
func batches(spans int) lane {
	return func(client int) func() wire.Source {
		i, n := generated.New(client), 0
		var made [kept]ptrace.Traces
		for at := range made {
			made[at] = i.Batch(spans)
		}
		return func() wire.Source {
			td := made[n%kept]
			if n++; n > kept {
				i.Renew(td)
			}
			return wirepdata.NewSource(td)
		}
	}
}

// point is what was measured with messages of one size.
type point struct {
	name             string
	messages, spans  uint64 // acknowledged
	bytes            uint64 // of frames
	took             time.Duration
	receiver, sender time.Duration // processor time
}

// tick is the least processor time that the kernel tells.
const tick = 10 * time.Millisecond

func (p point) perSecond(n uint64) float64 { return float64(n) / p.took.Seconds() }
func (p point) perCPUSecond(n uint64) float64 {
	return float64(n) / max(p.receiver, tick).Seconds()
}
func (p point) size() float64 { return float64(p.bytes) / float64(max(p.messages, 1)) }

// messages measures each size, and at last our own frames.
func (b *bench) messages(ctx context.Context) (all []point, err error) {
	for _, size := range b.sizes {
		padding, err := paddingFor(size)
		if err != nil {
			return nil, err
		}
		p, err := b.point(ctx, fmt.Sprintf("message_%d", size), b.inflight, singles(padding))
		if err != nil {
			return nil, fmt.Errorf("messages of %d bytes: %w", size, err)
		}
		b.report(p)
		all = append(all, p)
	}
	const batch = 512
	p, err := b.point(ctx, fmt.Sprintf("batch_%d", batch), 1, batches(batch))
	if err != nil {
		return nil, fmt.Errorf("batches of %d spans: %w", batch, err)
	}
	b.report(p)
	return append(all, p), nil
}

// point sends as fast as acknowledgements come, for the duration, and fails
// where the receiver has not got all that it acknowledged, once.
func (b *bench) point(ctx context.Context, name string, lanes int, of lane) (p point, err error) {
	server, err := b.server(ctx, name)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, server.Kill()) }()
	f := newFleet(server.Compact(), b.clients, lanes, of)
	defer func() { err = errors.Join(err, f.shutdown(ctx)) }()
	if err := f.send(ctx, b.duration/5); err != nil { // streams learn first
		return p, err
	}
	before, err := f.sofar(server)
	if err != nil {
		return p, err
	}
	start := time.Now()
	if err := f.send(ctx, b.duration); err != nil {
		return p, err
	}
	took := time.Since(start)
	p, err = f.sofar(server)
	if err != nil {
		return p, err
	}
	got, err := server.Counts(ctx)
	if err == nil && got.Spans != p.spans {
		err = fmt.Errorf("%d spans were acknowledged, %d came", p.spans, got.Spans)
	}
	p = p.since(before)
	p.name, p.took = name, took
	return p, err
}

func (p point) since(o point) point {
	return point{
		messages: p.messages - o.messages, spans: p.spans - o.spans, bytes: p.bytes - o.bytes,
		receiver: p.receiver - o.receiver, sender: p.sender - o.sender,
	}
}

// fleet is the clients, each with lanes in which one message after the other
// waits for its acknowledgement.
type fleet struct {
	clients []*client.Client
	lanes   [][]func() wire.Source
}

func newFleet(address string, clients, lanes int, of lane) *fleet {
	f := &fleet{}
	for c := range clients {
		f.clients = append(f.clients, client.New(client.Options{Dial: dial(address)}))
		made := make([]func() wire.Source, lanes)
		for l := range made {
			made[l] = of(c)
		}
		f.lanes = append(f.lanes, made)
	}
	return f
}

func dial(address string, options ...grpc.DialOption) func(context.Context) (*grpc.ClientConn, error) {
	return func(context.Context) (*grpc.ClientConn, error) {
		return grpc.NewClient("passthrough:///"+address, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	}
}

// send returns once all is acknowledged.
func (f *fleet) send(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := time.Now().Add(d)
	var all sync.WaitGroup
	for i, c := range f.clients {
		for _, next := range f.lanes[i] {
			all.Go(func() {
				for ctx.Err() == nil && time.Now().Before(end) {
					if err := c.Send(ctx, next()); err != nil {
						cancel(err)
					}
				}
			})
		}
	}
	all.Wait()
	return context.Cause(ctx)
}

// sofar is what was done until now.
func (f *fleet) sofar(server *receiving.Server) (p point, err error) {
	for _, c := range f.clients {
		s := c.Stats()
		p.messages += s.Frames
		p.spans += s.Spans
		p.bytes += s.Bytes
	}
	usage, err := server.Usage()
	p.receiver = usage.CPU
	if err != nil {
		return p, err
	}
	own, err := procstat.Of(os.Getpid())
	p.sender = own.CPU
	return p, err
}

func (f *fleet) shutdown(ctx context.Context) error {
	var errs []error
	for _, c := range f.clients {
		errs = append(errs, c.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
