package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// keyShare of what the store may take is left to business keys: beyond it the
// oldest go before their time, once an hour.
const keyShare = 4

// leastKeyAge is how long keys are kept whatever they take.
const leastKeyAge = time.Hour

// tidyKeys drops sightings that are too old, and more where they take too much:
// see tidyCells.
func (s *Store) tidyKeys(ctx context.Context, now time.Time) error {
	age := s.options.Retention
	if err := s.dropOldKeys(ctx, now.Add(-age)); err != nil {
		return err
	}
	n, before := s.keyBytes(), s.stats.droppedSightings.Load()
	if int64(n) <= s.options.MaxBytes/keyShare {
		return nil
	}
	for age > leastKeyAge && s.stats.droppedSightings.Load() == before && ctx.Err() == nil {
		age = max(age/2, leastKeyAge)
		if err := s.dropOldKeys(ctx, now.Add(-age)); err != nil {
			return err
		}
	}
	s.options.Logger.Warn("business keys took more than a quarter of the store's limit, the oldest go before their time: raise the limit, take fewer keys, or keep chains for a shorter time",
		"directory", s.options.Directory, "key_bytes", n, "max_bytes", s.options.MaxBytes, "retention", s.options.Retention, "kept", age)
	return nil
}

// keyBytes is about how much disk business keys take; see cellBytes.
func (s *Store) keyBytes() (n uint64) {
	err := s.scanKeys([]byte{prefixCarried}, prefixEnd(prefixCarried), func([]byte) (err error) {
		n, err = s.db.EstimateDiskUsage([]byte{prefixCarried}, prefixEnd(prefixCrowd))
		return errors.Join(errEnough, err)
	})
	if err != nil && !errors.Is(err, errEnough) {
		s.report(err)
	}
	return n
}

// dropOldKeys drops the sightings that arrived in hours that were over before a
// time, and the links that were seen last then.
func (s *Store) dropOldKeys(ctx context.Context, arrived time.Time) error {
	hour := hourOf(arrived.UnixNano())
	for _, p := range []struct {
		prefix byte
		drop   func(b *pebble.Batch, hour int64, key, value []byte) error
	}{
		{prefixCarried, s.dropCarried},
		{prefixLink, dropLink},
		{prefixCrowd, dropCrowd},
	} {
		drop := func(b *pebble.Batch, key, value []byte) error { return p.drop(b, hour, key, value) }
		for from := []byte{p.prefix}; from != nil && ctx.Err() == nil; {
			var err error
			if from, err = s.dropSomeKeys(from, prefixEnd(p.prefix), drop); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropSomeKeys lets drop see some rows from a key on, and returns where to go
// on; nil at the end. Writers wait for it.
func (s *Store) dropSomeKeys(from, to []byte, drop func(b *pebble.Batch, key, value []byte) error) (next []byte, err error) {
	s.sightings.mu.Lock()
	defer s.sightings.mu.Unlock()
	b := s.db.NewBatch()
	seen := 0
	err = s.scan(from, to, func(key, value []byte) error {
		if seen++; seen > 8*rollCells || b.Count() > rollCells {
			next = bytes.Clone(key)
			return errEnough
		}
		return drop(b, key, value)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if b.Empty() {
		return next, b.Close()
	}
	return next, s.apply(b, pebble.NoSync)
}

// dropCarried drops the sightings of a trace that are too old.
func (s *Store) dropCarried(b *pebble.Batch, hour int64, key, value []byte) error {
	all, err := readCarried(value)
	if err != nil {
		return err
	}
	return s.dropOf(b, traceKeys{id: [16]byte(key[1:]), keys: all}, func(c *carried) bool { return c.hour < hour })
}

// dropOf drops those sightings of a trace that gone says.
func (s *Store) dropOf(b *pebble.Batch, t traceKeys, gone func(*carried) bool) error {
	left := slices.DeleteFunc(slices.Clone(t.keys), func(c carried) bool {
		if !gone(&c) {
			return false
		}
		_ = b.Delete(sightingKey(c.key, c.start, t.id), nil) // fails for no open batch
		s.stats.droppedSightings.Add(1)
		return true
	})
	switch len(left) {
	case len(t.keys):
		return nil
	case 0:
		return b.Delete(carriedKey(t.id), nil)
	}
	return b.Set(carriedKey(t.id), appendCarried(nil, left), nil)
}

func dropLink(b *pebble.Batch, hour int64, key, value []byte) error {
	if len(value) < 16 {
		return errCorruptKey
	}
	return dropCrowd(b, hour, key, value[16:])
}

func dropCrowd(b *pebble.Batch, hour int64, key, value []byte) error {
	seen, n := binary.Uvarint(value)
	if n <= 0 {
		return errCorruptKey
	}
	if int64(seen) < hour {
		return b.Delete(key, nil)
	}
	return nil
}
