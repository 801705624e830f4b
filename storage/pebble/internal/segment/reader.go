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

// blobs reads a blob list.
func (r *reader) blobs(into [][]byte) [][]byte {
	n := r.count(1)
	lengths := reader{b: r.b}
	for range n {
		r.uvarint()
	}
	for range n {
		into = append(into, r.take(int(min(lengths.uvarint(), MaxBody))))
	}
	return into
}
