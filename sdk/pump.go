package sdk

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/jcallgraph/jcallgraph/sdk/internal/ring"
)

// RecordExporter is an exporter that does not keep the records it is given:
// they are used again after it returned. It is cheaper than OTel's SpanExporter,
// whose spans belong to the exporter.
type RecordExporter interface {
	// ExportRecords sends records. It must return when ctx ends, and is not
	// called concurrently.
	ExportRecords(ctx context.Context, records []*Record) error
	// Shutdown is called once, after the last ExportRecords.
	Shutdown(ctx context.Context) error
}

// exporterOption is an exporter with how it is fed.
type exporterOption struct {
	plain     sdktrace.SpanExporter // or
	native    RecordExporter
	immediate bool // each record as its span is decided
	Batching
}

// Batching says how records wait for their exporter. Zero values stand for the
// environment's OTEL_BSP_ variables, and these for the defaults.
type Batching struct {
	// Queue is how many records wait at most, as many failed ones as others;
	// more are dropped and counted. 8,192.
	Queue int
	// Batch is how many are sent at once: 512.
	Batch int
	// Interval is how long a record waits at most: 1 s.
	Interval time.Duration
	// Timeout is how long an export may take: 30 s.
	Timeout time.Duration
	// Borrows says that an sdktrace.SpanExporter keeps no span once ExportSpans
	// has returned, as OTLP exporters do: the spans are then used again.
	Borrows bool
}

// WithExporter sends decided spans by one of OTel's exporters. Several exporters
// do not wait for each other.
func WithExporter(e sdktrace.SpanExporter, b Batching) Option {
	return optionFunc(func(o *options) {
		if e != nil {
			o.exporters = append(o.exporters, exporterOption{plain: e, Batching: b})
		}
	})
}

// WithRecordExporter sends decided spans by an exporter made for this SDK.
func WithRecordExporter(e RecordExporter, b Batching) Option {
	return optionFunc(func(o *options) {
		if e != nil {
			o.exporters = append(o.exporters, exporterOption{native: e, Batching: b})
		}
	})
}

// WithSyncer exports each span as it is decided, while its End waits: for
// tests.
func WithSyncer(e sdktrace.SpanExporter) Option {
	return optionFunc(func(o *options) {
		if e != nil {
			o.exporters = append(o.exporters, exporterOption{plain: e, immediate: true})
		}
	})
}

// pump takes records to one exporter.
type pump struct {
	provider *TracerProvider
	exporterOption
	failed, others *ring.Ring[*Record]
	pending        atomic.Int64
	wake           chan struct{}
	flushes        chan chan struct{}
	closing        chan struct{}
	closed         chan struct{} // the last record was exported

	one   sync.Mutex // exports one batch at a time
	batch []*Record
	spans []sdktrace.ReadOnlySpan
}

func newPump(p *TracerProvider, e exporterOption) *pump {
	e.Batching = e.complete(p.options.batching)
	return &pump{
		provider: p, exporterOption: e, failed: ring.New[*Record](e.Queue), others: ring.New[*Record](e.Queue),
		wake: make(chan struct{}, 1), flushes: make(chan chan struct{}), closing: make(chan struct{}), closed: make(chan struct{}),
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
			p.drain()
			return
		}
	}
}

// drain exports what waits now.
func (p *pump) drain() {
	for left := p.pending.Load(); left > 0; {
		n := p.exportBatch()
		if n == 0 {
			return
		}
		left -= n
	}
}

// work is drain, and goes on while batches are full.
func (p *pump) work() {
	p.drain()
	for p.pending.Load() >= int64(p.Batch) && p.exportBatch() > 0 {
	}
}

// exportBatch exports failed spans first.
func (p *pump) exportBatch() int64 {
	p.batch = p.failed.Take(p.batch[:0], p.Batch)
	p.batch = p.others.Take(p.batch, p.Batch-len(p.batch))
	n := int64(len(p.batch))
	if n > 0 {
		p.pending.Add(-n)
		p.export(p.batch)
	}
	return n
}

func (p *pump) exportOne(r *Record) {
	p.one.Lock()
	defer p.one.Unlock()
	p.export([]*Record{r})
}

func (p *pump) export(batch []*Record) {
	ctx, cancel := context.WithTimeout(context.Background(), p.Timeout)
	defer cancel()
	began := p.provider.clock.now()
	err := p.send(ctx, batch)
	p.provider.stats.exported(len(batch), time.Duration(p.provider.clock.now()-began), err)
	if err != nil {
		handle(fmt.Errorf("export %d spans: %w", len(batch), err))
	}
	for i, r := range batch {
		p.release(r)
		batch[i] = nil
	}
}

func (p *pump) send(ctx context.Context, batch []*Record) error {
	if p.native != nil {
		return p.native.ExportRecords(ctx, batch)
	}
	p.spans = p.spans[:0]
	for _, r := range batch {
		p.spans = append(p.spans, r)
	}
	defer clear(p.spans)
	return p.plain.ExportSpans(ctx, p.spans)
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

// close exports what is left, as long as ctx allows.
func (p *pump) close(ctx context.Context) error {
	if !p.immediate {
		close(p.closing)
		select {
		case <-p.closed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	down := make(chan error, 1)
	go func() { down <- p.end(ctx) }()
	select {
	case err := <-down:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end shuts the exporter down.
func (p *pump) end(ctx context.Context) error {
	if p.native != nil {
		return p.native.Shutdown(ctx)
	}
	return p.plain.Shutdown(ctx)
}

// handle tells OTel's error handler, as its SDK does.
func handle(err error) { otel.Handle(err) }
