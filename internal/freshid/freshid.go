// Package freshid decides which IDs a repetition of recorded traces bears: a
// fixed function of the generation and the recorded ID, so that spans of one
// trace, parents and links stay together however the recording is cut.
package freshid

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"
)

// Generation is one repetition. The zero Generation keeps every ID.
type Generation uint64

// TraceID is the ID that stands for id. An empty ID stays empty, another never
// becomes empty.
func (g Generation) TraceID(id [16]byte) [16]byte {
	if g == 0 || id == [16]byte{} {
		return id
	}
	h := xxh3.Hash128Seed(id[:], uint64(g))
	h.Lo |= 1 // never empty; one bit in 128 is no loss
	return h.Bytes()
}

// SpanID is the ID that stands for id, in the same way.
func (g Generation) SpanID(id [8]byte) (fresh [8]byte) {
	if g == 0 || id == [8]byte{} {
		return id
	}
	binary.BigEndian.PutUint64(fresh[:], permute(binary.BigEndian.Uint64(id[:]), uint64(g)))
	return fresh
}

// permute is a bijection of 64 bits for each seed, so that span IDs of one
// trace never collide: SplitMix64's finalizer, with 0 and its image swapped.
func permute(x, seed uint64) uint64 {
	y := mix(x + seed)
	if y == 0 {
		return mix(seed) // where 0 would go, which no other ID reaches
	}
	return y
}

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
