package segment

import "encoding/binary"

// reader takes a segment's parts off a buffer. After the first failure it
// yields zeros and stays failed.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 {
		v := r.b[0]
		r.b = r.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count is a number of things that take at least size bytes each of what is
// left: it can be allocated for.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.b)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) fail() { r.b, r.failed = nil, true }

// blobs are a blob list: few allocations, and nothing that the garbage
// collector follows entry by entry.
type blobs struct {
	data []byte
	ends []uint32
}

func (b *blobs) len() int { return len(b.ends) }

func (b *blobs) at(n uint32) []byte {
	from := uint32(0)
	if n > 0 {
		from = b.ends[n-1]
	}
	return b.data[from:b.ends[n]:b.ends[n]]
}

func (r *reader) blobs() (b blobs) {
	b.ends = make([]uint32, r.count(1))
	end := uint64(0)
	for i := range b.ends {
		end += min(r.uvarint(), MaxBody+1)
		b.ends[i] = uint32(min(end, MaxBody+1))
	}
	b.data = r.take(int(min(end, MaxBody+1)))
	if r.failed {
		return blobs{}
	}
	return b
}
