package callgraphconnector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/connector/callgraphconnector/edgecount"
	"github.com/jcallgraph/jcallgraph/internal/rounds"
	"github.com/jcallgraph/jcallgraph/internal/seldom"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	// cellsPerRequest bounds what one Consume carries: about a megabyte.
	cellsPerRequest = 2000
	// checkpointEvery bounds how often a checkpoint is made durable.
	checkpointEvery = 10 * time.Second
	// complainEvery bounds how often the log tells of failed flushes.
	complainEvery = time.Minute
)

// flusher sends on what changed. It owns one goroutine, which alone delivers.
type flusher struct {
	config      *Config
	routes      routes
	counter     *edgecount.Counter
	complain    func(error)
	telemetry   *telemetry
	checkpoints storage.Checkpoints // nil without a store
	writer      callgraph.Writer    // of the checkpoints

	saved, graphed time.Time
	rounds         *rounds.Rounds
}

func newFlusher(cfg *Config, r routes, c *edgecount.Counter, l *zap.Logger, t *telemetry) *flusher {
	complain := seldom.Errors(complainEvery, func(err error) {
		l.Warn("edge counts could not be sent on and will be sent again", zap.Error(err))
	})
	return &flusher{config: cfg, routes: r, counter: c, complain: complain, telemetry: t}
}

func (f *flusher) start() { f.rounds = rounds.Start(f.config.FlushInterval, f.tick) }

// stop waits for the goroutine and flushes for the last time.
func (f *flusher) stop(ctx context.Context) error {
	f.rounds.Stop(ctx)
	return errors.Join(f.flush(ctx, time.Now()), f.sendGraph(ctx, time.Now()))
}

func (f *flusher) tick(ctx context.Context, now time.Time) {
	err := f.flush(ctx, now)
	if now.Sub(f.graphed) >= f.config.Prometheus.Interval {
		err = errors.Join(err, f.sendGraph(ctx, now))
	}
	if err != nil {
		f.complain(err)
	}
}

// flush sends on changed cells, then those that are final, then saves how far
// all is final. What fails is sent again by the next flush, and nothing comes
// to its end until then: what waits stays bounded by the table.
func (f *flusher) flush(ctx context.Context, now time.Time) error {
	for more := true; more; {
		cells := f.counter.Changed(now)
		if err := f.deliver(ctx, cells); err != nil {
			return err
		}
		more = len(cells) >= callgraph.ChangedAtOnce
	}
	if err := f.deliver(ctx, f.counter.Seal(now)); err != nil {
		return err
	}
	return f.checkpoint(ctx, now)
}

func (f *flusher) deliver(ctx context.Context, cells []callgraph.Cell) error {
	if f.routes.edges == nil {
		return nil
	}
	for chunk := range slices.Chunk(cells, cellsPerRequest) {
		if err := f.routes.edges.ConsumeMetrics(ctx, edgemetric.Encode(chunk)); err != nil {
			f.counter.Requeue(cells)
			f.telemetry.failures.Add(ctx, 1)
			return fmt.Errorf("send %d edge counts: %w", len(cells), err)
		}
	}
	return nil
}

func (f *flusher) checkpoint(ctx context.Context, now time.Time) error {
	if f.checkpoints == nil {
		return nil
	}
	arrival := f.counter.Checkpoint(now)
	if arrival.Sub(f.saved) < checkpointEvery {
		return nil
	}
	if err := f.checkpoints.SaveCheckpoint(ctx, f.writer, arrival); err != nil {
		f.telemetry.failures.Add(ctx, 1)
		return fmt.Errorf("save checkpoint: %w", err)
	}
	f.saved = arrival
	return nil
}

// sendGraph sends the series as they are: the next ones make up for a failure.
func (f *flusher) sendGraph(ctx context.Context, now time.Time) error {
	if f.routes.graph == nil {
		return nil
	}
	f.graphed = now
	md := f.counter.Graph(now)
	if md.DataPointCount() == 0 {
		return nil
	}
	if err := f.routes.graph.ConsumeMetrics(ctx, md); err != nil {
		f.telemetry.failures.Add(ctx, 1)
		return fmt.Errorf("send the service graph: %w", err)
	}
	return nil
}
