package chunk

import "encoding/binary"

// reader takes numbers off a buffer. After the first failure it yields zeros
// and stays failed.
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

func (r *reader) version() {
	if len(r.b) == 0 || r.b[0] != version {
		r.fail()
		return
	}
	r.b = r.b[1:]
}

// rising reads a rising list of numbers below bound into a list.
func (r *reader) rising(into []uint32, bound uint64) []uint32 {
	at := uint64(0)
	for range r.count(1) {
		at += r.uvarint()
		if at >= bound {
			r.fail()
			return into
		}
		into = append(into, uint32(at))
	}
	return into
}

func (r *reader) skip() {
	for range r.count(1) {
		r.uvarint()
	}
}

func (r *reader) fail() { r.b, r.failed = nil, true }

func appendRising(b []byte, list []uint32) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	before := uint32(0)
	for _, n := range list {
		b = binary.AppendUvarint(b, uint64(n-before))
		before = n
	}
	return b
}
