package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/zeebo/xxh3"

	"github.com/jcallgraph/jcallgraph/storage"
)

// instanceHash names an instance in the key of its marks.
type instanceHash [16]byte

func hashInstance(name string) instanceHash { return xxh3.HashString128(name).Bytes() }

// mark is what is kept of an instance.
type mark struct {
	storage.Marks
	heard int64 // of the instance last, Unix seconds
}

// marks are those of instances heard of lately, as they are on disk.
type marks map[instanceHash]mark

const (
	maxKnownMarks = 1 << 16 // in memory, some 5 MiB; others are read
	maxMarks      = 1 << 20 // on disk
)

func (m marks) keep(changed map[instanceHash]mark) {
	if len(m)+len(changed) > maxKnownMarks {
		clear(m)
	}
	for instance, x := range changed {
		m[instance] = x
	}
}

func marksKey(h instanceHash) []byte { return append([]byte{prefixMarks}, h[:]...) }

const markLength = 3 * 8

func (m mark) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, m.Newest)
	b = binary.BigEndian.AppendUint64(b, m.Bits)
	return binary.BigEndian.AppendUint64(b, uint64(m.heard))
}

func readMark(value []byte) (m mark, err error) {
	if len(value) != markLength {
		return m, fmt.Errorf("marks of an instance have %d bytes", len(value))
	}
	m.Newest, m.Bits = binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])
	m.heard = int64(binary.BigEndian.Uint64(value[16:]))
	return m, nil
}

// mark is empty for an instance that is not known; s.cells.mu is held.
func (s *Store) mark(h instanceHash) (m mark, err error) {
	if m, ok := s.cells.marks[h]; ok {
		return m, nil
	}
	err = s.withValue(marksKey(h), func(value []byte) (err error) {
		m, err = readMark(value)
		return err
	})
	return m, err
}

// dropOldMarks drops those of instances that were not heard of since a time, and
// of more where there are too many: the longest silent first.
func (s *Store) dropOldMarks(ctx context.Context, since time.Time) error {
	hours := map[int64]int{}
	err := s.scan([]byte{prefixMarks}, prefixEnd(prefixMarks), func(_, value []byte) error {
		m, err := readMark(value)
		hours[m.heard/3600]++
		return err
	})
	if err != nil {
		return err
	}
	before := max(since.Unix(), silentSince(hours, maxMarks))
	from := []byte{prefixMarks}
	for from != nil && ctx.Err() == nil {
		if from, err = s.dropSomeMarks(before, from); err != nil {
			return err
		}
	}
	return nil
}

// silentSince is the time before which marks go so that at most most stay, by
// the hours in which their instances were heard of last.
func silentSince(hours map[int64]int, most int) int64 {
	n := 0
	for _, count := range hours {
		n += count
	}
	before := int64(0)
	for _, h := range slices.Sorted(maps.Keys(hours)) {
		if n <= most {
			break
		}
		n -= hours[h]
		before = h + 1
	}
	return before * 3600
}

func (s *Store) dropSomeMarks(before int64, from []byte) (next []byte, err error) {
	s.cells.mu.Lock()
	defer s.cells.mu.Unlock()
	b := s.db.NewBatch()
	seen := 0
	err = s.scan(from, prefixEnd(prefixMarks), func(key, value []byte) error {
		if seen++; seen > 8*rollCells {
			next = bytes.Clone(key)
			return errEnough
		}
		m, err := readMark(value)
		if err == nil && m.heard < before {
			delete(s.cells.marks, instanceHash(key[1:]))
			return b.Delete(key, nil)
		}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	s.stats.droppedMarks.Add(uint64(b.Count()))
	return next, s.apply(b, pebble.NoSync)
}
