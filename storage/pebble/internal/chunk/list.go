package chunk

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Shard is the part of the lists that holds a term or short ID.
func Shard(hash uint32) int { return int(hash >> 28) }

// posting says that a segment has a hash: hash<<32 | segment.
type posting uint64

func (p posting) hash() uint32    { return uint32(p >> 32) }
func (p posting) segment() uint32 { return uint32(p) }

// lists are the shards of hashes with their segments while they are written.
type lists struct {
	shards [Shards][]byte
	before [Shards]uint32
}

func newLists() *lists {
	l := &lists{}
	for i := range l.shards {
		l.shards[i] = []byte{version}
		l.before[i] = uint32(i) << 28
	}
	return l
}

// add takes hashes in rising order.
func (l *lists) add(hash uint32, segments []uint32) {
	n := Shard(hash)
	b := binary.AppendUvarint(l.shards[n], uint64(hash-l.before[n]))
	l.shards[n] = appendRising(b, segments)
	l.before[n] = hash
}

// runs yields each hash of sorted postings with its segments, each once.
func runs(postings []posting, yield func(hash uint32, segments []uint32)) {
	var segments []uint32
	for len(postings) > 0 {
		hash := postings[0].hash()
		segments = segments[:0]
		for len(postings) > 0 && postings[0].hash() == hash {
			segments = append(segments, postings[0].segment())
			postings = postings[1:]
		}
		yield(hash, slices.Compact(segments))
	}
}

// Lookup reads a shard for one hash: the segments that have it. A term that
// is common has no segments and is found.
func Lookup(shard []byte, hash uint32) (segments []uint32, found bool, err error) {
	r := reader{b: shard}
	r.version()
	at := uint64(hash) &^ (1<<28 - 1)
	for len(r.b) > 0 {
		at += r.uvarint()
		switch {
		case at < uint64(hash):
			r.skip()
			continue
		case at == uint64(hash):
			segments, found = r.rising(nil, MaxSegments), true
		}
		break
	}
	if r.failed {
		return nil, false, fmt.Errorf("look up %08x in %d bytes: %w", hash, len(shard), ErrCorrupt)
	}
	return segments, found, nil
}
