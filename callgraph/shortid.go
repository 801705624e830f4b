package callgraph

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"
)

// ShortID is bytes 8–11 of a trace ID, whoever made it: the paper's short
// UUID (3.3). It is a part of the full ID that a person can see and grep.
type ShortID uint32

// ShortIDOf is the short ID of a trace ID.
func ShortIDOf(traceID [16]byte) ShortID { return ShortID(binary.BigEndian.Uint32(traceID[8:12])) }

// String is eight hex digits.
func (s ShortID) String() string { return fmt.Sprintf("%08x", uint32(s)) }

// ParseShortID reads eight hex digits.
func ParseShortID(s string) (ShortID, error) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 8 {
		return 0, fmt.Errorf("short ID %q is not eight hex digits", s)
	}
	return ShortID(n), nil
}

// BornShort is the trace ID that starts at the given Unix millisecond with the
// given random bits, which become its short ID. It is a fixed function of the
// two: 48 bits of time, 16 of check, 32 random, 32 of mix (docs/spec/identifiers.md).
func BornShort(millis int64, random ShortID) [16]byte {
	ms := uint64(millis) & (1<<48 - 1)
	h := bornMix(ms, random)
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], ms<<16|h>>48)
	binary.BigEndian.PutUint32(id[8:12], uint32(random))
	binary.BigEndian.PutUint32(id[12:], uint32(h))
	return id
}

// IsBornShort reports whether the ID is one that BornShort makes; a foreign ID
// passes for one once in 2^48.
func IsBornShort(id [16]byte) bool {
	return BornShort(bornMillis(id), ShortIDOf(id)) == id
}

// BornAt is the start that a born-short ID carries; false for other IDs.
func BornAt(id [16]byte) (time.Time, bool) {
	if !IsBornShort(id) {
		return time.Time{}, false
	}
	return time.UnixMilli(bornMillis(id)).UTC(), true
}

func bornMillis(id [16]byte) int64 { return int64(binary.BigEndian.Uint64(id[:8]) >> 16) }

func bornMix(ms uint64, random ShortID) uint64 { return mix64(mix64(ms+golden) ^ uint64(random)) }

// SpanIDOf is the span ID with the given number of the process with the given
// key: a bijection, so that who was told the key once restores it from the
// number (docs/spec/identifiers.md). It is zero for one number only, -key.
func SpanIDOf(key, number uint64) (id [8]byte) {
	binary.BigEndian.PutUint64(id[:], mix64(key+number))
	return id
}

// SpanNumberOf is the number that SpanIDOf made the ID of.
func SpanNumberOf(key uint64, id [8]byte) uint64 {
	return unmix64(binary.BigEndian.Uint64(id[:])) - key
}

const golden = 0x9e3779b97f4a7c15 // 2^64 / φ, odd: keeps mix64's fixed point 0 away

// mix64 is MurmurHash3's 64-bit finaliser: a bijection whose every output bit
// depends on every input bit.
func mix64(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// unmix64 takes mix64 back.
func unmix64(x uint64) uint64 {
	x ^= x >> 33
	x *= 0x9cb4b2f8129337db // the inverse of 0xc4ceb9fe1a85ec53 modulo 2^64
	x ^= x >> 33
	x *= 0x4f74430c22a54005 // the inverse of 0xff51afd7ed558ccd modulo 2^64
	return x ^ x>>33
}
