package sdk

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sdk/internal/ring"
)

// pump takes records to one exporter.
type pump struct {
	provider *TracerProvider
	exporterOption
	failed, others *ring.Ring[*Record]
	pending        atomic.Int64
	wake           chan struct{}
	flushes        chan chan struct{}
	closing        chan struct{}
	closed         chan struct{}   // the last record was exported
	alive          context.Context //nolint:containedctx // of the exports: kill ends them
	kill           context.CancelFunc
	over           atomic.Bool // nobody exports any more
	silent         bool        // the last export got no answer in its time; run's own

	one   sync.Mutex // exports one batch at a time
	batch []*Record
	spans []sdktrace.ReadOnlySpan
}

func newPump(p *TracerProvider, e exporterOption) *pump {
	e.Batching = e.complete(p.options.batching)
	alive, kill := context.WithCancel(context.Background())
	return &pump{
		provider: p, exporterOption: e, failed: ring.New[*Record](e.Queue), others: ring.New[*Record](e.Queue),
		wake: make(chan struct{}, 1), flushes: make(chan chan struct{}), closing: make(chan struct{}), closed: make(chan struct{}),
		alive: alive, kill: kill,
	}
}

// offer hands the record to all exporters; false where one had no room.
func (p *TracerProvider) offer(r *Record, failed bool) bool {
	p.stats.kept(r.stripe, failed)
	if p.stopped.Load() {
		p.stats.shutdown.Add(1)
		p.bodies.letGo(r)
		return false
	}
	r.readers.Store(int32(len(p.pumps)))
	if len(p.pumps) == 0 {
		p.bodies.letGo(r)
	}
	all := true
	for _, pump := range p.pumps {
		all = pump.offer(r, failed) && all
	}
	return all
}

func (p *pump) offer(r *Record, failed bool) bool {
	if p.immediate {
		p.exportOne(r)
		return true
	}
	to, lost := p.others, &p.provider.stats.fullOthers
	if failed {
		to, lost = p.failed, &p.provider.stats.fullFailed
	}
	if !to.Offer(r) {
		lost.Add(1)
		p.release(r)
		return false
	}
	if p.over.Load() { // after the offer: whoever ended the pump, or we, find the record
		p.abandon()
		return false
	}
	if p.pending.Add(1) == int64(p.Batch) {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// release takes the record back once the last pump has done with it.
func (p *pump) release(r *Record) {
	if r.readers.Add(-1) > 0 {
		return
	}
	if p.provider.borrows {
		p.provider.bodies.giveBack(r)
		return
	}
	p.provider.bodies.letGo(r)
}

func (p *pump) run() {
	defer close(p.closed)
	ticks := time.NewTicker(p.Interval)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			p.work()
		case <-p.wake:
			p.work()
		case done := <-p.flushes:
			p.drain()
			close(done)
		case <-p.closing:
			p.silent = false
			p.drain()
			p.over.Store(true)
			p.abandon()
			return
		}
	}
}

// drain exports what waits now. An offer that is under way is waited for: spans
// that ended before may lie behind it.
func (p *pump) drain() {
	for left := p.failed.Len() + p.others.Len(); left > 0 && p.hopes(); {
		n := p.exportBatch()
		if n == 0 {
			runtime.Gosched()
		}
		left -= n
	}
}

// abandon counts what is left once nobody exports any more.
func (p *pump) abandon() {
	p.one.Lock()
	defer p.one.Unlock()
	for {
		p.takeBatch()
		if len(p.batch) == 0 {
			return
		}
		p.provider.stats.shutdown.Add(uint64(len(p.batch)))
		p.releaseBatch()
	}
}

// hopes is false at the end, once a receiver has not answered: each batch would
// wait as long.
func (p *pump) hopes() bool {
	return p.alive.Err() == nil && (!p.silent || !p.provider.stopped.Load())
}

// work is drain, and goes on while batches are full.
func (p *pump) work() {
	p.drain()
	for p.pending.Load() >= int64(p.Batch) && p.hopes() && p.exportBatch() > 0 {
	}
}

// exportBatch exports failed spans first.
func (p *pump) exportBatch() int {
	p.takeBatch()
	n := len(p.batch)
	if n > 0 {
		p.pending.Add(-int64(n))
		p.export(p.batch)
		p.releaseBatch()
	}
	return n
}

func (p *pump) takeBatch() {
	p.batch = p.failed.Take(p.batch[:0], p.Batch)
	p.batch = p.others.Take(p.batch, p.Batch-len(p.batch))
}

func (p *pump) releaseBatch() {
	for i, r := range p.batch {
		p.release(r)
		p.batch[i] = nil
	}
}

func (p *pump) exportOne(r *Record) {
	p.one.Lock()
	defer p.one.Unlock()
	p.export([]*Record{r})
	p.release(r)
}

func (p *pump) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil || p.immediate {
		return err
	}
	done := make(chan struct{})
	select {
	case p.flushes <- done:
	case <-p.closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close exports what is left, as long as ctx allows; then it has the exporter
// give up. The exporter is shut down in any case.
func (p *pump) close(ctx context.Context) error {
	close(p.closing)
	down := make(chan error, 1)
	go func() {
		if !p.immediate {
			<-p.closed
		}
		down <- p.end(ctx)
		p.kill()
	}()
	select {
	case err := <-down:
		return err
	case <-ctx.Done():
		p.kill()
		return ctx.Err()
	}
}

// end shuts the exporter down.
func (p *pump) end(ctx context.Context) error {
	if !p.users.last() {
		return nil
	}
	if p.native != nil {
		return p.native.Shutdown(ctx)
	}
	return p.plain.Shutdown(ctx)
}

// handle tells OTel's error handler, as its SDK does.
func handle(err error) { otel.Handle(err) }
