package pebble

import (
	"context"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/chunk"
)

func (s *Store) maintainEvery(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.maintain(ctx, s.options.Now())
		case <-s.dropped:
			s.report(s.free(ctx))
		}
	}
}

// maintain does what time asks for.
func (s *Store) maintain(ctx context.Context, now time.Time) {
	s.ledger.sealBefore(hourOf(now.UnixNano()) * int64(time.Hour))
	s.report(s.dropOld(now.Add(-s.options.Retention).UnixNano()))
	s.enforceBytes()
	s.report(s.dropOldRequests(now))
	s.report(s.rollUp(ctx, now))
	if hour := hourOf(now.UnixNano()); s.tidied.Swap(hour) != hour {
		s.report(s.tidyCells(ctx, now))
		s.report(s.dropOldEvidence(now.Add(-s.options.EdgeRetention)))
		s.report(s.tidyKeys(ctx, now))
		s.report(s.dropOldMarks(ctx, now.Add(-s.options.EdgeRetention)))
		s.report(s.dropOldNames(now))
	}
}

// leastCellAge is how long cells are kept whatever they take: the youngest may
// still be written again.
const leastCellAge = time.Hour

// tidyCells drops the cells that are too old. Where they take more than half
// of what the store may, the age is halved until some go: once an hour, so
// that space has been freed when it is looked at again.
func (s *Store) tidyCells(ctx context.Context, now time.Time) error {
	age := s.options.EdgeRetention
	if err := s.dropOldCells(ctx, now.Add(-age)); err != nil {
		return err
	}
	n, before := s.cellBytes(), s.stats.droppedCells.Load()
	if int64(n) <= s.options.MaxBytes/2 {
		return nil
	}
	for age > leastCellAge && s.stats.droppedCells.Load() == before && ctx.Err() == nil {
		age = max(age/2, leastCellAge)
		if err := s.dropOldCells(ctx, now.Add(-age)); err != nil {
			return err
		}
	}
	s.options.Logger.Warn("edge counts took more than half of the store's limit, the oldest go before their time: raise the limit or keep edges for a shorter time",
		"directory", s.options.Directory, "edge_bytes", n, "max_bytes", s.options.MaxBytes, "edge_retention", s.options.EdgeRetention, "kept", age)
	return nil
}

// report tells of trouble in the background, which goes on the next time.
func (s *Store) report(err error) {
	if err != nil {
		s.backgroundError(err)
	}
}

// dropOld drops the chunks whose last span arrived before a time.
func (s *Store) dropOld(arrival int64) error {
	s.dropping.Lock()
	defer s.dropping.Unlock()
	chunks := s.ledger.view().chunks
	n := 0
	for n < len(chunks) && chunks[n].lastArrival < arrival {
		n++
	}
	return s.drop(chunks[:n])
}

// dropShare of what the store may take is dropped beyond what must be, so that
// it is not dropped, and freed, chunk by chunk.
const dropShare = 50

// enforceBytes drops the oldest chunks when the store is too large.
func (s *Store) enforceBytes() {
	s.dropping.Lock()
	defer s.dropping.Unlock()
	chunks := s.ledger.view().chunks
	excess := int64(s.cellBytes()+s.keyBytes()) - s.options.MaxBytes
	for _, c := range chunks {
		excess += int64(c.bytes)
	}
	if excess <= 0 {
		return
	}
	excess += s.options.MaxBytes / dropShare
	n := 0
	for ; n < len(chunks) && excess > 0; n++ {
		excess -= int64(chunks[n].bytes)
	}
	s.report(s.drop(chunks[:n]))
}

// drop deletes the oldest chunks; s.dropping is held. The flush frees their space: until then the
// deletion is only known to the memory table.
func (s *Store) drop(chunks []*chunkInfo) error {
	if len(chunks) == 0 {
		return nil
	}
	last := chunks[len(chunks)-1]
	b := s.db.NewBatch()
	_ = b.DeleteRange(numberKey(prefixSegment, 0), numberKey(prefixSegment, last.low), nil)
	for _, prefix := range []byte{prefixDirectory, prefixClasses} {
		_ = b.DeleteRange(numberKey(prefix, 0), numberKey(prefix, last.number+1), nil)
	}
	for _, prefix := range []byte{prefixTerms, prefixTraces} {
		for shard := range chunk.Shards {
			_ = b.DeleteRange(shardKey(prefix, shard, 0), shardKey(prefix, shard, last.number+1), nil)
		}
	}
	if err := s.guard(func() error { return s.db.Apply(b, pebble.NoSync) }); err != nil {
		return err
	}
	s.ledger.drop(len(chunks))
	for _, c := range chunks {
		s.stats.dropped.Add(c.spans)
	}
	select {
	case s.dropped <- struct{}{}:
	default:
	}
	return nil
}

// free gives the space of dropped chunks back: a deletion that is only known
// to the memory table frees nothing, and tables that hold other keys, too, are
// not looked at for long.
func (s *Store) free(ctx context.Context) error {
	chunks := s.ledger.view().chunks
	low := uint64(1<<64 - 1)
	if len(chunks) > 0 {
		low = chunks[0].first
	}
	return s.guard(func() error {
		if err := s.db.Flush(); err != nil {
			return err
		}
		if err := s.db.Compact(ctx, numberKey(prefixSegment, 0), numberKey(prefixSegment, low), false); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
}

func (s *Store) dropOldNames(now time.Time) error {
	b := s.db.NewBatch()
	s.names.forget(b, hourOf(now.Add(-s.options.Retention).UnixNano()))
	if b.Empty() {
		return b.Close()
	}
	return s.apply(b, pebble.NoSync)
}
