package dependencyprocessor

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/rounds"
	"github.com/jcallgraph/jcallgraph/internal/seldom"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/ledger"
	"github.com/jcallgraph/jcallgraph/processor/dependency/wholechain"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	// patience is how long one flush may take: what hangs is given up, and all of
	// it done again.
	patience = 10 * time.Second
	// complainEvery bounds how often the log tells of failed flushes.
	complainEvery = time.Minute
)

// keeper lets local traces go that waited in vain, reads whole chains, and
// writes evidence down. It owns one goroutine, which alone does so.
type keeper struct {
	interval time.Duration
	observer *dependency.Observer
	chains   *wholechain.Reader // or nil
	ledger   *ledger.Ledger
	complain func(error)

	told       []strength.Record // by chains, not taken by the ledger yet
	turn       uint64            // of flushes that went well
	kept, owed atomic.Int64      // of the ledger
	flushed    atomic.Uint64
	failed     atomic.Uint64

	rounds *rounds.Rounds
}

// keptRecords is how many of the records written last are at hand, a few
// kilobytes each: those of the sites that are seen all the time.
const keptRecords = 4096

func newKeeper(p *dependencyProcessor, backend storage.Backend) *keeper {
	return &keeper{
		interval: p.config.FlushInterval, observer: p.observer, chains: p.chains,
		ledger: ledger.New(backend, storage.WriterIDOf(backend, p.id.Name()), min(keptRecords, p.config.MaxSites)),
		complain: seldom.Errors(complainEvery, func(err error) {
			p.settings.Logger.Warn("evidence of dependencies could not be written and will be written again", zap.Error(err))
		}),
	}
}

func (k *keeper) start() { k.rounds = rounds.Start(k.interval, k.tick) }

// stop waits for the goroutine and flushes for the last time.
func (k *keeper) stop(ctx context.Context) error {
	k.rounds.Stop(ctx)
	return k.flush(ctx, k.observer.Take)
}

func (k *keeper) tick(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	k.observer.Expire(now)
	if k.chains != nil && len(k.told) == 0 { // while the store is down none is read
		k.told = k.chains.Run(ctx, now)
	}
	due := func(limit int) []strength.Record { return k.observer.TakeDue(limit, k.turn+1) }
	if err := k.flush(ctx, due); err != nil {
		k.complain(err)
	}
}

func (k *keeper) flush(ctx context.Context, observed func(limit int) []strength.Record) error {
	err := k.ledger.Flush(ctx, func(limit int) []strength.Record { return k.take(limit, observed) })
	if k.flushed.Add(1); err != nil {
		k.failed.Add(1)
	} else {
		k.turn++
	}
	k.kept.Store(int64(k.ledger.Kept()))
	k.owed.Store(int64(k.ledger.Owed()))
	return err
}

// take hands out what chains told first.
func (k *keeper) take(limit int, observed func(limit int) []strength.Record) []strength.Record {
	if n := min(limit, len(k.told)); n > 0 {
		taken := k.told[:n:n]
		k.told = k.told[n:]
		return taken
	}
	return observed(limit)
}
