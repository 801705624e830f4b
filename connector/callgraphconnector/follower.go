package callgraphconnector

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/connector/callgraphconnector/edgecount"
	"github.com/jcallgraph/jcallgraph/internal/rounds"
	"github.com/jcallgraph/jcallgraph/internal/seldom"
	"github.com/jcallgraph/jcallgraph/storage"
)

// follower takes what SDKs counted out of the store into the service graph. It
// owns one goroutine: a store may take long to answer, and the flusher must not wait.
type follower struct {
	interval  time.Duration
	joined    *edgecount.Joined
	complain  func(error)
	telemetry *telemetry
	rounds    *rounds.Rounds
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
		interval: c.config.Prometheus.Interval, joined: joined, telemetry: c.observed,
		complain: seldom.Errors(complainEvery, func(err error) {
			c.settings.Logger.Warn("the service graph for Prometheus falls behind what SDKs counted; trying on", zap.Error(err))
		}),
	}, nil
}

func (f *follower) start() {
	if f != nil {
		f.rounds = rounds.Start(f.interval, f.step)
	}
}

// stop waits for the goroutine.
func (f *follower) stop() {
	if f != nil {
		f.rounds.GiveUp()
	}
}

func (f *follower) step(ctx context.Context, now time.Time) {
	err := f.joined.Step(ctx, now)
	if err == nil || ctx.Err() != nil {
		return
	}
	f.telemetry.failures.Add(ctx, 1)
	f.complain(err)
}
