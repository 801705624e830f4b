package edgecount

import (
	"context"
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Store is what a Counter needs to count again what a crash left open. It is
// the one that the cells, and all spans that were counted, are written to.
type Store interface {
	// Cells and Arrived are storage.CellReader's and storage.SpanLog's.
	Cells(ctx context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error
	Arrived(ctx context.Context, since time.Time, yield func(arrival time.Time, td ptrace.Traces) error) error
	storage.Checkpoints
}

// Lookback is how far before the checkpoint a bucket may lie whose open cells
// are found although none of its spans are in the store. Buckets of stored
// spans are found however old they are.
const Lookback = 24 * time.Hour

// Recounted is how much Recount did.
type Recounted struct {
	Since time.Time // arrival of the first span read; zero where there was nothing to do
	Spans int       // read back
	Calls int       // counted again, or taken back again
	Final int       // calls that were left out: an earlier run had counted them for good
	Cells int       // open ones of an earlier run, overwritten next
}

// Recount counts again what an earlier run of the writer left open. It is to
// be called before the first Add. Where there was no earlier run it leaves a
// checkpoint for the next.
func (c *Counter) Recount(ctx context.Context, store Store, now time.Time) (Recounted, error) {
	checkpoint, err := store.Checkpoint(ctx, c.writer)
	if err != nil {
		return Recounted{}, fmt.Errorf("read checkpoint of writer %016x: %w", c.writer.ID, err)
	}
	if checkpoint.IsZero() {
		if err := store.SaveCheckpoint(ctx, c.writer, now); err != nil {
			return Recounted{}, fmt.Errorf("save first checkpoint of writer %016x: %w", c.writer.ID, err)
		}
		return Recounted{}, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := recount{Counter: c, store: store, loaded: map[int64]bool{}}
	r.from = callgraph.Window{From: checkpoint.Add(-Lookback), To: time.Unix(0, math.MaxInt64)}
	r.past = newPast(checkpoint, c.options.Open)
	r.done.Since = checkpoint.Add(-r.warmUp())
	return r.run(ctx, now)
}

// recount is one run of Recount.
type recount struct {
	*Counter
	store  Store
	past   *past
	from   callgraph.Window // of the buckets whose cells were read at once
	loaded map[int64]bool   // of the others
	last   time.Time        // arrival
}

// warmUp is how long before the checkpoint reading begins: calls that arrived
// after it may have halves and callers that came before.
func (r *recount) warmUp() time.Duration {
	return time.Duration(r.past.slack.before)*time.Second + r.options.Open + 2*r.options.Window
}

func (r *recount) run(ctx context.Context, now time.Time) (Recounted, error) {
	if err := r.load(ctx, r.from); err != nil {
		return r.done, err
	}
	err := r.store.Arrived(ctx, r.done.Since, func(arrival time.Time, td ptrace.Traces) error {
		if err := r.expire(ctx, arrival); err != nil {
			return err
		}
		r.done.Spans += td.SpanCount()
		r.joiner.Add(td, arrival)
		r.last = arrival
		return nil
	})
	if err != nil {
		return r.done, fmt.Errorf("read spans back since %s: %w", r.done.Since.Format(time.RFC3339), err)
	}
	if err := r.skipGraph(ctx); err != nil {
		return r.done, err
	}
	return r.done, r.expire(ctx, now)
}

// skipGraph leaves out of the service graph what the earlier run had shown.
func (r *recount) skipGraph(ctx context.Context) error {
	if r.last.IsZero() || r.graph == nil {
		return nil
	}
	if err := r.expire(ctx, r.last); err != nil {
		return err
	}
	r.graph.Skip(r.last)
	return nil
}

// expire counts the calls that were ready at the arrival of the next spans.
// What the joiner still holds in the end arrived so late that no opening it may
// belong to can be final.
func (r *recount) expire(ctx context.Context, now time.Time) error {
	calls := r.joiner.Expire(now)
	for i := range calls {
		if err := r.find(ctx, &calls[i]); err != nil {
			return err
		}
		if r.past.counted(&calls[i]) {
			r.done.Final++
			continue
		}
		r.done.Calls++
		r.add(&calls[i], now)
	}
	return nil
}

// find reads what is known of the call's bucket, where that was not read yet.
func (r *recount) find(ctx context.Context, c *callgraph.Call) error {
	w := callgraph.BucketAt(c.End, callgraph.HotWidth).Window()
	if r.from.Contains(w.From) || r.loaded[w.From.Unix()] {
		return nil
	}
	r.loaded[w.From.Unix()] = true
	return r.load(ctx, w)
}

// load notes the openings of the writer's buckets in w, and has the cells of
// those that are not final overwritten.
func (r *recount) load(ctx context.Context, w callgraph.Window) error {
	recent := map[bucketOpening][]callgraph.Cell{}
	err := r.store.Cells(ctx, w, func(cells []callgraph.Cell) error {
		for i := range cells {
			r.sort(&cells[i], recent)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read cells of buckets since %s: %w", w.From.Format(time.RFC3339), err)
	}
	for o, cells := range recent {
		r.judge(o, cells)
	}
	return nil
}

type bucketOpening struct{ bucket, opened int64 }

// sort sets the cells apart of openings that may not be final: those since the
// checkpoint. A cell that counts nothing any more is forgotten, not closed.
func (r *recount) sort(c *callgraph.Cell, recent map[bucketOpening][]callgraph.Cell) {
	empty := c.Closed == 0 && c.Calls() == 0 && c.Server.Count() == 0 && c.Queue.Count() == 0
	switch {
	case c.Writer != r.writer || c.Bucket.Width != callgraph.HotWidth || empty:
	case c.Opened < r.past.checkpoint:
		r.past.note(bucketOpening{c.Bucket.Start, c.Opened}, c.Closed)
	default:
		o := bucketOpening{c.Bucket.Start, c.Opened}
		recent[o] = append(recent[o], *c)
	}
}

// judge: an opening is final once all its cells are. Where a crash left only
// some of them closed, all are counted again.
func (r *recount) judge(o bucketOpening, cells []callgraph.Cell) {
	closed := cells[0].Closed
	for i := range cells {
		closed = min(closed, cells[i].Closed)
	}
	r.past.note(o, closed)
	if closed == 0 {
		r.table.Restore(cells)
		r.done.Cells += len(cells)
	}
}
