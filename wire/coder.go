package wire

import "math/bits"

// prob is an adaptive probability that a bit is one: 12 bits of it above 4 bits
// that count observations. The zero value stands for one half.
type prob uint16

// rates are the steps by which a probability moves after as many observations,
// in 1/65536.
var rates = [16]uint32{
	32768, 21845, 16384, 13107, 10923, 9362, 8192, 6554, 5461, 4681, 4096, 3277, 2731, 2341, 2048, 2048,
}

// coder writes or reads one frame's two sections: the coded one (a binary
// arithmetic coder) and the raw one (bits as they are). Each method codes its
// argument and returns what was coded, so that the model is one piece of code
// for both directions; a decoder's arguments are ignored.
type coder struct {
	decoding        bool
	low, high, code uint32
	coded           []byte
	at              int // of coded, next to be read
	raw             rawBits
}

func (c *coder) beginEncoding() {
	c.low, c.high = 0, 1<<32-1
	c.coded = c.coded[:0]
	c.raw = rawBits{bytes: c.raw.bytes[:0]}
}

func (c *coder) endEncoding() {
	// Any value between low and high will do: the shortest that ends in zeros,
	// which a decoder reads beyond the end.
	c.coded = append(c.coded, byte(c.high>>24))
	if c.high>>24<<24 < c.low { // not beyond low: keep all bytes
		c.coded = append(c.coded, byte(c.high>>16), byte(c.high>>8), byte(c.high))
	}
	c.raw.flush()
}

func (c *coder) beginDecoding(coded, raw []byte) {
	c.decoding = true
	c.low, c.high, c.code = 0, 1<<32-1, 0
	c.coded, c.at = coded, 0
	c.raw = rawBits{bytes: raw}
	for range 4 {
		c.code = c.code<<8 | c.nextByte()
	}
}

func (c *coder) nextByte() uint32 {
	c.at++
	if c.at > len(c.coded) {
		return 0
	}
	return uint32(c.coded[c.at-1])
}

// overrun reports whether more was read than is there.
func (c *coder) overrun() bool { return c.at > len(c.coded)+4 || c.raw.overrun }

func (c *coder) bit(m *prob, b uint32) uint32 {
	s := uint32(*m) ^ 0x8000
	p, n := s>>4, s&15
	mid := c.low + uint32(uint64(c.high-c.low)*uint64(p<<4|8)>>16)
	if c.decoding {
		b = 0
		if c.code <= mid {
			b = 1
		}
	}
	if b != 0 {
		c.high = mid
		p += (4095 - p) * rates[n] >> 16
	} else {
		c.low = mid + 1
		p -= p * rates[n] >> 16
	}
	if n < 15 {
		n++
	}
	*m = prob((p<<4 | n) ^ 0x8000)
	if (c.low^c.high)>>24 == 0 {
		c.shift()
	}
	return b
}

func (c *coder) shift() {
	for (c.low^c.high)>>24 == 0 {
		if c.decoding {
			c.code = c.code<<8 | c.nextByte()
		} else {
			c.coded = append(c.coded, byte(c.high>>24))
		}
		c.low <<= 8
		c.high = c.high<<8 | 0xff
	}
}

func (c *coder) flag(m *prob, b bool) bool {
	var v uint32
	if b {
		v = 1
	}
	return c.bit(m, v) != 0
}

// tree codes a symbol of n bits, highest bit first; m has 1<<n probabilities.
func (c *coder) tree(m []prob, n int, v uint32) uint32 {
	node := uint32(1)
	for i := n - 1; i >= 0; i-- {
		node = node<<1 | c.bit(&m[node], v>>i&1)
	}
	return node - 1<<n
}

// numberModel codes a number by its length in bits; the bits below its highest
// are raw, the first of them aside.
type numberModel struct {
	length [64]prob
	second [64]prob // by length, the bit below the highest
	sign   prob
}

func (c *coder) number(m *numberModel, v uint64) uint64 {
	n := int(c.tree(m.length[:], 6, min(uint32(bits.Len64(v)), 63)))
	switch {
	case n < 2:
		return uint64(n)
	case n == 63: // or 64
		return c.bits(64, v)
	}
	second := uint64(c.bit(&m.second[n], uint32(v>>(n-2)&1)))
	return (2|second)<<(n-2) | c.bits(n-2, v&(1<<(n-2)-1))
}

// signed codes a number and its sign.
func (c *coder) signed(m *numberModel, v int64) int64 {
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	magnitude = c.number(m, magnitude)
	if magnitude != 0 && c.flag(&m.sign, v < 0) {
		magnitude = -magnitude
	}
	return int64(magnitude)
}

// bits codes the low n bits of v, unmodelled.
func (c *coder) bits(n int, v uint64) uint64 {
	if n > 32 {
		low := c.bits(32, v&(1<<32-1))
		return c.bits(n-32, v>>32)<<32 | low
	}
	if c.decoding {
		return c.raw.read(uint(n))
	}
	c.raw.write(uint(n), v)
	return v
}

// rawBits is a string of bits, lowest bit of each byte first.
type rawBits struct {
	bytes   []byte
	pending uint64
	n       uint // bits in pending
	at      int
	overrun bool
}

func (r *rawBits) write(n uint, v uint64) {
	r.pending |= v << r.n
	r.n += n
	for r.n >= 8 {
		r.bytes = append(r.bytes, byte(r.pending))
		r.pending >>= 8
		r.n -= 8
	}
}

func (r *rawBits) flush() {
	if r.n > 0 {
		r.bytes = append(r.bytes, byte(r.pending))
		r.pending, r.n = 0, 0
	}
}

func (r *rawBits) read(n uint) uint64 {
	for r.n < n {
		if r.at < len(r.bytes) {
			r.pending |= uint64(r.bytes[r.at]) << r.n
		} else {
			r.overrun = true
		}
		r.at++
		r.n += 8
	}
	v := r.pending & (1<<n - 1)
	r.pending >>= n
	r.n -= n
	return v
}
