// Package rounds does a thing again and again on a goroutine of its own, and
// decides how that ends: the round that is on may come to its end, unless who
// waits for it runs out of time.
package rounds

import (
	"context"
	"time"
)

// Rounds run from Start to Stop or GiveUp, one of which is called once.
type Rounds struct {
	cancel     context.CancelFunc // gives up what is being done
	quit, done chan struct{}
}

// Start does a round at each interval, one at a time: of those that come while
// one is on, one is made up for.
func Start(interval time.Duration, round func(ctx context.Context, now time.Time)) *Rounds {
	ctx, cancel := context.WithCancel(context.Background())
	r := &Rounds{cancel: cancel, quit: make(chan struct{}), done: make(chan struct{})}
	go r.run(ctx, interval, round)
	return r
}

func (r *Rounds) run(ctx context.Context, interval time.Duration, round func(context.Context, time.Time)) {
	defer close(r.done)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-r.quit:
			return
		case now := <-ticker.C:
			select {
			case <-r.quit: // both were due: chance must not begin another round
				return
			default:
				round(ctx, now)
			}
		}
	}
}

// Stop waits until the goroutine has ended; a round that is on when ctx ends is
// given up.
func (r *Rounds) Stop(ctx context.Context) {
	close(r.quit)
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	r.cancel()
	<-r.done
}

// GiveUp is Stop at once.
func (r *Rounds) GiveUp() {
	r.cancel()
	close(r.quit)
	<-r.done
}
