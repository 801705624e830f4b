package pebble

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/chunk"
	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// retryIndex is how long a chunk waits after its indexes could not be written.
const retryIndex = time.Second

// index writes the indexes of full chunks behind the writers' backs.
func (s *Store) index(ctx context.Context) {
	retry := time.NewTicker(retryIndex)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ledger.wake:
		case <-retry.C:
		}
		s.indexFull(ctx)
	}
}

// indexFull writes the indexes of all chunks that are full.
func (s *Store) indexFull(ctx context.Context) {
	s.indexing.Lock()
	defer s.indexing.Unlock()
	for ctx.Err() == nil {
		full, number := s.ledger.oldestFull()
		if full == nil {
			return
		}
		c, err := s.indexChunk(full, number)
		s.ledger.indexed(c, err)
		if err != nil {
			s.stats.backgroundErrors.Add(1)
			s.options.Logger.Warn("chunk not indexed, will try again", "directory", s.options.Directory, "error", err)
			return
		}
		s.enforceBytes()
	}
}

func (s *Store) indexChunk(full *sealed, number uint64) (*chunkInfo, error) {
	indexes := make([]*segment.Index, len(full.segments))
	for i, e := range full.segments {
		indexes[i] = e.index
	}
	tables, err := chunk.Build(indexes)
	if err != nil {
		return nil, fmt.Errorf("index chunk %d: %w", number, err)
	}
	d := directoryOf(full)
	b := s.db.NewBatch()
	d.Bytes += uint64(setTables(b, number, tables))
	_ = b.Set(numberKey(prefixDirectory, number), d.Append(nil), nil)
	// No sync: what a crash takes is made again from the segments.
	if err := s.apply(b, pebble.NoSync); err != nil {
		return nil, fmt.Errorf("write indexes of chunk %d: %w", number, err)
	}
	return infoOf(number, d), nil
}

func directoryOf(full *sealed) *chunk.Directory {
	first := full.segments[0].arrival
	d := &chunk.Directory{Low: full.low, FirstArrival: first, LastArrival: first}
	for _, e := range full.segments {
		d.FirstArrival, d.LastArrival = min(d.FirstArrival, e.arrival), max(d.LastArrival, e.arrival)
		d.Bytes += uint64(e.bytes)
		d.Spans += uint64(len(e.index.Spans))
		d.Segments = append(d.Segments, chunk.Entry{
			Number: e.number, Oldest: e.index.Oldest, Newest: e.index.Newest, Spans: len(e.index.Spans),
		})
	}
	return d
}

// setTables returns how many bytes they take.
func setTables(b *pebble.Batch, number uint64, t *chunk.Tables) int {
	bytes := len(t.Classes)
	_ = b.Set(numberKey(prefixClasses, number), t.Classes, nil)
	for shard := range chunk.Shards {
		_ = b.Set(shardKey(prefixTerms, shard, number), t.Terms[shard], nil)
		_ = b.Set(shardKey(prefixTraces, shard, number), t.Traces[shard], nil)
		bytes += len(t.Terms[shard]) + len(t.Traces[shard])
	}
	return bytes
}

// loadLedger reads the directories and indexes again what no chunk has.
func (s *Store) loadLedger() error {
	began := time.Now()
	s.ledger = newLedger()
	low, have, err := s.loadChunks()
	if err != nil {
		return err
	}
	if err := s.loadTail(low, have); err != nil {
		return err
	}
	s.stats.rebuild.Store(int64(time.Since(began)))
	return nil
}

// loadChunks returns the number from which segments may be in no chunk, and
// which of those are in one.
func (s *Store) loadChunks() (low uint64, have map[uint64]bool, err error) {
	l := s.ledger
	var above []uint64
	err = s.scan([]byte{prefixDirectory}, prefixEnd(prefixDirectory), func(key, value []byte) error {
		number := keyNumber(key)
		d, err := chunk.ReadDirectory(value)
		if err != nil {
			return fmt.Errorf("read chunk %d: %w", number, err)
		}
		l.chunks = append(l.chunks, infoOf(number, d))
		l.nextChunk, low = number+1, d.Low
		l.last = max(l.last, d.LastArrival)
		above = appendAbove(above, d)
		return nil
	})
	have = make(map[uint64]bool, len(above))
	for _, n := range above {
		have[n] = true
	}
	l.next = low
	return low, have, err
}

// appendAbove keeps the segments of d from its Low on, and forgets what d has
// below.
func appendAbove(above []uint64, d *chunk.Directory) []uint64 {
	kept := above[:0]
	for _, n := range above {
		if n >= d.Low {
			kept = append(kept, n)
		}
	}
	for _, s := range d.Segments {
		if s.Number >= d.Low {
			kept = append(kept, s.Number)
		}
	}
	return kept
}

func (s *Store) loadTail(low uint64, have map[uint64]bool) error {
	e, err := segment.NewEncoder()
	if err != nil {
		return err
	}
	return s.scan(numberKey(prefixSegment, low), prefixEnd(prefixSegment), func(key, value []byte) error {
		return s.loadSegment(e, keyNumber(key), value, have)
	})
}

func (s *Store) loadSegment(e *segment.Encoder, number uint64, value []byte, have map[uint64]bool) error {
	arrival, err := segment.Arrival(value)
	if err != nil {
		s.skipSegment(number, err)
		return nil
	}
	t := s.ledger.resume(number, arrival)
	if have[number] {
		s.ledger.abort(t)
		return nil
	}
	t.bytes = len(value)
	if t.index, err = s.reindex(e, value); err != nil {
		s.ledger.abort(t)
		s.skipSegment(number, err)
		return nil
	}
	s.ledger.publish(t)
	return nil
}

// skipSegment counts a segment that can't be read: the others can.
func (s *Store) skipSegment(number uint64, err error) {
	s.stats.corrupt.Add(1)
	s.options.Logger.Error("segment can't be read", "directory", s.options.Directory, "segment", number, "error", err)
}

// reindex derives a segment's index from what it holds.
func (s *Store) reindex(e *segment.Encoder, value []byte) (*segment.Index, error) {
	g, err := s.segments.Open(value)
	if err != nil {
		return nil, err
	}
	body, err := g.Decompress()
	if err != nil {
		return nil, err
	}
	var a segment.Assembler
	a.Add(body, 0, g.Len())
	e.Reset()
	if err := e.Add(a.Request()); err != nil {
		return nil, err
	}
	return e.Index(), nil
}

// scan yields keys from <= key < to with their values, which it owns.
func (s *Store) scan(from, to []byte, yield func(key, value []byte) error) (err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := yield(it.Key(), value); err != nil {
			return err
		}
	}
	return it.Error()
}
