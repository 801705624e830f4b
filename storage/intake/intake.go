// Package intake takes what pipelines bring into a backend, and decides what is
// told of that which a backend can't take: spans that none can keep are left
// out, counted by reason and told in the log now and then; writes that failed
// are counted by cause and left to the sender to repeat; those that had been
// stored before are counted, too; metrics of others are dropped and counted.
package intake

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Writer is what an intake needs of a backend.
type Writer interface {
	storage.SpanWriter
	storage.CellWriter
	storage.IntervalWriter
}

// Intake writes to one backend. It is safe for concurrent use.
type Intake struct {
	writer  Writer
	counter *counters
	logger  *zap.Logger
	notice  notice // of refused spans
	others  notice // of ignored metrics
}

// New counts by the given meters and tells by the given log.
func New(w Writer, meters metric.MeterProvider, logger *zap.Logger) (*Intake, error) {
	counters, err := newCounters(meters)
	if err != nil {
		return nil, fmt.Errorf("create metrics of what is refused: %w", err)
	}
	return &Intake{writer: w, counter: counters, logger: logger}, nil
}

// WriteSpans returns nil once all spans are durable that can be kept, and
// whether they were before; see storage.SpanWriter.
func (i *Intake) WriteSpans(ctx context.Context, td ptrace.Traces) (repeated bool, err error) {
	repeated, err = i.writer.WriteSpans(ctx, td)
	switch {
	case err != nil:
		i.counter.failed(ctx, err)
		return false, err
	case repeated:
		i.counter.repeats.Add(ctx, 1)
	default:
		i.countRefused(ctx, refused(td))
	}
	return repeated, nil
}

// WriteCells returns nil once the cells are durable.
func (i *Intake) WriteCells(ctx context.Context, cells []callgraph.Cell) error {
	err := i.writer.WriteCells(ctx, cells)
	if err != nil {
		i.counter.failed(ctx, err)
	}
	return err
}

// WriteInterval returns nil once the interval is durable, and whether it was
// before. It fails with storage.ErrForgotten, which is final and counted as
// refused, or with what the sender may send again.
func (i *Intake) WriteInterval(ctx context.Context, in callgraph.Interval) (repeated bool, err error) {
	repeated, err = i.writer.WriteInterval(ctx, in)
	switch {
	case errors.Is(err, storage.ErrForgotten):
		i.counter.intervals.Add(ctx, 1)
	case err != nil:
		i.counter.failed(ctx, err)
	case repeated:
		i.counter.repeats.Add(ctx, 1)
	}
	return repeated, err
}

// Ignore counts the points of metrics that are none of ours, and tells of them
// now and then by the name of one.
func (i *Intake) Ignore(ctx context.Context, points int, metric string) {
	if points == 0 {
		return
	}
	i.counter.ignored.Add(ctx, int64(points))
	if total, now := i.others.add(int64(points)); now {
		i.logger.Warn("metrics dropped: only edge metrics are kept here, send others to a pipeline of their own",
			zap.String("metric", metric), zap.Int64("points_since_start", total))
	}
}

// refused counts the spans that no backend keeps, by reason; nil where there
// are none, as is usual.
func refused(td ptrace.Traces) map[string]int64 {
	var counts map[string]int64
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if reason := storage.Refusal(span); reason != "" {
					counts = increment(counts, reason)
				}
			}
		}
	}
	return counts
}

func increment(counts map[string]int64, reason string) map[string]int64 {
	if counts == nil {
		counts = map[string]int64{}
	}
	counts[reason]++
	return counts
}

func (i *Intake) countRefused(ctx context.Context, counts map[string]int64) {
	if counts == nil {
		return
	}
	var sum int64
	for reason, n := range counts {
		i.counter.refused(ctx, reason, n)
		sum += n
	}
	if total, now := i.notice.add(sum); now {
		i.logger.Warn("spans refused that no backend can keep", zap.Any("reasons", counts), zap.Int64("refused_since_start", total))
	}
}
