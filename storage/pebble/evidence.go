package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// dayKey is the first key of a day's evidence.
func dayKey(day int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixEvidence}, rising(day))
}

func evidenceKey(k strength.Key) []byte {
	b := binary.BigEndian.AppendUint64(dayKey(k.Day), uint64(k.Site))
	return append(binary.BigEndian.AppendUint64(b, k.Writer), byte(k.Source))
}

const evidenceKeyLength = 1 + 3*8 + 1

// evidenceAtOnce bounds a batch of records, some 10 MiB as a rule.
const evidenceAtOnce = 1 << 13

// WriteEvidence implements storage.EvidenceWriter.
func (s *Store) WriteEvidence(ctx context.Context, records []strength.Record) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("write evidence of %d sites: %w", len(records), err)
	}
	defer s.gate.leave()
	for left := records; len(left) > 0; {
		n := min(len(left), evidenceAtOnce)
		err := ctx.Err()
		if err == nil {
			err = s.putEvidence(left[:n])
		}
		if err != nil {
			return fmt.Errorf("write evidence of %d sites: %w", len(records), err)
		}
		left = left[n:]
	}
	return nil
}

func (s *Store) putEvidence(records []strength.Record) error {
	b := s.db.NewBatch()
	var value []byte
	for i := range records {
		value = records[i].Append(value[:0])
		if len(value) > strength.MaxRecord {
			return fmt.Errorf("evidence of site %s has %d bytes, more than %d", records[i].Site, len(value), strength.MaxRecord)
		}
		if err := b.Set(evidenceKey(records[i].Key), value, nil); err != nil {
			return err
		}
	}
	if err := s.commit(b); err != nil {
		return err
	}
	s.stats.evidence.Add(uint64(len(records)))
	return nil
}

// Evidence implements storage.EvidenceReader.
func (s *Store) Evidence(ctx context.Context, q storage.EvidenceQuery, yield func([]strength.Record) error) error {
	r := &evidenceReading{ctx: ctx, store: s, query: q, yield: yield}
	if err := s.reading(ctx, r.run); err != nil {
		return fmt.Errorf("read evidence of days %d to %d: %w", q.FromDay, q.ToDay, err)
	}
	return nil
}

// evidenceBatch is how many records a reader gets at a time.
const evidenceBatch = 256

type evidenceReading struct {
	ctx   context.Context
	store *Store
	query storage.EvidenceQuery
	yield func([]strength.Record) error
	batch []strength.Record
}

func (r *evidenceReading) run() (err error) {
	if r.query.FromDay > r.query.ToDay {
		return nil
	}
	to := end(dayKey(r.query.ToDay))
	it, err := r.store.db.NewIter(&pebble.IterOptions{LowerBound: dayKey(r.query.FromDay), UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if r.query.Sites == nil {
		return r.all(it)
	}
	return r.sites(it)
}

func (r *evidenceReading) all(it *pebble.Iterator) error {
	for ok := it.First(); ok; ok = it.Next() {
		if err := r.take(it); err != nil {
			return err
		}
	}
	return errors.Join(it.Error(), r.flush())
}

// sites looks for each of them on each day that there is.
func (r *evidenceReading) sites(it *pebble.Iterator) error {
	for ok := it.First(); ok; {
		day, err := evidenceDay(it.Key())
		if err != nil {
			return err
		}
		for _, site := range unique(r.query.Sites) {
			prefix := evidenceKey(strength.Key{Day: day, Site: site})[:1+2*8]
			for ok := it.SeekGE(prefix); ok && string(it.Key()[:len(prefix)]) == string(prefix); ok = it.Next() {
				if err := r.take(it); err != nil {
					return err
				}
			}
		}
		ok = it.SeekGE(end(dayKey(day)))
	}
	return errors.Join(it.Error(), r.flush())
}

func unique(sites []callgraph.StaticID) []callgraph.StaticID {
	set := map[callgraph.StaticID]struct{}{}
	for _, x := range sites {
		set[x] = struct{}{}
	}
	return sorted(set, func(a, b callgraph.StaticID) int {
		if a < b {
			return -1
		}
		return 1
	})
}

func evidenceDay(key []byte) (int64, error) {
	if len(key) != evidenceKeyLength {
		return 0, fmt.Errorf("evidence's key has %d bytes, not %d", len(key), evidenceKeyLength)
	}
	return falling(binary.BigEndian.Uint64(key[1:])), nil
}

func (r *evidenceReading) take(it *pebble.Iterator) error {
	key := it.Key()
	if len(key) != evidenceKeyLength {
		return fmt.Errorf("evidence's key has %d bytes, not %d", len(key), evidenceKeyLength)
	}
	if r.query.Writer != 0 && binary.BigEndian.Uint64(key[1+2*8:]) != r.query.Writer {
		return nil
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return err
	}
	x, err := strength.ParseRecord(value)
	if err != nil {
		return err
	}
	if r.batch = append(r.batch, x); len(r.batch) < evidenceBatch {
		return nil
	}
	return r.flush()
}

func (r *evidenceReading) flush() error {
	if err := errors.Join(r.ctx.Err(), r.store.gate.open()); err != nil {
		return err
	}
	batch := r.batch
	r.batch = nil
	if len(batch) == 0 {
		return nil
	}
	return r.yield(batch)
}

// dropOldEvidence drops that of days that were over before a time.
func (s *Store) dropOldEvidence(before time.Time) error {
	from, to := []byte{prefixEvidence}, dayKey(strength.DayOf(before))
	var n uint64
	if err := s.scanKeys(from, to, func([]byte) error { n++; return nil }); err != nil || n == 0 {
		return err
	}
	b := s.db.NewBatch()
	_ = b.DeleteRange(from, to, nil)
	if err := s.apply(b, pebble.NoSync); err != nil {
		return err
	}
	s.stats.droppedEvidence.Add(n)
	return nil
}
