package callgraphconnector

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/connector/callgraphconnector/edgecount"
	"github.com/jcallgraph/jcallgraph/storage"
)

// follower takes what SDKs counted out of the store into the service graph. It
// owns one goroutine: a store may take long to answer, and the flusher must not wait.
type follower struct {
	interval  time.Duration
	joined    *edgecount.Joined
	logger    *zap.Logger
	telemetry *telemetry

	complained time.Time
	cancel     context.CancelFunc
	done       chan struct{}
}

// newFollower is nil, which does nothing, where SDKs' counts are not shown.
func (c *graphConnector) newFollower(ctx context.Context, store storage.Backend) (*follower, error) {
	if !c.joins {
		return nil, nil
	}
	joined, err := edgecount.NewJoined(ctx, c.counter, store, time.Now())
	if err != nil {
		return nil, err
	}
	return &follower{
		interval: c.config.Prometheus.Interval, joined: joined,
		logger: c.settings.Logger, telemetry: c.observed, done: make(chan struct{}),
	}, nil
}

func (f *follower) start() {
	if f == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	go f.run(ctx)
}

// stop waits for the goroutine.
func (f *follower) stop() {
	if f == nil {
		return
	}
	f.cancel()
	<-f.done
}

func (f *follower) run(ctx context.Context) {
	defer close(f.done)
	ticker := time.NewTicker(f.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			f.step(ctx, now)
		}
	}
}

func (f *follower) step(ctx context.Context, now time.Time) {
	err := f.joined.Step(ctx, now)
	if err == nil || ctx.Err() != nil {
		return
	}
	f.telemetry.failures.Add(ctx, 1)
	if now.Sub(f.complained) >= complainEvery {
		f.complained = now
		f.logger.Warn("the service graph for Prometheus falls behind what SDKs counted; trying on", zap.Error(err))
	}
}
