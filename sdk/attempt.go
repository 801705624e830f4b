package sdk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jcallgraph/jcallgraph/sdk/internal/edge/refusal"
)

func (p *pump) export(batch []*Record) {
	began := p.provider.clock.now()
	err := p.try(batch)
	for pause := firstPause; err != nil && p.mayRetry(err, began) && p.rest(pause); pause = min(2*pause, maxPause) {
		err = p.try(batch)
	}
	p.provider.stats.exported(len(batch), time.Duration(p.provider.clock.now()-began), err)
	if err != nil {
		handle(fmt.Errorf("export %d spans: %w", len(batch), err))
	}
}

// Pauses between attempts to export a batch.
const (
	firstPause = 500 * time.Millisecond
	maxPause   = 5 * time.Second
)

func (p *pump) mayRetry(err error, began int64) bool {
	return !p.immediate && !refusal.Final(err) && time.Duration(p.provider.clock.now()-began) < p.Retry
}

// rest waits about so long; false once the pump is to close.
func (p *pump) rest(pause time.Duration) bool {
	timer := time.NewTimer(pause/2 + rand.N(pause/2)) // so that processes do not come all at once
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.closing:
		return false
	}
}

// try makes one attempt.
func (p *pump) try(batch []*Record) error {
	ctx, cancel := p.alive, func() {}
	if p.Timeout > 0 {
		ctx, cancel = context.WithTimeout(p.alive, p.Timeout)
	}
	defer cancel()
	err := p.send(ctx, batch)
	p.silent = err != nil && ctx.Err() != nil
	return err
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
