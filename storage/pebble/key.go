package pebble

import "encoding/binary"

// First bytes of the store's keys.
const (
	prefixDirectory  = 'D' // chunk: its segments
	prefixClasses    = 'C' // chunk: classes of common terms
	prefixTerms      = 'X' // shard, chunk: terms with their segments
	prefixTraces     = 'Y' // shard, chunk: short IDs with their segments
	prefixSegment    = 'S' // number: a segment
	prefixRequests   = 'R' // number of a segment: arrival, hashes of its requests
	prefixCell       = 'E' // a cell
	prefixEvidence   = 'F' // day, site, writer, source: a record
	prefixEdge       = 'G' // hash: an edge that cells name
	prefixName       = 'N' // service, operation, kind: hour last seen
	prefixCheckpoint = 'K' // writer: arrival
	prefixMarks      = 'I' // hash of an instance: its marks, last heard of
	prefixMeta       = 'M' // what there is one of
	prefixCarried    = 'T' // trace: its business keys
	prefixSighting   = 'U' // business key by value, start, trace: nothing
	prefixLink       = 'V' // business key by value, another by kind: trace with both, hour of arrival
	prefixCrowd      = 'W' // business key by value, trace with many of them: hour of arrival
)

func numberKey(prefix byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix}, number)
}

func shardKey(prefix byte, shard int, chunk uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix, byte(shard)}, chunk)
}

// keyNumber is the number that a key ends with.
func keyNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// prefixEnd is the first key behind those of a prefix.
func prefixEnd(prefix byte) []byte { return []byte{prefix + 1} }

func metaKey(name string) []byte { return append([]byte{prefixMeta}, name...) }
