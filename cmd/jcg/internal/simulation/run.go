// Package simulation decides when the chains of a simulated system are due, and
// what a file of them looks like.
package simulation

import (
	"context"
	"fmt"
	"iter"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/simulate"
)

// Plan says how many chains there are, and when.
type Plan struct {
	// Chains is how many; 0: until the Duration is over.
	Chains int
	// Rate is how many chains begin in a second, from now on. 0: all at once, as
	// if they had begun in the Duration before now.
	Rate float64
	// Duration ends the chains; 0 with a Rate: it does not.
	Duration time.Duration
}

// DefaultDuration is the time before now that chains without a Rate lie in.
const DefaultDuration = time.Hour

// Validate says what is missing.
func (p Plan) Validate() error {
	if p.Rate == 0 && p.Chains == 0 {
		return fmt.Errorf("--chains: 0 chains without an end: want at least 1, or a --rate above 0")
	}
	return nil
}

// Begin sets the options' clock.
func (p Plan) Begin(o *simulate.Options, now time.Time) {
	if p.Rate > 0 {
		o.Start, o.Interval = now, time.Duration(float64(time.Second)/p.Rate)
		return
	}
	past := p.past()
	o.Start, o.Interval = now.Add(-past), past/time.Duration(p.Chains)
}

func (p Plan) past() time.Duration {
	if p.Duration == 0 {
		return DefaultDuration
	}
	return p.Duration
}

// gathered is how many spans make a record where nobody waits for them.
const gathered = 512

// Records yields what the system's processes send, when it is due, until the
// plan is done or ctx ends.
func (p Plan) Records(ctx context.Context, s *simulate.System) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		g := gathering{plan: p, all: ptrace.NewTraces()}
		for i := 0; !p.done(i, s) && ctx.Err() == nil; i++ {
			if p.Rate > 0 && !sleep(ctx, time.Until(s.Next())) {
				break
			}
			s.Chain(g.add)
			if !g.pass(yield, false) {
				return
			}
		}
		if ctx.Err() == nil {
			s.Flush(g.add)
		}
		g.pass(yield, true)
	}
}

func (p Plan) done(chains int, s *simulate.System) bool {
	return p.Chains > 0 && chains >= p.Chains || p.Rate > 0 && p.Duration > 0 && s.Next().After(s.Start.Add(p.Duration))
}

// gathering puts small batches together, unless they are live.
type gathering struct {
	plan  Plan
	all   ptrace.Traces
	spans int
}

func (g *gathering) add(td ptrace.Traces) {
	g.spans += td.SpanCount()
	td.ResourceSpans().MoveAndAppendTo(g.all.ResourceSpans())
}

func (g *gathering) pass(yield func(ptrace.Traces, error) bool, all bool) bool {
	if g.spans == 0 || g.spans < gathered && g.plan.Rate == 0 && !all {
		return true
	}
	td := g.all
	g.all, g.spans = ptrace.NewTraces(), 0
	return yield(td, nil)
}

// sleep is false where ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
