package wire

import (
	"encoding/binary"
	"math/bits"
)

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
func (c *coder) overrun() bool { return c.at > len(c.coded)+4 || c.raw.overrun() }

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

// unary codes a symbol of 0 to len(m), by as many zeros.
func (c *coder) unary(m []prob, v uint32) uint32 {
	for i := range m {
		if c.flag(&m[i], v == uint32(i)) {
			return uint32(i)
		}
	}
	return uint32(len(m))
}

// tree codes a symbol of n bits, highest bit first; m has 1<<n probabilities.
func (c *coder) tree(m []prob, n int, v uint32) uint32 {
	if c.decoding {
		return c.readTree(m, n)
	}
	node := uint32(1)
	for i := n - 1; i >= 0; i-- {
		node = node<<1 | c.bit(&m[node], v>>i&1)
	}
	return v
}

// readTree is tree for decoders, with the coder's state in registers.
func (c *coder) readTree(m []prob, n int) uint32 {
	low, high, code := c.low, c.high, c.code
	node := uint32(1)
	for range n {
		s := uint32(m[node]) ^ 0x8000
		p, seen := s>>4, s&15
		mid := low + uint32(uint64(high-low)*uint64(p<<4|8)>>16)
		next := node << 1
		if code <= mid {
			high = mid
			p += (4095 - p) * rates[seen] >> 16
			next++
		} else {
			low = mid + 1
			p -= p * rates[seen] >> 16
		}
		m[node] = prob((p<<4 | min(seen+1, 15)) ^ 0x8000)
		node = next
		for (low^high)>>24 == 0 {
			code = code<<8 | c.nextByte()
			low <<= 8
			high = high<<8 | 0xff
		}
	}
	c.low, c.high, c.code = low, high, code
	return node - 1<<n
}

// numberModel codes a number by its length in bits; the bits below its highest
// are raw.
type numberModel struct{ length [64]prob }

// Lengths that are none.
const (
	longNumber     = 62 // 62 to 64 bits
	negativeNumber = 63 // another length follows
)

func (c *coder) number(m *numberModel, v uint64) uint64 {
	return c.ofLength(int(c.tree(m.length[:], 6, lengthOf(v))), v)
}

func lengthOf(v uint64) uint32 { return min(uint32(bits.Len64(v)), longNumber) }

func (c *coder) ofLength(n int, v uint64) uint64 {
	switch {
	case n < 2:
		return uint64(n)
	case n >= longNumber:
		return c.bits(64, v)
	}
	return 1<<(n-1) | c.bits(n-1, v&(1<<(n-1)-1))
}

// signed codes a number that is seldom negative.
func (c *coder) signed(m *numberModel, v int64) int64 {
	symbol := lengthOf(uint64(v))
	if v < 0 {
		symbol = negativeNumber
	}
	if n := c.tree(m.length[:], 6, symbol); n != negativeNumber {
		return int64(c.ofLength(int(n), uint64(v)))
	}
	return -int64(c.number(m, -uint64(v)))
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
}

func (r *rawBits) write(n uint, v uint64) { // n is at most 32
	r.pending |= v << r.n
	r.n += n
	if r.n >= 32 {
		r.bytes = binary.LittleEndian.AppendUint32(r.bytes, uint32(r.pending))
		r.pending >>= 32
		r.n -= 32
	}
}

func (r *rawBits) flush() {
	for r.n > 0 {
		r.bytes = append(r.bytes, byte(r.pending))
		r.pending >>= 8
		r.n -= min(r.n, 8)
	}
}

func (r *rawBits) read(n uint) uint64 { // n is at most 32
	if r.n < n {
		r.fill()
	}
	v := r.pending & (1<<n - 1)
	r.pending >>= n
	r.n -= n
	return v
}

// fill makes at least 32 bits pending; beyond the end there are zeros.
func (r *rawBits) fill() {
	if r.at+4 <= len(r.bytes) {
		r.pending |= uint64(binary.LittleEndian.Uint32(r.bytes[r.at:])) << r.n
		r.at += 4
		r.n += 32
		return
	}
	for r.n < 32 {
		if r.at < len(r.bytes) {
			r.pending |= uint64(r.bytes[r.at]) << r.n
		}
		r.at++
		r.n += 8
	}
}

// overrun reports whether bits beyond the end were read.
func (r *rawBits) overrun() bool { return r.at-int(r.n/8) > len(r.bytes) }
